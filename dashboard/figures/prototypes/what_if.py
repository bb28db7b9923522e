"""The picture before and after a change, and what becomes of each likeness."""

import html

import numpy as np

from dashboard.figures.paint import blend, smooth
from dashboard.figures.prototypes.local import SHOWN, name
from dashboard.figures.style import Look
from explainers.prototypes.local import Prototypes
from explainers.prototypes.whatif import WhatIf


def words(changed: WhatIf, at: int) -> str:
    """What becomes of one likeness and of the class."""
    before, after = changed.similarity[:, at]
    return f"Likeness {before:.2f} before, {after:.2f} after; {changed.sentence}"


def pictures(changed: WhatIf, at: int) -> np.ndarray:
    """Both pictures side by side under the likeness to one prototype, on one scale."""
    maps = np.maximum(changed.maps[:, at], 0)
    # What is as weak as the usual place of the picture itself stays clear.
    low, high = float(np.median(maps[0])), float(maps[0].max())
    shares = np.clip((maps - low) / max(high - low, 1e-6), 0, 1)
    size = changed.image.shape[1:3]
    cell = size[0] / maps.shape[1]
    drawn = [
        blend(picture, np.clip(smooth(share, size, cell), 0, 1), 0.5)
        for picture, share in zip(changed.image, shares, strict=True)
    ]
    gap = np.full((size[0], 6, 3), 255, np.uint8)
    return np.concatenate([drawn[0], gap, drawn[1]], 1)


def likenesses(result: Prototypes, changed: WhatIf, look: Look) -> str:
    """A bar for each of the strongest prototypes: what is left of its likeness, as HTML."""
    rows = []
    for at in result.order[:SHOWN]:
        before, after = changed.similarity[:, at]
        left = float(np.clip(after / max(before, 1e-6), 0, 1))
        kind = "better" if after >= before else "open"
        rows.append(
            f"<div><span>{html.escape(name(result, int(at)))}</span>"
            f'<div class="sw-bar"><b class="{kind}" style="width:{100 * left:.1f}%"></b></div>'
            f"<span>{after:.2f}</span></div>"
        )
    return f'<div class="sw-evidence sw-top{" dark" if look.dark else ""}">{"".join(rows)}</div>'
