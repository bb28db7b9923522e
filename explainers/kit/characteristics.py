"""Change one visual characteristic of a picture, after Nauta et al. 2020, "This Looks Like That, Because ...".

The picture is changed at its own size, before a model resizes it, and never goes through a lossy format in between.
"""

from functools import lru_cache

import cv2
import numpy as np
import torch
from jaxtyping import UInt8
from torchvision.transforms import functional

from models.errors import InputError

CHARACTERISTICS = ("hue", "saturation", "contrast", "texture", "shape")
STRENGTHS = {"hue": 0.1, "saturation": 0.7, "contrast": 0.45, "texture": 4.0, "shape": 4.0}
"""Of the paper, section 3.1: a shift of hue, two factors, the h of non-local means, an amplitude in pixels."""
IDENTITY = {"hue": 0.0, "saturation": 1.0, "contrast": 1.0, "texture": 0.0, "shape": 0.0}
"""The strength at which nothing changes."""
TEMPLATE, SEARCH = 7, 21  # sides of the windows of non-local means
FREQUENCY = 0.05  # of the waves that bend shapes, in cycles of pi a pixel


def modify(
    image: UInt8[np.ndarray, "h w 3"], name: str, strength: int | float | None = None
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with one characteristic changed.

    Args:
        image: uint8 (H, W, 3).
        name: one of `CHARACTERISTICS`.
        strength: as in `STRENGTHS`, the paper's value by default; the one of `IDENTITY` gives the picture itself.

    Raises:
        InputError: there is no such characteristic.
    """
    if name not in CHARACTERISTICS:
        raise InputError(f"There is no characteristic '{name}'; there are: {', '.join(CHARACTERISTICS)}.")
    by = STRENGTHS[name] if strength is None else float(strength)
    if by == IDENTITY[name]:
        return image.copy()
    if name == "texture":
        return denoised(image.tobytes(), image.shape, by).copy()
    if name == "shape":
        return bend(image, by)
    change = {"hue": functional.adjust_hue, "saturation": functional.adjust_saturation}.get(
        name, functional.adjust_contrast
    )
    values = torch.tensor(image).permute(2, 0, 1).float() / 255
    return change(values, by).mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


@lru_cache(maxsize=16)
def denoised(pixels: bytes, shape: tuple[int, ...], strength: float) -> UInt8[np.ndarray, "h w 3"]:
    """Non-local means of a picture given by its bytes; the last few are kept, as it takes longer than all else."""
    image = np.frombuffer(pixels, np.uint8).reshape(shape)
    smooth: np.ndarray = cv2.fastNlMeansDenoisingColored(image, None, strength, strength, TEMPLATE, SEARCH)
    return smooth


def bend(image: UInt8[np.ndarray, "h w 3"], amplitude: int | float) -> UInt8[np.ndarray, "h w 3"]:
    """Roll row i by ``int(A sin(pi i w))`` pixels, then columns so; what leaves comes in opposite."""
    rows, columns = image.shape[:2]
    across = (np.arange(columns) - _waves(rows, amplitude)[:, None]) % columns
    bent = np.take_along_axis(image, across[:, :, None], 1)
    down = (np.arange(rows)[:, None] - _waves(columns, amplitude)) % rows
    return np.take_along_axis(bent, down[:, :, None], 0)


def _waves(count: int, amplitude: int | float) -> np.ndarray:
    return (amplitude * np.sin(np.pi * np.arange(count) * FREQUENCY)).astype(int)
