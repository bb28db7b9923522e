"""What is refused: each in one sentence with the remedy, quickly, and without taking memory for pixels."""

import io
import struct
import time
import tracemalloc
import warnings
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from models.errors import InputError
from models.imagesets import decode, from_pil, open_upload


def noise(size: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8))


def encode(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    file = io.BytesIO()
    (image or noise()).save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int, depth: int = 8, kind: int = 2, body: bytes = b"") -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def webp(width: int, height: int) -> bytes:
    """A small lossless WebP whose canvas claims another size."""
    data = bytearray(encode("WEBP", noise().convert("RGBA"), lossless=True, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"))
    at = data.index(b"VP8X") + 12
    data[at : at + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def refusal(data: bytes, name: str = "x.png") -> str:
    with pytest.raises(InputError) as caught:
        open_upload(data, name)
    text = str(caught.value)
    assert text.count(name) == 1
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_zero_bytes() -> None:
    assert "empty" in refusal(b"")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"This is only text.\n" * 9, "not a picture"),
        (b"%PDF-1.7\n" + bytes(100), "a PDF"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"PK\x03\x04" + bytes(64), "not a picture"),
        (b"\0\0\x01\0\x01\0" + bytes(64), "not a picture"),
    ],
)
def test_other_formats_are_named_with_those_that_work(data: bytes, kind: str) -> None:
    text = refusal(data)
    assert kind in text
    assert decode.ACCEPTED in text


@pytest.mark.parametrize("kind", ["ICO", "PPM", "TGA", "EPS", "PCX", "JPEG2000"])
def test_formats_of_pillow_that_are_not_on_the_list(kind: str) -> None:
    assert decode.ACCEPTED in refusal(encode(kind))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_files_cut_short(kind: str, kept: float) -> None:
    data = encode(kind)
    assert "cut short" in refusal(data[: int(len(data) * kept)])


def test_a_jpeg_without_its_last_lines() -> None:
    data = encode("JPEG", noise(256))
    refusal(data[:-200])
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: png(20_000, 20_000, body=zlib.compress(bytes(60_000))),
        lambda: png(8001, 8125, body=zlib.compress(bytes(60_000))),
        lambda: png(2**31 - 1, 2**31 - 1),
        lambda: webp(16_383, 16_383),
        lambda: encode("BMP")[:18] + struct.pack("<ii", 30_000, 30_000) + encode("BMP")[26:],
        lambda: b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + encode("GIF")[10:],
    ],
    ids=["png", "just over", "png of 2^62", "webp", "bmp", "gif"],
)
def test_bombs_are_refused_from_the_header(bomb: Callable[[], bytes]) -> None:
    data = bomb()
    tracemalloc.start()
    start = time.perf_counter()
    text = refusal(data, "bomb")
    seconds, (_, peak) = time.perf_counter() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "megapixels" in text
    assert seconds < 0.2
    assert peak < 2_000_000


def test_16_megapixels_are_kept_as_they_are() -> None:
    photo = open_upload(encode("PNG", Image.new("1", (4000, 4000))), "x")
    assert photo.pixels.shape == (4000, 4000, 3)
    assert photo.note == ""


def test_a_large_pillow_image() -> None:
    with pytest.raises(InputError, match="the limit is 65 megapixels; make it smaller, for example 2000") as caught:
        from_pil(Image.new("1", (9000, 8000)), "x")
    assert "9000 x 8000" in str(caught.value)
    assert from_pil(Image.new("1", (2000, 1777)), "x").pixels.shape == (1777, 2000, 3)


def test_50_megabytes() -> None:
    assert "50.1 MB and the limit is 50 MB" in refusal(encode("PNG") + bytes(decode.MAX_BYTES))


def test_a_strip() -> None:
    assert "strip" in refusal(encode("PNG", Image.new("L", (1, 5000))))


def test_a_jpeg_of_endless_scans() -> None:
    data = encode("JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    scan = data[at:-2]
    assert "scans" in refusal(data[:at] + scan * 200 + b"\xff\xd9")


def test_a_tiff_of_huge_tiles() -> None:
    tags = [
        (256, 16),
        (257, 16),
        (258, 8),
        (259, 5),
        (262, 1),
        (277, 1),
        (322, 2**15),
        (323, 2**15),
        (324, 200),
        (325, 8),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(200)
    assert "tiles" in refusal(data)


def test_a_png_whose_comment_inflates() -> None:
    body = zlib.compress(b"\0" + bytes(3))
    data = png(1, 1, body=body)
    comment = b"zTXtc\0\0" + zlib.compress(bytes(50_000_000))
    chunk = struct.pack(">I", len(comment) - 4) + comment + struct.pack(">I", zlib.crc32(comment))
    assert "damaged" in refusal(data[:33] + chunk + data[33:])


def test_no_warning_leaves() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        refusal(png(10_000, 10_000))
        refusal(png(20_000, 20_000))
        open_upload(encode("PNG", noise().convert("P"), transparency=b"\0\x80\xff"), "p")
    assert not seen


SEEDS = [
    encode("PNG"),
    encode("PNG", noise().convert("P"), transparency=3),
    encode("JPEG"),
    encode("JPEG", progressive=True),
    encode("JPEG", noise().convert("CMYK")),
    encode("WEBP"),
    encode("WEBP", lossless=True),
    encode("GIF", save_all=True, append_images=[noise(48)]),
    encode("BMP"),
    encode("TIFF"),
    encode("TIFF", compression="tiff_lzw"),
    encode("TIFF", compression="jpeg"),
    encode("AVIF", speed=10),
    encode("HEIF"),
]
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def decodes_or_refuses(data: bytes) -> None:
    start = time.perf_counter()
    try:
        photo = open_upload(data, "fuzz")
    except InputError:
        pass
    else:
        assert photo.pixels.dtype == np.uint8
    assert time.perf_counter() - start < 5


@FUZZ
@given(head=st.sampled_from([b"", *(seed[:16] for seed in SEEDS)]), tail=st.binary(max_size=400))
def test_random_bytes(head: bytes, tail: bytes) -> None:
    decodes_or_refuses(head + tail)


@FUZZ
@given(data=st.data(), seed=st.sampled_from(SEEDS))
def test_mutated_files(data: st.DataObject, seed: bytes) -> None:
    mutated = bytearray(seed)
    near = st.integers(0, min(len(seed), 600) - 1)
    for place in data.draw(st.lists(near | st.integers(0, len(seed) - 1), min_size=1, max_size=12)):
        mutated[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(seed)))
    decodes_or_refuses(bytes(mutated[:cut]))
