"""Cut out of a picture what a cell of its map looks at."""

import numpy as np
from jaxtyping import UInt8
from PIL import Image

SIDE = 112
REACH = 0.34  # side of a cut-out, as a share of the picture's short side


def small(pixels: UInt8[np.ndarray, "y x 3"]) -> UInt8[np.ndarray, "s s 3"]:
    """A picture at `SIDE` pixels; one that is not square is stretched, as its map is."""
    return np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2))


def cut(
    pixels: UInt8[np.ndarray, "y x 3"], cell: tuple[int, int], grid: tuple[int, ...], reach: float = REACH
) -> UInt8[np.ndarray, "r r 3"]:
    """The square about a cell of the grid (rows, columns), moved inside where it would leave the picture."""
    rows, columns = pixels.shape[:2]
    side = max(8, round(reach * min(rows, columns)))
    top, left = (
        int(np.clip((at + 0.5) * length / cells - side / 2, 0, length - side))
        for at, length, cells in zip(cell, (rows, columns), grid, strict=True)
    )
    return pixels[top : top + side, left : left + side]
