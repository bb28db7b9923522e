"""Any file that claims to be a picture -> an RGB `Photo`, or one sentence that says why not.

The file may be hostile: content decides, not the name; size is judged from the header, before pixels take memory;
whatever the decoder stumbles over becomes an `InputError`.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import PurePath

import numpy as np
from PIL import Image, UnidentifiedImageError

from models.errors import InputError
from models.imagesets.colour import to_rgb, upright
from models.imagesets.photo import Photo

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
ACCEPTED = "PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF"
MAX_BYTES = 20_000_000
MAX_PIXELS = 16_000_000
MAX_RATIO = 100  # of the longer side to the shorter: a strip would grow without bound when its short side is resized
MAX_SCANS = 100  # of a progressive JPEG, which needs about ten; each costs a pass over all pixels

_MAGIC = {
    "PNG": lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    "JPEG": lambda head: head.startswith(b"\xff\xd8\xff"),
    "GIF": lambda head: head.startswith((b"GIF87a", b"GIF89a")),
    "BMP": lambda head: head.startswith(b"BM"),
    "TIFF": lambda head: head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    "WebP": lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP",
    "AVIF": lambda head: head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"),
}
_FOREIGN = {
    "a PDF": lambda head: head.startswith(b"%PDF"),
    "an SVG drawing": lambda head: b"<svg" in head.lower(),
    "HEIC": lambda head: head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1"),
}


def open_upload(data: bytes, name: str) -> Photo:
    """Decode a file that a person gave: PNG, JPEG, WebP, GIF (first frame), BMP, TIFF or AVIF.

    Args:
        data: the whole file, at most 20 MB and 16 megapixels.
        name: what the person calls it; only its last part is kept, and nothing is concluded from it.

    Returns:
        The picture upright, in sRGB, 8 bits a channel, transparency laid on white.

    Raises:
        InputError: anything else, in one sentence with the remedy.
    """
    name = clean_name(name)
    if not data:
        raise InputError(f"'{name}' is empty (0 bytes); choose the file again, or save it anew.")
    check_bytes(len(data), name)
    if data.startswith(b"\xff\xd8\xff") and data.count(b"\xff\xda") > MAX_SCANS:
        raise InputError(f"'{name}' is a JPEG of more than {MAX_SCANS} scans; save it as a plain JPEG or PNG.")
    with _refusing(name, data[:1024]), Image.open(BytesIO(data), formats=FORMATS) as image:
        return _photo(image, name)


def from_pil(image: Image.Image, name: str) -> Photo:
    """The same for a Pillow image: upright, in sRGB, 8 bits a channel, transparency laid on white.

    Raises:
        InputError: more than 16 megapixels, a colour mode without a known white, or a file that turns out damaged.
    """
    name = clean_name(name)
    with _refusing(name, b""):
        return _photo(image, name)


def check_header(data: bytes, name: str) -> None:
    """Refuse from its first kilobytes what is no picture or too large; pixels are not decoded.

    Raises:
        InputError: in one sentence with the remedy.
    """
    with _refusing(name, data[:1024]), Image.open(BytesIO(data), formats=FORMATS) as image:
        _check_size(image, name)


def check_bytes(count: int, name: str) -> None:
    """Refuse a file of more than 20 MB with an `InputError`."""
    if count > MAX_BYTES:
        raise InputError(
            f"'{name}' has {math.ceil(count / 1e5) / 10} MB and the limit is {MAX_BYTES // 10**6} MB;"
            " make it smaller, or save it as JPEG."
        )


def clean_name(name: str) -> str:
    """The last part of a path, printable, at most 80 characters: safe to show and to put in a sentence."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(letter for letter in last if letter.isprintable())[:80] or "image"


def _photo(image: Image.Image, name: str) -> Photo:
    _check_size(image, name)
    image.load()
    return Photo(np.asarray(to_rgb(upright(image), name)), name)


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InputError(
            f"'{name}' is {width} x {height} pixels ({width * height / 1e6:.0f} megapixels) and the limit is"
            f" {MAX_PIXELS // 10**6} megapixels; make it smaller, for example 2000 pixels wide."
        )
    if not 1 <= min(width, height) * MAX_RATIO >= max(width, height):
        raise InputError(f"'{name}' is a strip of {width} x {height} pixels; crop it to the part that matters.")
    tile = getattr(image, "tag_v2", {}).get(322, 1) * getattr(image, "tag_v2", {}).get(323, 1)
    if tile > MAX_PIXELS:
        raise InputError(f"'{name}' is a TIFF whose tiles are larger than the picture; save it without tiles.")


@contextmanager
def _refusing(name: str, head: bytes) -> Iterator[None]:
    """Turn whatever the decoder raises into one sentence, and keep its warnings to ourselves."""
    with warnings.catch_warnings():
        # Sizes are judged by `_check_size`, damage by the decoder's errors: its warnings add nothing.
        warnings.filterwarnings("ignore", module=r"PIL\b")
        try:
            yield
        except InputError:
            raise
        except Image.DecompressionBombError as error:
            raise InputError(
                f"'{name}' has far more pixels than the limit of {MAX_PIXELS // 10**6} megapixels;"
                " make it smaller, for example 2000 pixels wide."
            ) from error
        except UnidentifiedImageError as error:
            raise InputError(_not_a_picture(name, head)) from error
        except Exception as error:  # a decoder fed with hostile bytes may raise anything; all mean the same to a person
            raise InputError(_damaged(name)) from error


def _not_a_picture(name: str, head: bytes) -> str:
    if _named(_MAGIC, head):
        return _damaged(name)
    kind = _named(_FOREIGN, head) or "not a picture that can be read"
    return f"'{name}' is {kind}; save it as {ACCEPTED}."


def _named(kinds: dict[str, Callable[[bytes], bool]], head: bytes) -> str:
    return next((kind for kind, fits in kinds.items() if fits(head)), "")


def _damaged(name: str) -> str:
    return f"'{name}' is damaged or cut short; save, copy or download it again."
