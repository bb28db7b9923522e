"""How plain a picture is, without any network: the entropy of its colours, and how far it can be packed."""

import io
import zlib

import numpy as np
from jaxtyping import UInt8
from PIL import Image


def entropy(image: UInt8[np.ndarray, "h w 3"]) -> float:
    """Shannon entropy of the values of each channel, in bits, the mean of the three: 0 for one colour, 8 at most."""
    values = []
    for channel in range(3):
        share = np.bincount(image[..., channel].ravel(), minlength=256) / image[..., channel].size
        share = share[share > 0]
        values.append(float(-(share * np.log2(share)).sum()))
    return float(np.mean(values)) + 0.0  # never minus zero


def png_bytes(image: UInt8[np.ndarray, "h w 3"]) -> float:
    """Bytes a pixel as a PNG, which predicts each pixel from its neighbours: 3 and a little for noise."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=9)
    return len(buffer.getvalue()) / (image.shape[0] * image.shape[1])


def zlib_bytes(image: UInt8[np.ndarray, "h w 3"]) -> float:
    """Bytes a pixel packed by zlib as they lie: repetition counts, likeness of neighbours does not."""
    return len(zlib.compress(np.ascontiguousarray(image).tobytes(), 9)) / (image.shape[0] * image.shape[1])
