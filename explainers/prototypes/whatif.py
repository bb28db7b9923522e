"""What if the picture were otherwise: it is changed as the sliders say, and compared with the prototypes again.

All changes are made one after the other, in the order texture, hue, saturation, contrast, shape. The picture itself and
the changed one go through the network together: two passes, whatever was changed.

Texture is smoothed at a few strengths only, those of the explanation itself among them, and mixed between: non-local
means takes longer than all else, and each strength is worked out once for a picture, however the sliders are moved.

Limits: nobody asks for it but the page of one picture, whose answer it is a variation of.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8
from scipy.special import softmax

from explainers.base import AboutClass, Evidence, Run, explainer
from explainers.kinds import Class
from explainers.kit.characteristics import IDENTITY, STRENGTHS, modify
from explainers.params import ImageParams, knob
from explainers.prototypes.changed import at_place, peaks, reduced
from explainers.prototypes.local import LIMITS
from explainers.prototypes.telling import STRONG
from models import ModelHandle, Photo
from models.prototypes.network import prototype_net

RUNGS = (IDENTITY["texture"], STRENGTHS["texture"], STRONG["texture"], LIMITS["texture"][1])
"""Strengths at which texture is smoothed: none, the paper's, that of what tells classes apart, and the most."""


@dataclass(frozen=True, kw_only=True)
class WhatIfParams(ImageParams):
    """How strongly each characteristic is changed; nothing by default."""

    target: int = knob(0, kind=Class(), help="The class whose score is followed.", label="Class")
    hue: float = knob(IDENTITY["hue"], *LIMITS["hue"], "Shift of the hue.")
    saturation: float = knob(IDENTITY["saturation"], *LIMITS["saturation"], "Factor of the saturation.")
    contrast: float = knob(IDENTITY["contrast"], *LIMITS["contrast"], "Factor of the contrast.")
    texture: float = knob(IDENTITY["texture"], *LIMITS["texture"], "Strength of non-local means.")
    shape: float = knob(IDENTITY["shape"], *LIMITS["shape"], "Pixels by which shapes are bent.")


@dataclass(frozen=True, kw_only=True)
class WhatIf(AboutClass):
    """The picture before and after, as `before` and `after`.

    Attributes:
        image: uint8 (2, H, W, 3), as the model sees them.
        similarity: float32 (2, P), at the place of the greatest likeness in the picture itself.
        maps: float32 (2, P, h, w), likeness of every place.
        logit, probability: float32 (2,), of the class.
    """

    image: np.ndarray
    similarity: np.ndarray
    maps: np.ndarray
    logit: np.ndarray
    probability: np.ndarray

    @property
    def sentence(self) -> str:
        """What becomes of the class."""
        before, after = self.probability
        return f"*{self.label.split(',')[0]}*: {before:.0%} before, {after:.0%} after the change."


def _nothing(_model: ModelHandle, _params: WhatIfParams, _result: WhatIf, _run: Run) -> Evidence:
    """It is itself the test of an answer."""
    return Evidence(scores=())


@explainer("What if", paper="https://arxiv.org/abs/2011.02863", evidence=_nothing, inner=True)
def prototype_what_if(model: ModelHandle, params: WhatIfParams, _run: Run) -> WhatIf:
    """Change a picture and compare both; see the module's docstring."""
    network = prototype_net(model)
    target = model.card.check_target(params.target)
    photo = reduced(model, params.image)
    pixels = smoothed(photo.pixels, params.texture)
    for name in ("hue", "saturation", "contrast", "shape"):
        pixels = modify(pixels, name, getattr(params, name))
    views = np.stack([model.view(one).pixels for one in (photo, Photo(pixels, photo.name))])
    with torch.inference_mode():
        maps = network.similarities(model.normalise(views)).float().cpu().numpy()
        weight = network.head.weight.detach().float().cpu().numpy()
    logits = np.stack([weight @ peaks(one)[0] for one in maps])
    return WhatIf(
        image=views,
        similarity=at_place(maps),
        maps=maps,
        logit=logits[:, target],
        probability=softmax(logits, axis=1)[:, target],
        label=model.card.labels[target],
    )


def smoothed(pixels: UInt8[np.ndarray, "h w 3"], strength: float) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with less texture: non-local means at the nearest two of `RUNGS`, mixed in proportion."""
    above = next(at for at, rung in enumerate(RUNGS) if strength <= rung)
    upper = modify(pixels, "texture", RUNGS[above])
    if strength == RUNGS[above]:
        return upper
    low, high = RUNGS[above - 1], RUNGS[above]
    lower, share = modify(pixels, "texture", low), (strength - low) / (high - low)
    return np.round(lower + share * (upper.astype(np.float32) - lower)).astype(np.uint8)
