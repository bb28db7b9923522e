"""A picture and its five changed versions, as a model sees them."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import UInt8

from explainers.kit.characteristics import CHARACTERISTICS, STRENGTHS, modify
from models import ModelHandle, Photo

LARGEST = 512  # more than twice what models see


def reduced(photo: Photo) -> Photo:
    """The photo with at most `LARGEST` pixels on its longer side: non-local means takes seconds on a whole one."""
    pil = photo.pil()
    pil.thumbnail((LARGEST, LARGEST))
    return photo if pil.size == photo.pil().size else Photo(np.asarray(pil), photo.name)


def views(
    model: ModelHandle,
    photo: Photo,
    strengths: Mapping[str, float] = STRENGTHS,
    report: Callable[[float, str], None] = lambda _share, _words: None,
) -> UInt8[np.ndarray, "6 h w 3"]:
    """The picture, then with hue, saturation, contrast, texture and shape changed, each by itself."""
    little = reduced(photo)
    photos = [little]
    for done, name in enumerate(CHARACTERISTICS):
        report(done / len(CHARACTERISTICS), f"changing the {name}")
        photos.append(Photo(modify(little.pixels, name, strengths[name]), little.name))
    return np.stack([model.view(each).pixels for each in photos])
