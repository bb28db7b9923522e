"""A small picture of any result, without a browser: NumPy and Pillow only."""

from typing import Any

import numpy as np
from PIL import Image
from plotly.colors import get_colorscale, sample_colorscale

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


def blend(image: np.ndarray, heatmap: np.ndarray, opacity: float = 0.6) -> np.ndarray:
    """A map (H, W) in [0, 1] over a photo (H, W, 3) uint8, growing out of transparency as the figures do."""
    colours = np.array(sample_colorscale(get_colorscale("inferno"), np.linspace(0, 1, 256), colortype="tuple")) * 255
    alpha = opacity * np.clip(heatmap * 1.6, 0, 1)[..., None]
    painted = colours[(np.clip(heatmap, 0, 1) * 255).astype(np.uint8)]
    blended: np.ndarray = (image * (1 - alpha) + painted * alpha).round().astype(np.uint8)
    return blended
