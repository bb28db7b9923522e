"""A map as colours that grow out of transparency: where there is no evidence the photo stays as it is."""

from functools import lru_cache

import numpy as np
from PIL import Image
from plotly.colors import get_colorscale, sample_colorscale
from scipy.ndimage import gaussian_filter

SIGNED = "RdBu_r"
SILENT = 0.08  # share of the strongest evidence up to which nothing is drawn
FULL = 0.45  # share from which the colour is as opaque as it gets
STEPS = 256


def paint(values: np.ndarray, opacity: float = 0.6, colours: str = "inferno") -> np.ndarray:
    """A map (H, W) in [0, 1] as colours (H, W, 4) uint8."""
    return _painted(values, np.abs(values), opacity, colours)


def paint_signed(values: np.ndarray, opacity: float = 0.6) -> np.ndarray:
    """A map (H, W) in [-1, 1] as colours (H, W, 4) uint8: red for, blue against."""
    return _painted(values / 2 + 0.5, np.abs(values), min(1.0, opacity + 0.2), SIGNED)


def blend(image: np.ndarray, heatmap: np.ndarray, opacity: float = 0.6) -> np.ndarray:
    """A map (H, W) in [0, 1] over a photo (H, W, 3) uint8."""
    return _over(image, paint(heatmap, opacity))


def blend_signed(image: np.ndarray, values: np.ndarray, opacity: float = 0.6) -> np.ndarray:
    """A signed map (H, W) over a photo (H, W, 3) uint8, its scale such that one pixel in 200 is beyond it."""
    limit = float(np.percentile(np.abs(values), 99.5)) or float(np.abs(values).max()) or 1.0
    return _over(image, paint_signed(np.clip(values / limit, -1, 1), opacity))


def scale(opacity: float, colours: str) -> list[tuple[float, str]]:
    """The same colours for a legend: as transparent as they are drawn."""
    at = np.linspace(0, 1, 33)
    signed = colours == SIGNED
    painted = paint_signed(2 * at - 1, opacity) if signed else paint(at, opacity, colours)
    return [
        (float(x), f"rgba({r},{g},{b},{a / 255:.3f})")
        for x, (r, g, b, a) in zip(at, painted.reshape(-1, 4), strict=True)
    ]


def smooth(values: np.ndarray, size: tuple[int, int], cell: float = 1.0) -> np.ndarray:
    """A map (h, w) at another size (rows, columns) without the diamonds of bilinear enlarging.

    Args:
        values: the map, signed or not.
        size: rows and columns wanted.
        cell: pixels that one cell of the map covers; 1 for a map of pixels, which stays as it is.

    Returns:
        The map (rows, columns); its strongest value is as strong as before.
    """
    large = enlarged(values, size)
    if cell <= 1:
        return large
    soft = gaussian_filter(large, 0.4 * cell, mode="nearest")
    strongest = float(np.abs(soft).max())
    return soft * (float(np.abs(large).max()) / strongest) if strongest else soft


def enlarged(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map (h, w) at another size (rows, columns), bilinear, its signs and values kept."""
    small = Image.fromarray(values.astype(np.float32))
    return np.asarray(small.resize(size[::-1], Image.Resampling.BILINEAR))


def _painted(at: np.ndarray, share: np.ndarray, opacity: float, colours: str) -> np.ndarray:
    """Colours at positions ``at`` of a scale, as opaque as the ``share`` of the strongest evidence allows."""
    table = _table(colours)[(np.clip(at, 0, 1) * (STEPS - 1)).astype(np.uint8)]
    alpha = 255 * opacity * np.clip((share - SILENT) / (FULL - SILENT), 0, 1)
    return np.concatenate([table, alpha.round().astype(np.uint8)[..., None]], -1)


@lru_cache(maxsize=16)
def _table(colours: str) -> np.ndarray:
    scale = sample_colorscale(get_colorscale(colours), np.linspace(0, 1, STEPS), colortype="tuple")
    return np.round(np.array(scale) * 255).astype(np.uint8)


def _over(image: np.ndarray, painted: np.ndarray) -> np.ndarray:
    alpha = painted[..., 3:] / 255
    return (image * (1 - alpha) + painted[..., :3] * alpha).round().astype(np.uint8)
