"""Figures of maps laid side by side: a sheet of them, and how far they agree."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.agreement import agreement_map
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look
from dashboard.figures.thumbnails import blend, blend_signed


def figures(result: Any, look: Look) -> dict[str, go.Figure]:
    """What is exported: all maps on one sheet, and their agreement."""
    shown = [picture(result.image, values, look) for values in result.maps]
    made = {"sheet": sheet(list(zip(result.titles, shown, strict=True)), look, result.sentence)}
    if len(result.names) > 1:
        made["agreement"] = agreement_map(result, look)
    return made


def positive(signed_map: np.ndarray) -> np.ndarray:
    """What is drawn of a signed map: its positive part over the largest value."""
    heat = np.clip(signed_map, 0, None)
    top = float(np.percentile(heat, 99.5)) or float(heat.max())
    shown: np.ndarray = np.clip(heat / top, 0, 1) if top > 0 else heat
    return shown


def picture(image: np.ndarray, values: np.ndarray, look: Look) -> np.ndarray:
    """A signed map (H, W) over its photo as an image (H, W, 3), as the view's controls ask."""
    if look.show == "photo":
        return image
    if look.show == "signed":
        return blend_signed(image, values, look.opacity)
    return blend(image, positive(values), look.opacity)
