"""How a photo is laid into the window that a model sees: resized on its short side, then cropped from the centre."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Frame:
    """The geometry of one photo; sizes are rows and columns in pixels.

    Attributes:
        photo: size of the photo, upright.
        resized: its size after resizing.
        window: what of that is seen, from the centre.
    """

    photo: tuple[int, int]
    resized: tuple[int, int]
    window: tuple[int, int]

    @property
    def top(self) -> int:
        """The first row of the resized photo that is seen."""
        return round((self.resized[0] - self.window[0]) / 2)

    @property
    def left(self) -> int:
        """The first column of the resized photo that is seen."""
        return round((self.resized[1] - self.window[1]) / 2)

    def boxes(self, boxes: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 4"]:
        """Boxes (left, top, right, bottom) in pixels of the photo -> in pixels of the window, cut at its border.

        A box of which nothing is seen comes back without an area.
        """
        scale = np.array([self.resized[1] / self.photo[1], self.resized[0] / self.photo[0]] * 2)
        moved = boxes * scale - np.array([self.left, self.top] * 2)
        limit = np.array([self.window[1], self.window[0]] * 2, dtype=np.float64)
        seen: np.ndarray = np.clip(moved, 0, limit)
        return seen


def frame(photo: tuple[int, ...], window: tuple[int, int], crop_pct: float) -> Frame:
    """The frame of a photo (rows, columns, ...), rounded as timm and torchvision round, so that pixels are equal."""
    size = (photo[0], photo[1])
    rows, columns = (math.floor(side / crop_pct) for side in window)
    if rows == columns:
        short, long = sorted(size)
        longer = int(rows * long / short)
        return Frame(size, (longer, rows) if size[0] > size[1] else (rows, longer), window)
    ratio = min(size[0] / rows, size[1] / columns)
    return Frame(size, (round(size[0] / ratio), round(size[1] / ratio)), window)
