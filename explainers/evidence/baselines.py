"""Maps that know nothing of the model: what every score is compared with."""

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter, zoom


def random_map(rng: np.random.Generator, size: tuple[int, int], cells: int = 7) -> Float[np.ndarray, "h w"]:
    """A random map in [0, 1], as smooth as one of ``cells`` x ``cells`` values enlarged to ``size``."""
    coarse = rng.random((cells, cells), dtype=np.float32)
    large = zoom(coarse, (size[0] / cells, size[1] / cells), order=1, grid_mode=True, mode="nearest")
    smooth: np.ndarray = np.clip(large, 0, 1).astype(np.float32)
    return smooth


def moved_map(rng: np.random.Generator, heatmap: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The same map in another place: mirrored at random and rolled by a quarter to three quarters of each side.

    It has the map's own values and smoothness, so it tests the place alone.
    """
    turned = heatmap[:: rng.choice((-1, 1)), :: rng.choice((-1, 1))]
    steps = [int(rng.integers(side // 4, max(side // 4 + 1, 3 * side // 4))) for side in heatmap.shape]
    return np.roll(turned, steps, axis=(0, 1))


def centre_map(size: tuple[int, int]) -> Float[np.ndarray, "h w"]:
    """A Gaussian in the middle (sigma a quarter of each side): "things are in the centre of photos"."""
    y, x = (np.linspace(-2, 2, side, dtype=np.float32) ** 2 / 2 for side in size)
    hill: np.ndarray = np.exp(-(y[:, None] + x[None, :]))
    return hill


def blurred(image: np.ndarray) -> np.ndarray:
    """The picture (H, W, 3) without its details: Gaussian blur with sigma a twentieth of the side."""
    sigma = max(image.shape[:2]) / 20
    soft: np.ndarray = gaussian_filter(image.astype(np.float32), (sigma, sigma, 0)).round().astype(image.dtype)
    return soft
