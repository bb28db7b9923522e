"""Hue, saturation and brightness to red, green and blue, in closed form, on arrays and on a device.

A channel is ``v - v s clip(min(k, 4 - k), 0, 1)`` with ``k = (n + 6 h) mod 6`` and n = 5, 3, 1 for R, G, B.
"""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

SHIFTS = (5, 3, 1)


def to_rgb(hsv: Float[np.ndarray, "3 p"]) -> UInt8[np.ndarray, "p 3"]:
    """Values in [0, 1] (3, p) -> 8 bits a channel (p, 3), rounded."""
    hue, saturation, brightness = hsv
    fall = brightness * saturation * 255
    top = brightness * 255 + 0.5
    pixels = np.empty((hue.size, 3), np.uint8)
    for channel, shift in enumerate(SHIFTS):
        k = hue * 6 + shift
        k -= 6 * (k >= 6)
        pixels[:, channel] = top - fall * np.clip(np.minimum(k, 4 - k), 0, 1)
    return pixels


def to_levels(brightness: Float[np.ndarray, " p"]) -> UInt8[np.ndarray, " p"]:
    """The greatest channel that `to_rgb` gives, whatever hue and saturation are."""
    return (brightness * 255 + 0.5).astype(np.uint8)


def to_rgb_on(hsv: Float[Tensor, "b 3 p"]) -> UInt8[Tensor, "b p 3"]:
    """As `to_rgb`, a batch on its device."""
    hue, saturation, brightness = hsv.unbind(1)
    k = (hue[..., None] * 6 + torch.tensor(SHIFTS, dtype=hsv.dtype, device=hsv.device)).remainder(6)
    fall = (brightness * saturation)[..., None] * torch.minimum(k, 4 - k).clamp(0, 1)
    return ((brightness[..., None] - fall) * 255 + 0.5).to(torch.uint8)
