"""Colours declared by numbers: read as the colours that they are."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from models.imagesets import open_upload

# Display P3 in [0, 255] and the same colour in sRGB, by the matrices of both (SMPTE EG 432-1, IEC 61966-2-1).
P3 = ((200, 120, 60), (90, 140, 100), (128, 128, 128))


def srgb_of(colour: tuple[int, int, int]) -> np.ndarray:
    """By hand: to light, from P3's red, green and blue to those of sRGB, and back."""
    encoded = np.array(colour) / 255
    light = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[1.22494, -0.22494, 0], [-0.042057, 1.042057, 0], [-0.019638, -0.078636, 1.098274]])
    light = np.clip(matrix @ light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def plain(colour: tuple[int, int, int], kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(file, kind, **options)
    return file.getvalue()


def png(colour: tuple[int, int, int], *numbers: int) -> bytes:
    data, body = plain(colour, "PNG"), b"cICP" + bytes(numbers)
    return data[:33] + struct.pack(">I", 4) + body + struct.pack(">I", zlib.crc32(body)) + data[33:]


def seen(data: bytes) -> np.ndarray:
    return open_upload(data, "photo").pixels[8, 8].astype(int)


@pytest.mark.parametrize("colour", P3)
def test_a_png_that_declares_p3_is_converted(colour: tuple[int, int, int]) -> None:
    np.testing.assert_allclose(seen(png(colour, 12, 13, 0, 1)), srgb_of(colour), atol=1.5)


# BT.2020 in [0, 255] and the same colour in sRGB, worked by hand with the matrix of ITU-R BT.2087 (M2, 2020 to 709):
# of (200, 120, 60) the light is (0.5776, 0.1878, 0.0452), by the matrix (0.8454, 0.1404, 0.0211), encoded as below.
@pytest.mark.parametrize(
    ("colour", "right"), [((200, 120, 60), (236.8, 104.7, 39.9)), ((128, 128, 128), (128, 128, 128))]
)
def test_a_png_that_declares_bt_2020_is_converted(colour: tuple[int, int, int], right: tuple[float, ...]) -> None:
    np.testing.assert_allclose(seen(png(colour, 9, 13, 0, 1)), right, atol=1.5)


@pytest.mark.parametrize(("number", "curve"), [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_said(number: int, curve: str) -> None:
    """Its pixels stay; the remedy, the same picture in standard range, comes in without a word."""
    photo = open_upload(png(P3[0], 9, number, 0, 1), "photo")
    assert photo.note.startswith(f"High dynamic range ({curve}), shown and explained as stored")
    assert photo.pixels[8, 8].tolist() == list(P3[0])
    about = {"color_primaries": 9, "transfer_characteristics": number, "matrix_coefficients": 9, "full_range_flag": 1}
    assert curve in open_upload(plain(P3[0], "HEIF", quality=95, **about), "photo").note
    assert not open_upload(png(P3[0], 9, 13, 0, 1), "photo").note


@pytest.mark.parametrize("numbers", [(1, 13, 0, 1), (12, 16, 0, 1), (77, 13, 0, 1)])
def test_other_declarations_leave_the_pixels(numbers: tuple[int, ...]) -> None:
    assert seen(png(P3[0], *numbers)).tolist() == list(P3[0])


def test_a_heif_that_declares_p3_is_converted() -> None:
    about = {"color_primaries": 12, "transfer_characteristics": 13, "matrix_coefficients": 1, "full_range_flag": 1}
    plainly, declared = plain(P3[0], "HEIF", quality=95), plain(P3[0], "HEIF", quality=95, **about)
    assert np.abs(seen(plainly) - P3[0]).max() <= 3
    assert np.abs(seen(declared) - srgb_of(P3[0])).max() <= 4


def test_an_avif_that_declares_p3_is_converted() -> None:
    data = plain(P3[0], "AVIF", quality=95)
    place = data.find(b"colrnclx")
    assert place > 0
    declared = data[: place + 8] + struct.pack(">HH", 12, 13) + data[place + 12 :]
    assert np.abs(seen(declared) - srgb_of(P3[0])).max() <= 5


def test_a_damaged_declaration_is_passed_over() -> None:
    assert seen(png(P3[0], 12, 13, 0, 1)[:-12] + plain(P3[0], "PNG")[-12:]).shape == (3,)
