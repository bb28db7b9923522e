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


def in_a_row(crops: np.ndarray, gap: int = 4) -> np.ndarray:
    """Crops (m, s, s, 3) side by side on white, so many pixels apart."""
    side = crops.shape[1]
    band = np.full((side, len(crops) * (side + gap) - gap, 3), 255, np.uint8)
    for at, crop in enumerate(crops):
        band[:, at * (side + gap) : at * (side + gap) + side] = crop
    return band


def blend(image: np.ndarray, heatmap: np.ndarray, opacity: float = 0.6) -> np.ndarray:
    """A map (H, W) in [0, 1] over a photo (H, W, 3) uint8, growing out of transparency as the figures do."""
    return _painted(image, np.clip(heatmap, 0, 1), opacity * np.clip(heatmap * 1.6, 0, 1), "inferno")


def blend_signed(image: np.ndarray, values: np.ndarray, opacity: float = 0.6) -> np.ndarray:
    """A signed map (H, W) over a photo (H, W, 3) uint8: red for positive, blue for negative, bare where it is 0."""
    share = values / (float(np.percentile(np.abs(values), 99.5)) or float(np.abs(values).max()) or 1.0)
    return _painted(image, np.clip(0.5 + share / 2, 0, 1), opacity * np.clip(np.abs(share) * 1.6, 0, 1), "RdBu_r")


def _painted(image: np.ndarray, at: np.ndarray, alpha: np.ndarray, scale: str) -> np.ndarray:
    """A photo under the colours of ``scale`` at positions ``at`` in [0, 1], as opaque as ``alpha`` says."""
    colours = np.array(sample_colorscale(get_colorscale(scale), np.linspace(0, 1, 256), colortype="tuple")) * 255
    painted = colours[(at * 255).astype(np.uint8)]
    blended: np.ndarray = (image * (1 - alpha[..., None]) + painted * alpha[..., None]).round().astype(np.uint8)
    return blended
