"""A picture and its five changed versions, as a model sees them, and how each likeness fares."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import UInt8

from explainers.kit.characteristics import CHARACTERISTICS, STRENGTHS, modify
from models import ModelHandle, Photo

SHORTER = 256  # what pictures are scaled to before they are cropped for a network


def reduced(model: ModelHandle, photo: Photo) -> Photo:
    """The photo with at most `SHORTER` pixels on its shorter side, or what the model sees where that is more.

    Non-local means takes seconds on a whole photo, and a third of a second with twice these pixels.
    """
    pil = photo.pil()
    scale = max(SHORTER, *model.card.input_size[1:]) / min(pil.size)
    if scale >= 1:
        return photo
    return Photo(np.asarray(pil.resize((round(scale * pil.width), round(scale * pil.height)))), photo.name)


def views(
    model: ModelHandle,
    photo: Photo,
    strengths: Mapping[str, float] = STRENGTHS,
    report: Callable[[float, str], None] = lambda _share, _words: None,
) -> UInt8[np.ndarray, "6 h w 3"]:
    """The picture, then with hue, saturation, contrast, texture and shape changed, each by itself."""
    little = reduced(model, photo)
    photos = [little]
    for done, name in enumerate(CHARACTERISTICS):
        report(done / len(CHARACTERISTICS), f"changing the {name}")
        photos.append(Photo(modify(little.pixels, name, strengths[name]), little.name))
    return np.stack([model.view(each).pixels for each in photos])


def peaks(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Greatest value of each map (P, h, w), and its row and column (P, 2)."""
    flat = maps.reshape(len(maps), -1)
    at = flat.argmax(1)
    return flat[np.arange(len(maps)), at], np.stack(np.divmod(at, maps.shape[2]), 1)


def at_place(maps: np.ndarray) -> np.ndarray:
    """Likeness of each picture (n, P) where the first is most like each prototype; ``maps`` are (n, P, h, w)."""
    _, cells = peaks(maps[0])
    return maps[:, np.arange(maps.shape[1]), cells[:, 0], cells[:, 1]]
