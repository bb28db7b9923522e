"""A small picture of any result, without a browser: NumPy and Pillow only."""

import numpy as np
from PIL import Image

from dashboard.figures.registry import picture_of
from explainers import Result

SIDE = 160
LEAST = 224


def thumbnail(result: Result) -> Image.Image | None:
    """What stands for a result in a list, at most 160 pixels a side; None for a result without pictures."""
    pixels = picture_of(result)
    if pixels is None:
        return None
    picture = Image.fromarray(pixels)
    picture.thumbnail((SIDE, SIDE))
    return picture


def magnified(pixels: np.ndarray) -> np.ndarray:
    """A picture of a few pixels with each of them drawn as a square, so that a browser does not blur it."""
    times = LEAST // max(pixels.shape[:2])
    return pixels.repeat(times, 0).repeat(times, 1) if times > 1 else pixels


def large(pictures: np.ndarray) -> np.ndarray:
    """The same of each of several pictures (n, h, w, 3)."""
    return np.stack([magnified(picture) for picture in pictures])


def in_a_row(crops: np.ndarray, gap: int = 4) -> np.ndarray:
    """Crops (m, s, s, 3) side by side on white, so many pixels apart."""
    side = crops.shape[1]
    band = np.full((side, len(crops) * (side + gap) - gap, 3), 255, np.uint8)
    for at, crop in enumerate(crops):
        band[:, at * (side + gap) : at * (side + gap) + side] = crop
    return band
