"""Photos as phones and cameras take them: large ones come in smaller and say so, wide and tiny ones come in."""

import io
import time

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from models.imagesets import decode, from_pil, open_upload
from models.imagesets.folder import image_folder, listed
from tests.explainers.nets import small_cnn

COLOURS = np.array([[[220, 30, 30], [30, 200, 40]], [[30, 40, 210], [230, 220, 30]]], np.uint8)


def quarters(width: int, height: int) -> Image.Image:
    return Image.fromarray(COLOURS).resize((width, height), Image.Resampling.NEAREST)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def looks_right(pixels: np.ndarray, tolerance: int = 14) -> bool:
    h, w, _ = pixels.shape
    seen = pixels[[h // 4, 3 * h // 4]][:, [w // 4, 3 * w // 4]].astype(int)
    return bool(np.abs(seen - COLOURS).max() <= tolerance)


@pytest.mark.parametrize(
    ("width", "height", "kept"), [(6000, 4000, (3000, 2000)), (8160, 6120, (4080, 3060)), (6120, 8160, (3060, 4080))]
)
def test_24_and_50_megapixels_are_made_smaller_and_it_is_said(width: int, height: int, kept: tuple[int, int]) -> None:
    data = encode(quarters(width, height), "JPEG", quality=80)
    start = time.perf_counter()
    photo = open_upload(data, "IMG_0001.jpg")
    assert time.perf_counter() - start < 2
    assert photo.pixels.shape == (kept[1], kept[0], 3)
    assert looks_right(photo.pixels)
    megapixels = round(width * height / 1e6)
    assert photo.note == f"{megapixels} megapixels, made smaller to {kept[0]} x {kept[1]} pixels."


def test_a_turned_photo_is_made_smaller_and_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = quarters(4000, 6000).transpose(Image.Transpose.ROTATE_90)
    photo = open_upload(encode(stored, "JPEG", exif=exif, quality=80), "x.jpg")
    assert photo.pixels.shape == (3000, 2000, 3)
    assert looks_right(photo.pixels)
    assert "2000 x 3000" in photo.note


MODES = ["RGB", "L", "P", "1", "RGBA", "LA", "I;16"]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [*((mode, "PNG") for mode in MODES), *((mode, "TIFF") for mode in [*MODES, "CMYK"]), ("RGB", "HEIF"), ("L", "BMP")],
)
def test_every_kind_of_picture_is_made_smaller(monkeypatch, mode: str, kind: str) -> None:
    monkeypatch.setattr(decode, "KEPT_PIXELS", 1000)
    image = quarters(60, 40).convert("L" if mode == "I;16" else mode)
    whole = np.asarray(image.convert("RGB"))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    photo = open_upload(encode(image, kind), "x")
    assert photo.pixels.shape == (20, 30, 3)
    assert "made smaller to 30 x 20 pixels" in photo.note
    averaged = whole.reshape(20, 2, 30, 2, 3).mean((1, 3))
    assert np.abs(photo.pixels - averaged)[2:-2, 2:-2].mean() < 6


def test_what_is_clear_stays_clear_when_a_picture_is_made_smaller(monkeypatch) -> None:
    monkeypatch.setattr(decode, "KEPT_PIXELS", 1000)
    image = quarters(60, 40).convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    assert (open_upload(encode(image, "PNG"), "x").pixels == 255).all()


@pytest.mark.parametrize("width", [12_000, 16_382])
def test_panoramas_come_in(width: int) -> None:
    photo = open_upload(encode(quarters(width, 2400), "JPEG", quality=80), "pano.jpg")
    assert photo.pixels.shape == (1200, width // 2, 3)
    assert looks_right(photo.pixels)
    assert small_cnn(size=64).view(photo).pixels.shape == (64, 64, 3)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 100), (16, 16)])
def test_tiny_pictures_come_in(size: tuple[int, int]) -> None:
    photo = open_upload(encode(Image.new("RGB", size, (9, 90, 200)), "PNG"), "dot.png")
    assert photo.pixels.shape == (size[1], size[0], 3)
    view = small_cnn(size=64).view(photo).pixels
    assert np.abs(view.reshape(-1, 3).astype(int) - [9, 90, 200]).max() == 0


def test_a_strip_is_refused_and_its_part_comes_in() -> None:
    strip = Image.new("L", (1, 5000))
    with pytest.raises(InputError, match="is a strip of 1 x 5000 pixels; crop it to the part that matters"):
        open_upload(encode(strip, "PNG"), "strip.png")
    assert open_upload(encode(strip.crop((0, 0, 1, 100)), "PNG"), "part.png").pixels.shape == (100, 1, 3)


def test_a_bomb_is_still_refused_from_its_header() -> None:
    with pytest.raises(InputError, match=r"'x' is 9000 x 8000 pixels \(72 megapixels\) and the limit is 65 megapixels"):
        open_upload(encode(Image.new("1", (9000, 8000)), "PNG"), "x")


def test_a_photo_of_a_phone_in_a_folder_is_a_picture(tmp_path) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(encode(quarters(64, 48), "HEIF", quality=90))
    assert list(listed(tmp_path)) == ["IMG_1.HEIC"]
    (entry,) = image_folder(tmp_path).entries
    assert looks_right(entry.photo().pixels)


def test_a_heic_that_ends_early_is_one_sentence() -> None:
    data = encode(quarters(64, 48), "HEIF")
    for share in (0.2, 0.6, 0.95):
        with pytest.raises(InputError, match="is damaged or cut short; save, copy or download it again"):
            open_upload(data[: int(len(data) * share)], "IMG.HEIC")
    assert open_upload(data, "IMG.HEIC").note == ""


def test_a_large_pillow_image_is_made_smaller_and_left_alone() -> None:
    given = Image.new("RGB", (6000, 4000), (9, 90, 200))
    assert "24 megapixels" in from_pil(given, "x").note
    assert given.size == (6000, 4000)
