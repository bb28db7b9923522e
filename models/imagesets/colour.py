"""From whatever a picture file holds to upright 8-bit sRGB: orientation, depth, colour profile, transparency."""

from io import BytesIO

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageCms, ImageOps

from models.errors import InputError

DEEPEST = 14  # bits; with more of them the upper one of two bytes is all that 8 bits can show
_DIRECT = ("RGB", "L", "1", "P", "CMYK", "YCbCr", "HSV", "RGBX", "RGBA", "RGBa", "LA", "PA")


def upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF orientation says; one whose EXIF cannot be read stays as it is stored."""
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:  # Pillow's parser raises whatever a broken block makes it; the pixels are fine
        return image
    return ImageOps.exif_transpose(image) if orientation in range(2, 9) else image


def to_rgb(image: Image.Image, name: str) -> Image.Image:
    """Any colour mode -> RGB, 8 bits a channel, sRGB, transparency laid on white.

    Raises:
        InputError: a mode that says neither what is black nor what is white (32-bit, float, Lab).
    """
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        image = grey_of(image, name)
    if image.mode == "La":  # premultiplied, from which Pillow goes nowhere else
        image = image.convert("LA")
    if image.mode not in _DIRECT:
        raise InputError(f"'{name}' has colours of the kind {image.mode}; save it as RGB with 8 or 16 bits a channel.")
    if image.has_transparency_data:
        colours = image.convert("RGBA")
        alpha = colours.getchannel("A")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(_srgb(colours.convert("RGB"), profile), mask=alpha)
        return paper
    if image.mode in ("P", "1", "RGBX", "HSV", "YCbCr"):
        image = image.convert("RGB")
    return _srgb(image, profile).convert("RGB")


def luma(images: UInt8[np.ndarray, "*n h w 3"]) -> UInt8[np.ndarray, "*n h w 1"]:
    """Grey by ITU-R 601, in the whole numbers that Pillow's ``convert("L")`` works with."""
    weighted: np.ndarray = images.astype(np.uint32) @ np.array((19595, 38470, 7471), np.uint32)
    return ((weighted + 0x8000) >> 16).astype(np.uint8)[..., None]


def bits_of(values: np.ndarray) -> int:
    """How many bits whole numbers in a frame of 16 really take: 8, 10, 12, 14 or 16; 8 for other kinds."""
    if values.dtype.kind == "f":
        return 8
    return next((bits for bits in (8, 10, 12, DEEPEST) if values.max() < 2**bits), 16)


def to_eight_bits(values: np.ndarray) -> UInt8[np.ndarray, "*shape"]:
    """Scale whole numbers by what they hold, ``round(255 v / (2^bits - 1))``, or floats in [0, 1]; never clip.

    A camera or scanner of 12 bits leaves the upper four of a 16-bit file empty: by 65535 all of it would be black.
    """
    white = 1 if values.dtype.kind == "f" else 2 ** bits_of(values) - 1
    return np.rint(values * np.float32(255 / white)).astype(np.uint8)


def grey_of(image: Image.Image, name: str) -> Image.Image:
    """Grey of 8 bits from 16-bit grey, 16-bit values in a 32-bit frame, or floats in [0, 1].

    Raises:
        InputError: values outside, of which none is white.
    """
    values = np.asarray(image)
    low, high = values.min(), values.max()
    if not 0 <= low <= high <= (1 if image.mode == "F" else 65535):  # NaN fails too
        raise InputError(f"'{name}' holds values from {low:g} to {high:g}, of which none is white; save it as 16-bit.")
    grey = Image.fromarray(to_eight_bits(values))
    grey.info = {key: value for key, value in image.info.items() if key != "transparency"}
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return grey


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Apply an embedded colour profile; one that is damaged or meant for other channels is passed over."""
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image  # colours without a usable profile are sRGB by convention
    return converted or image
