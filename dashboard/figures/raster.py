"""A small picture of any result, without a browser: NumPy and Pillow only."""

from typing import Any

import numpy as np
from PIL import Image

from dashboard.figures.paint import blend

SIDE = 160


def thumbnail(result: Any) -> Image.Image | None:
    """The photo with its heat map, or the first of its images; None for a result without pictures."""
    image, heatmap = getattr(result, "image", None), getattr(result, "heatmap", None)
    if image is None:
        images = getattr(result, "images", None)
        image = images[0] if images is not None and len(images) else None
    if image is None:
        return None
    picture = Image.fromarray(image if heatmap is None else blend(image, heatmap))
    picture.thumbnail((SIDE, SIDE))
    return picture


def in_a_row(crops: np.ndarray, gap: int = 4) -> np.ndarray:
    """Crops (m, s, s, 3) side by side on white, so many pixels apart."""
    side = crops.shape[1]
    band = np.full((side, len(crops) * (side + gap) - gap, 3), 255, np.uint8)
    for at, crop in enumerate(crops):
        band[:, at * (side + gap) : at * (side + gap) + side] = crop
    return band
