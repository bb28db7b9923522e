"""From whatever a picture file holds to upright 8-bit sRGB: orientation, depth, colour profile, transparency."""

from io import BytesIO

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageCms, ImageOps

from models.errors import InputError

_WHITE_16 = 65535
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
        image = _eight_bits(image, name)
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


def _eight_bits(image: Image.Image, name: str) -> Image.Image:
    """Scale 16-bit grey, 16-bit values in a 32-bit frame, or floats in [0, 1], to 8 bits; never clip.

    ``round(255 v / 65535)`` for integers and ``round(255 v)`` for floats.
    """
    values = np.asarray(image)
    low, high = values.min(), values.max()
    white = 1 if image.mode == "F" else _WHITE_16
    if not 0 <= low <= high <= white:  # NaN fails too
        raise InputError(f"'{name}' holds values from {low:g} to {high:g}, of which none is white; save it as 16-bit.")
    grey = Image.fromarray(np.rint(values * np.float32(255 / white)).astype(np.uint8))
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
