"""Any file that claims to be a picture -> an RGB `Photo`, or one sentence that says why not.

The file may be hostile: content decides, not the name; size is judged from the header, before pixels take memory;
whatever the decoder stumbles over becomes an `InputError`. Photos of cameras and phones are larger than any model looks
at: above 16 megapixels they are made smaller on arrival, and the photo says so.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath

import numpy as np
from jaxtyping import UInt16
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from pillow_heif import register_heif_opener

from models.errors import InputError
from models.imagesets.colour import DEEPEST, bits_of, grey_of, to_eight_bits, to_rgb, upright
from models.imagesets.photo import Photo
from models.imagesets.primaries import declared_profile, high_range

register_heif_opener()
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
ACCEPTED = "PNG, JPEG, HEIC, WebP, GIF, BMP, TIFF or AVIF"
MAX_BYTES = 50_000_000
MAX_PIXELS = 65_000_000
KEPT_PIXELS = 16_000_000  # of a photo; a larger one is halved, and halved again, until it has no more
MAX_RATIO = 100  # of the longer side to the shorter: a strip would grow without bound when its short side is resized
MAX_SCANS = 100  # of a progressive JPEG, which needs about ten; each costs a pass over all pixels

_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevm", b"mif1", b"msf1")
_MAGIC = {
    "PNG": lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    "JPEG": lambda head: head.startswith(b"\xff\xd8\xff"),
    "GIF": lambda head: head.startswith((b"GIF87a", b"GIF89a")),
    "BMP": lambda head: head.startswith(b"BM"),
    "TIFF": lambda head: head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    "WebP": lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP",
    "AVIF": lambda head: head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"),
    "HEIC": lambda head: head[4:8] == b"ftyp" and head[8:12] in _HEIC,
}
_FOREIGN = {"a PDF": lambda head: head.startswith(b"%PDF"), "an SVG drawing": lambda head: b"<svg" in head.lower()}


def open_upload(data: bytes, name: str) -> Photo:
    """Decode a file that a person gave: PNG, JPEG, HEIC, WebP, GIF (first frame), BMP, TIFF or AVIF.

    Args:
        data: the whole file, at most 50 MB and 65 megapixels.
        name: what the person calls it; only its last part is kept, and nothing is concluded from it.

    Returns:
        The picture upright, in sRGB, 8 bits a channel, transparency laid on white, at most 16 megapixels; its note says
        what was done to it.

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
        return _photo(_loaded(image, data, name), name)


def from_pil(image: Image.Image, name: str) -> Photo:
    """The same for a Pillow image: upright, in sRGB, 8 bits a channel, transparency laid on white.

    Raises:
        InputError: more than 65 megapixels, a colour mode without a known white, or a file that turns out damaged.
    """
    name = clean_name(name)
    with _refusing(name, b""):
        _check_size(image, name)
        return _photo(_Loaded(image, image.size), name)


def check_header(data: bytes, name: str) -> None:
    """Refuse from its first kilobytes what is no picture or too large; pixels are not decoded.

    Raises:
        InputError: in one sentence with the remedy.
    """
    with _refusing(name, data[:1024]), Image.open(BytesIO(data), formats=FORMATS) as image:
        _check_size(image, name)


def check_bytes(count: int, name: str) -> None:
    """Refuse a file of more than 50 MB with an `InputError`."""
    if count > MAX_BYTES:
        raise InputError(
            f"'{name}' has {math.ceil(count / 1e5) / 10} MB and the limit is {MAX_BYTES // 10**6} MB;"
            " make it smaller, or save it as JPEG."
        )


def clean_name(name: str) -> str:
    """The last part of a path, printable, at most 80 characters: safe to show and to put in a sentence."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(letter for letter in last if letter.isprintable())[:80] or "image"


@dataclass(frozen=True)
class _Loaded:
    """A picture whose pixels are in memory: in the file its size, bits a channel, and curve of high dynamic range."""

    image: Image.Image
    size: tuple[int, int]
    bits: int = 8
    curve: str = ""


def _loaded(image: ImageFile, data: bytes, name: str) -> _Loaded:
    _check_size(image, name)
    if profile := declared_profile(data, image.info):
        image.info["icc_profile"] = profile
    size, deep, curve = image.size, _deep(image, data), high_range(data, image.info)
    if deep is not None:
        colours = Image.fromarray(np.dstack([to_eight_bits(deep), np.asarray(image)[..., 3:]]), image.mode)
        colours.info = dict(image.info)
        return _Loaded(colours, size, bits_of(deep), curve)
    if image.format == "JPEG" and (factor := _factor(image)) > 1:
        image.draft(None, (image.width // factor, image.height // factor))  # decoded at that size
    return _Loaded(image, size, curve=curve)


def _photo(loaded: _Loaded, name: str) -> Photo:
    loaded.image.load()
    _check_size(loaded.image, name)  # a HEIC says its size twice
    image, bits = upright(loaded.image), loaded.bits
    if image.mode.startswith(("I", "F")):
        bits = bits_of(np.asarray(image))
        image = grey_of(image, name)
    if (factor := _factor(image)) > 1:
        image = _plain(image).reduce(factor)
    pixels = np.asarray(to_rgb(image, name))
    return Photo(pixels, name, _note(loaded, bits, (pixels.shape[1], pixels.shape[0])))


def _plain(image: Image.Image) -> Image.Image:
    """Colours that can be averaged, where there were names of colours, or one that stands for nothing."""
    if image.mode in ("P", "PA", "1") or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def _note(loaded: _Loaded, bits: int, kept: tuple[int, int]) -> str:
    """What was done to a picture, in a sentence for each; empty where nothing was."""
    notes, size = [], loaded.size
    if size[0] * size[1] > kept[0] * kept[1]:
        notes.append(f"{size[0] * size[1] / 1e6:.0f} megapixels, made smaller to {kept[0]} x {kept[1]} pixels.")
    if 8 < bits < 16:
        notes.append(f"Its {bits} bits a channel lie in a frame of 16: the brightest of them counts as white.")
    if loaded.curve:
        notes.append(
            f"High dynamic range ({loaded.curve}), shown and explained as stored, so flatter than it was meant; export"
            " it in standard range (SDR) for its own colours."
        )
    return " ".join(notes)


def _deep(image: ImageFile, data: bytes) -> UInt16[np.ndarray, "h w 3"] | None:
    """Colours of a PNG of 16 bits whose upper byte alone would be nearly black; Pillow itself keeps no more than that.

    Its decoder reads the upper byte of each value, or the lower one where the order is said to be the other.
    """
    raw = str(image.tile[0].args) if image.format == "PNG" and image.tile else ""
    if raw not in ("RGB;16B", "RGBA;16B"):
        return None
    upper = np.asarray(image)[..., :3]
    if upper.max() >= 2 ** (DEEPEST - 8):
        return None
    with Image.open(BytesIO(data), formats=("PNG",)) as again:
        again.tile = [again.tile[0]._replace(args=raw.replace("16B", "16L"))]
        return upper.astype(np.uint16) << 8 | np.asarray(again)[..., :3]


def _factor(image: Image.Image) -> int:
    """By what both sides are divided, a power of two."""
    excess = image.width * image.height / KEPT_PIXELS
    return 1 if excess <= 1 else 2 ** math.ceil(math.log2(excess) / 2)


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InputError(
            f"'{name}' is {width} x {height} pixels ({width * height / 1e6:.0f} megapixels) and the limit is"
            f" {MAX_PIXELS // 10**6} megapixels; make it smaller, for example 2000 pixels on its longer side."
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
                " make it smaller, for example 2000 pixels on its longer side."
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
