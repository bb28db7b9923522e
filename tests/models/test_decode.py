"""Every format that is accepted, and what becomes of its colours; each file is made here."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from models.errors import InputError
from models.imagesets import decode, from_pil, open_upload

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 200, 40), (30, 40, 210), (230, 220, 30)


def quarters(size: int = 64, colours: tuple[tuple[int, ...], ...] = (RED, GREEN, BLUE, YELLOW)) -> Image.Image:
    """Red | green over blue | yellow: any turn or swap of channels shows."""
    half = size // 2
    image = Image.new("RGB" if len(colours[0]) == 3 else "RGBA", (size, size))
    for index, colour in enumerate(colours):
        image.paste(colour, (index % 2 * half, index // 2 * half, (index % 2 + 1) * half, (index // 2 + 1) * half))
    return image


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def corners(pixels: np.ndarray) -> np.ndarray:
    """Colours at the middle of the four quarters, as (4, 3) integers."""
    h, w, _ = pixels.shape
    places = [(h // 4, w // 4), (h // 4, 3 * w // 4), (3 * h // 4, w // 4), (3 * h // 4, 3 * w // 4)]
    return np.array([pixels[place] for place in places]).astype(int)


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("PNG", {"interlace": 1}, 0),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 95}, 12),
        ("JPEG", {"quality": 95}, 12),
        ("JPEG", {"quality": 95, "progressive": True}, 12),
        ("AVIF", {"quality": 95}, 12),
        ("HEIF", {"quality": 95}, 12),
        ("GIF", {}, 0),
    ],
)
def test_accepts_format_and_keeps_colours(kind: str, options: dict[str, object], tolerance: int) -> None:
    photo = open_upload(encode(quarters(), kind, **options), "four.bin")
    assert photo.pixels.shape == (64, 64, 3)
    assert np.abs(corners(photo.pixels) - [RED, GREEN, BLUE, YELLOW]).max() <= tolerance


def test_content_decides_not_the_name() -> None:
    assert open_upload(encode(quarters(), "PNG"), "four.jpg").name == "four.jpg"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_as_exif_says(kind: str, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    seen = quarters().resize((96, 64), Image.Resampling.NEAREST)
    stored = seen.transpose(undo[orientation]) if orientation > 1 else seen
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = open_upload(encode(stored, kind, exif=exif.tobytes(), quality=95), "turned")
    assert photo.pixels.shape == (64, 96, 3)
    assert np.abs(corners(photo.pixels) - [RED, GREEN, BLUE, YELLOW]).max() <= 14


def test_broken_exif_leaves_the_picture_as_stored() -> None:
    data = encode(quarters(), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff\x12\x01")
    assert np.array_equal(open_upload(data, "x").pixels, np.asarray(quarters()))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind: str) -> None:
    values = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    photo = open_upload(encode(Image.fromarray(values), kind), "deep")
    assert np.array_equal(photo.pixels[..., 0].ravel(), np.arange(256))
    assert np.array_equal(photo.pixels[..., 0], photo.pixels[..., 2])


def test_16_bit_rgb_png_is_scaled() -> None:
    cv2 = pytest.importorskip("cv2")
    values = (np.arange(48, dtype=np.uint16) * 257 * 5).reshape(4, 4, 3)
    done, data = cv2.imencode(".png", values[..., ::-1])
    assert done
    assert np.array_equal(open_upload(data.tobytes(), "deep.png").pixels, (values // 257).astype(np.uint8))


def test_32_bit_frame_of_16_bit_values() -> None:
    values = np.array([[0, 257, 65535]], dtype=np.int32)
    assert from_pil(Image.fromarray(values), "x").pixels[0, :, 0].tolist() == [0, 1, 255]


def test_floats_between_0_and_1() -> None:
    values = np.array([[0, 0.5, 1]], dtype=np.float32)
    assert from_pil(Image.fromarray(values), "x").pixels[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("value", [70000.0, -1.0, np.nan, np.inf])
def test_values_without_a_white_are_refused(value: float) -> None:
    image = Image.fromarray(np.array([[0, value]], dtype=np.float32))
    with pytest.raises(InputError, match="save it as 16-bit"):
        open_upload(encode(image, "TIFF"), "x.tif")


def test_lab_is_refused_with_the_remedy() -> None:
    with pytest.raises(InputError, match="save it as RGB"):
        open_upload(encode(Image.new("LAB", (4, 4)), "TIFF"), "x.tif")


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr", "HSV", "RGBA", "LA", "PA", "RGBX", "La", "RGBa"])
def test_every_mode_of_pillow(mode: str) -> None:
    white = Image.new("RGB", (8, 8), "white")
    start = {"LA": "L", "La": "LA", "RGBa": "RGBA", "PA": "P"}.get(mode)
    image = (white.convert("LA") if mode == "La" else white.convert(start) if start else white).convert(mode)
    assert (from_pil(image, mode).pixels >= 254).all()


def test_grey_keeps_its_levels() -> None:
    grey = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    assert np.array_equal(open_upload(encode(grey, "PNG"), "g").pixels[..., 1], np.asarray(grey))


def test_cmyk_jpeg() -> None:
    photo = open_upload(encode(quarters().convert("CMYK"), "JPEG", quality=95), "print.jpg")
    assert np.abs(corners(photo.pixels) - [RED, GREEN, BLUE, YELLOW]).max() <= 14


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_laid_on_white(kind: str) -> None:
    colours = ((0, 0, 0, 0), (0, 0, 0, 255), (0, 0, 0, 128), (200, 0, 0, 255))
    photo = open_upload(encode(quarters(64, colours), kind, lossless=True), "glass")
    assert corners(photo.pixels).tolist() == [[255] * 3, [0] * 3, [127] * 3, [200, 0, 0]]


def test_transparent_colour_of_a_palette() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    image.putpixel((0, 0), 0)
    pixels = open_upload(encode(image, "PNG", transparency=0), "p").pixels
    assert pixels[0, 0].tolist() == [255] * 3
    assert pixels[1, 1].tolist() == [10, 20, 30]


def test_transparent_value_of_16_bit_grey() -> None:
    image = Image.fromarray(np.array([[0, 40000]], dtype=np.uint16))
    assert open_upload(encode(image, "PNG", transparency=0), "p").pixels[0, :, 0].tolist() == [255, 156]


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    for kind, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})):
        data = encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert open_upload(data, kind).pixels[4, 4].tolist() == list(RED), kind


def lab_profile() -> bytes:
    """A profile that is not for RGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def linear_profile() -> bytes:
    """sRGB's own profile with another curve (gamma 1) and another name."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(data[128:132])
    for at in range(132, 132 + 12 * count, 12):
        tag, offset = bytes(data[at : at + 4]), int.from_bytes(data[at + 4 : at + 8])
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            data[offset : offset + 12] = b"curv" + bytes(8)  # a curve of no points is the identity
    return (
        bytes(data)
        .replace(b"sRGB", b"line")
        .replace(b"s\0R\0G\0B\0", b"l\0i\0n\0e\0")
        .replace(b"\0s\0R\0G\0B", b"\0l\0i\0n\0e")
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_colour_profile_is_applied(kind: str) -> None:
    """Half of linear light is 188 in sRGB: 255 (1.055 0.502^(1/2.4) - 0.055)."""
    data = encode(Image.new("RGB", (16, 16), (128, 128, 128)), kind, icc_profile=linear_profile(), quality=100)
    assert np.abs(open_upload(data, "linear").pixels.astype(int) - 188).max() <= 2


def test_colour_profile_with_transparency() -> None:
    image = Image.new("RGBA", (4, 4), (128, 128, 128, 255))
    image.putpixel((0, 0), (128, 128, 128, 0))
    pixels = open_upload(encode(image, "PNG", icc_profile=linear_profile()), "x").pixels.astype(int)
    assert pixels[0, 0].tolist() == [255] * 3
    assert abs(pixels[2, 2] - 188).max() <= 2


@pytest.mark.parametrize("profile", [b"nonsense", lab_profile(), linear_profile()[:200]])
def test_unusable_profile_is_passed_over(profile: bytes) -> None:
    data = encode(quarters(), "PNG", icc_profile=profile)
    assert np.array_equal(open_upload(data, "x").pixels, np.asarray(quarters()))


def test_srgb_profile_changes_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(open_upload(encode(quarters(), "PNG", icc_profile=srgb), "x").pixels, np.asarray(quarters()))


def test_upload_and_pillow_image_agree() -> None:
    assert open_upload(encode(quarters(), "PNG"), "a") == from_pil(quarters(), "b")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\cat.png", "cat.png"),
        ("a\nb\x00.png", "ab.png"),
        ("", "image"),
        ("x" * 300, "x" * 80),
    ],
)
def test_names_are_made_safe(given: str, kept: str) -> None:
    assert decode.clean_name(given) == kept


@pytest.mark.parametrize("make", [quarters, lambda: quarters().convert("P")])
def test_the_given_image_is_left_alone(make: Callable[[], Image.Image]) -> None:
    image = make()
    before = (image.mode, image.tobytes())
    from_pil(image, "x")
    assert (image.mode, image.tobytes()) == before


@pytest.mark.parametrize(("bits", "kind"), [(10, "PNG"), (12, "PNG"), (14, "PNG"), (12, "TIFF"), (8, "PNG")])
def test_fewer_bits_in_a_frame_of_16_are_scaled_by_what_they_hold(bits: int, kind: str) -> None:
    values = np.linspace(0, 2**bits - 1, 256).astype(np.uint16).reshape(16, 16)
    photo = open_upload(encode(Image.fromarray(values), kind), "scan")
    assert np.abs(photo.pixels[..., 0].ravel().astype(int) - np.arange(256)).max() <= 1
    assert (f"Its {bits} bits a channel" in photo.note) is (bits > 8)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("interlaced", [False, True])
def test_colours_of_fewer_bits_in_a_png_of_16(bits: int, interlaced: bool) -> None:
    values = np.random.default_rng(0).integers(0, 2**bits, (12, 20, 3)).astype(np.uint16)
    values[0, 0] = 2**bits - 1
    photo = open_upload(deep_png(values, interlaced), "deep.png")
    wanted = values / (2**bits - 1) * 255
    assert np.abs(photo.pixels - wanted).max() <= (0.51 if bits < 16 else 1)
    assert (f"Its {bits} bits a channel" in photo.note) is (bits < 16)


def test_a_dark_deep_png_keeps_its_transparency() -> None:
    values = np.full((4, 4, 4), 2000, np.uint16)
    values[..., 3] = np.arange(4) * 21845
    photo = open_upload(deep_png(values), "x.png")
    assert photo.pixels[0, :, 0].tolist() == [255, 212, 168, 125]


def deep_png(values: np.ndarray, interlaced: bool = False) -> bytes:
    """A PNG of 16 bits a channel, which Pillow cannot write: rows without a filter; interlaced, in seven passes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    starts = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    passes = [values[y::dy, x::dx] for y, x, dy, dx in starts] if interlaced else [values]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for part in passes if part.size for row in part)
    kind = {3: 2, 4: 6}[values.shape[2]]
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, kind, 0, 0, int(interlaced))
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def p3_profile() -> bytes:
    """Display P3 as a matrix profile: its primaries adapted to D50, sRGB's curve as a gamma of 2.2."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    text = b"Display P3\0"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text" + bytes(4) + b"public domain\0",
        b"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1.0, 0.8249),
        b"rXYZ": b"XYZ " + bytes(4) + fixed(0.51512, 0.24120, -0.00105),
        b"gXYZ": b"XYZ " + bytes(4) + fixed(0.29198, 0.69225, 0.04189),
        b"bXYZ": b"XYZ " + bytes(4) + fixed(0.15710, 0.06657, 0.78407),
        **{name: b"curv" + bytes(4) + struct.pack(">IH", 1, 563) for name in (b"rTRC", b"gTRC", b"bTRC")},
    }
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    rest = bytes(24) + fixed(0.9642, 1.0, 0.8249) + bytes(48)
    head = b"lcms" + bytes.fromhex("02400000") + b"mntrRGB XYZ " + bytes(12) + b"acsp" + rest
    return struct.pack(">I", 128 + len(table) + len(body)) + head.ljust(124, b"\0")[:124] + table + body


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "HEIF", "TIFF", "WEBP"])
def test_display_p3_becomes_srgb(kind: str) -> None:
    """By hand, with a gamma of 2.2: (60, 180, 60) in P3 has the linear light (.042, .465, .042); P3 to sRGB gives
    (-.053, .483, .008), whose curve is (0, 183, 22)."""
    assert len(p3_profile()) == int.from_bytes(p3_profile()[:4])
    given = Image.new("RGB", (16, 16), (60, 180, 60))
    pixels = open_upload(encode(given, kind, icc_profile=p3_profile(), quality=100), "wide").pixels
    assert np.abs(pixels[8, 8].astype(int) - [0, 183, 22]).max() <= 6
