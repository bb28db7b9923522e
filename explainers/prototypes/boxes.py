"""The box around what looks like a prototype: Chen et al. 2019, section 2.2, kept to the place that was found."""

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.ndimage import label
from torch.nn import functional

PERCENTILE = 95


def box(similarity: Float[np.ndarray, "h w"], cell: tuple[int, int], size: tuple[int, int]) -> Int[np.ndarray, " 4"]:
    """Tight box of the pixels at or above the 95th percentile, of the region that holds the cell.

    Args:
        similarity: map of one prototype.
        cell: row and column of its greatest value.
        size: rows and columns of the picture; the map is enlarged to it by bicubic interpolation.

    Returns:
        y0, x0, y1, x1; the last row and column lie outside.
    """
    large = functional.interpolate(torch.from_numpy(similarity)[None, None].float(), size=size, mode="bicubic")
    values = large[0, 0].numpy()
    regions, _ = label(values >= np.percentile(values, PERCENTILE))
    row, column = (int((at + 0.5) * side / cells) for at, side, cells in zip(cell, size, similarity.shape, strict=True))
    where = regions == regions[row, column] if regions[row, column] else _about(cell, similarity.shape, size)
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    return np.array([rows[0], columns[0], rows[-1] + 1, columns[-1] + 1], np.int64)


def _about(cell: tuple[int, int], grid: tuple[int, ...], size: tuple[int, int]) -> np.ndarray:
    """The cell itself, where its middle lies just below the percentile."""
    where = np.zeros(size, bool)
    (top, bottom), (left, right) = (
        (at * side // cells, max(at * side // cells + 1, (at + 1) * side // cells))
        for at, side, cells in zip(cell, size, grid, strict=True)
    )
    where[top:bottom, left:right] = True
    return where
