"""Colours that a file declares by numbers rather than by a profile: PNG's cICP chunk, and nclx in HEIF and AVIF.

The numbers are those of ITU-T H.273: primaries 12 are Display P3, 9 are BT.2020.
"""

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from PIL import ImageCms

# Red, green and blue in XYZ, adapted to D50 by Bradford's matrix, as ICC profiles hold them.
COLORANTS = {
    12: ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)),
    9: ((0.67349, 0.27904, -0.00194), (0.16566, 0.67534, 0.02998), (0.12505, 0.04561, 0.79686)),
}
SRGB_CURVES = (1, 2, 6, 13, 14, 15)
"""Transfer characteristics that are sRGB's own or near it."""
HIGH_RANGE = {16: "PQ", 18: "HLG"}
"""Transfer characteristics of high dynamic range, by number; the names are those of ITU-R BT.2100."""


def declared_profile(data: bytes, info: Mapping[Any, Any]) -> bytes | None:
    """The ICC profile of the colours that a file declares by numbers; None where they are sRGB, unknown or not said.

    Args:
        data: the whole file.
        info: what Pillow read of it.
    """
    numbers = _numbers(data, info)
    if numbers is None or numbers[0] not in COLORANTS or numbers[1] not in SRGB_CURVES:
        return None
    return _profile(numbers[0])


def high_range(data: bytes, info: Mapping[Any, Any]) -> str:
    """The curve of high dynamic range that a file declares, ``PQ`` or ``HLG``; empty for all others."""
    numbers = _numbers(data, info)
    return "" if numbers is None else HIGH_RANGE.get(numbers[1], "")


def _numbers(data: bytes, info: Mapping[Any, Any]) -> tuple[int, int] | None:
    """Primaries and transfer characteristics, where a file declares them."""
    return _of_png(data) or _of_heif(info) or _of_avif(data)


def _of_png(data: bytes) -> tuple[int, int] | None:
    place = 8
    while data.startswith(b"\x89PNG") and place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind == b"cICP" and length == 4 and place + 12 <= len(data):
            return data[place + 8], data[place + 9]
        if kind == b"IDAT":
            return None
        place += 12 + length
    return None


def _of_heif(info: Mapping[Any, Any]) -> tuple[int, int] | None:
    about = info.get("nclx_profile")
    return (int(about["color_primaries"]), int(about["transfer_characteristics"])) if about else None


def _of_avif(data: bytes) -> tuple[int, int] | None:
    """The first box ``colr`` of kind ``nclx``; boxes of meta data come before the pixels."""
    place = data.find(b"colrnclx", 0, 65536) if data[4:8] == b"ftyp" else -1
    if place < 0 or place + 12 > len(data):
        return None
    primaries, transfer = struct.unpack_from(">HH", data, place + 8)
    return primaries, transfer


@lru_cache(maxsize=4)
def _profile(primaries: int) -> bytes:
    """Pillow's own profile of sRGB with other red, green and blue, and another name."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for index in range(struct.unpack_from(">I", profile, 128)[0]):
        tag, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        if tag in (b"rXYZ", b"gXYZ", b"bXYZ"):
            colour = COLORANTS[primaries][b"rgb".index(tag[:1])]
            struct.pack_into(">3i", profile, offset + 8, *(round(value * 65536) for value in colour))
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "wide".encode("utf-16-be"))
