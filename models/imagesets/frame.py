"""How a photo is laid into the window that a model sees: resized, then cropped from the centre or padded about it.

As timm's evaluation transform does, in its three modes: ``center`` resizes the short side, ``squash`` both sides
without keeping their ratio, ``border`` the long side, so that all of the photo is seen with a border around it.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from PIL import Image

MODES = ("center", "squash", "border")


@dataclass(frozen=True)
class Frame:
    """The geometry of one photo; sizes are rows and columns in pixels.

    Attributes:
        photo: size of the photo, upright.
        resized: its size after resizing.
        window: what of that is seen, from the centre; it may be larger than the resized photo.
    """

    photo: tuple[int, int]
    resized: tuple[int, int]
    window: tuple[int, int]

    @property
    def top(self) -> int:
        """The first row of the resized photo that is seen; below 0 where the window begins above the photo."""
        return _start(self.resized[0], self.window[0])

    @property
    def left(self) -> int:
        """The first column of the resized photo that is seen; below 0 where the window begins left of the photo."""
        return _start(self.resized[1], self.window[1])

    def boxes(self, boxes: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 4"]:
        """Boxes (left, top, right, bottom) in pixels of the photo -> in pixels of the window, cut at its border.

        They are cut at the photo's own border too: what is padded belongs to no box. A box of which nothing is seen
        comes back without an area.
        """
        scale = np.array([self.resized[1] / self.photo[1], self.resized[0] / self.photo[0]] * 2)
        corner = np.array([self.left, self.top] * 2)
        size = np.array([self.resized[1], self.resized[0]] * 2)
        window = np.array([self.window[1], self.window[0]] * 2)
        seen: np.ndarray = np.clip(boxes * scale - corner, np.maximum(0, -corner), np.minimum(window, size - corner))
        return seen


@dataclass(frozen=True)
class Resampling:
    """How the pixels of a photo become those of the window.

    Attributes:
        interpolation: ``bicubic`` and the others of Pillow, by their names.
        fill: colour of each channel, 0 to 255, where the window is larger than the resized photo.
    """

    interpolation: str
    fill: tuple[int, ...]


def lay_out(photo: Image.Image, placed: Frame, how: Resampling) -> Image.Image:
    """What of a photo lies in its window, in the photo's own mode."""
    rows, columns = placed.resized
    if photo.size != (columns, rows):
        photo = photo.resize((columns, rows), Image.Resampling[how.interpolation.upper()])
    height, width = placed.window
    if height <= rows and width <= columns:
        return photo.crop((placed.left, placed.top, placed.left + width, placed.top + height))
    window = Image.new(photo.mode, (width, height), how.fill if len(how.fill) > 1 else how.fill[0])
    window.paste(photo, (-placed.left, -placed.top))
    return window


def frame(photo: tuple[int, ...], window: tuple[int, int], crop_pct: float, mode: str = "center") -> Frame:
    """The frame of a photo (rows, columns, ...), rounded as timm and torchvision round, so that pixels are equal.

    Args:
        photo: rows and columns of the photo, and whatever follows them.
        window: rows and columns that the model sees.
        crop_pct: what part of the resized photo the window is.
        mode: one of `MODES`.
    """
    size = (photo[0], photo[1])
    rows, columns = (math.floor(side / crop_pct) for side in window)
    if mode == "squash":
        return Frame(size, (rows, columns), window)
    if mode == "center" and rows == columns:
        short, long = sorted(size)
        longer = int(rows * long / short)
        return Frame(size, (longer, rows) if size[0] > size[1] else (rows, longer), window)
    ratios = size[0] / rows, size[1] / columns
    ratio = max(ratios) if mode == "border" else min(ratios)
    return Frame(size, (round(size[0] / ratio), round(size[1] / ratio)), window)


def _start(side: int, window: int) -> int:
    """Where the window begins on one side: torchvision rounds crops to even, and pads the smaller half first."""
    return round((side - window) / 2) if side >= window else -((window - side) // 2)
