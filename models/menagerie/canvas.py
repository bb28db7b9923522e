"""A canvas that paints colours and remembers which part owns each pixel.

Everything is painted opaque, several times larger than wanted, and averaged down at the end.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image, ImageChops, ImageDraw

from models.menagerie.shapes import Outline, corners, inset

Colour = tuple[int, int, int]
Texture = Callable[["Canvas"], None]
SHADES = 48


def mix(a: Colour, b: Colour, share: int | float) -> Colour:
    """``share`` of b in a."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def darker(colour: Colour, share: int | float = 0.4) -> Colour:
    """Towards a deep blue, as shadows are."""
    return mix(colour, (24, 22, 52), share)


def lighter(colour: Colour, share: int | float = 0.35) -> Colour:
    """Towards a warm white, as light is."""
    return mix(colour, (255, 246, 222), share)


WARMTH = np.array([[58, 56, 84], [130, 129, 130], [196, 190, 172]])
"""Light laid on a part where its brightness is 0, 130 and 255: cool in the shade, neutral, warm in the light."""


@functools.lru_cache(maxsize=16)
def _ball(direction: int) -> Image.Image:
    """The light on a soft ball, lit from one of 16 directions; stretched over a part it makes the part round."""
    axis = (np.arange(SHADES) + 0.5) / SHADES * 2 - 1
    x, y = np.meshgrid(axis, axis)
    z = np.sqrt(np.maximum(0.0, 1.35 - x**2 - y**2))
    angle = 2 * np.pi * direction / 16
    light = 0.62 * (np.cos(angle) * x + np.sin(angle) * y) + 0.62 * z
    bright = np.clip(255 * (0.18 + 0.72 * light), 0, 255)
    return Image.fromarray(
        np.stack([np.interp(bright, [0, 130, 255], tone) for tone in WARMTH.T], axis=2).round().astype(np.uint8)
    )


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the canvas, in its pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top

    @property
    def box(self) -> tuple[int, int, int, int]:
        """As Pillow wants it."""
        return self.left, self.top, self.right, self.bottom


class Canvas:
    """Colours and owners of a square picture; ``offset`` is where its corner lies in the large picture."""

    def __init__(self, picture: Image.Image, light: int, offset: complex = 0j, *, exact: bool = False) -> None:
        """Paint on ``picture``, lit from one of 16 directions; ``exact``: no colour without its owner (world 2)."""
        self.picture = picture
        self.light = light
        self.offset = offset
        self.owners = Image.new("L", picture.size)
        self.exact = exact
        self.nobody = 0  # the number of what belongs to no part; world 2 tells what stands in front from what is behind
        self._colours = ImageDraw.Draw(picture)
        self._ids = ImageDraw.Draw(self.owners)

    def flat(self, outline: Outline, colour: Colour, owner: int = 0) -> None:
        """Fill an outline (in pixels) with one colour."""
        xy = corners(outline - self.offset)
        self._colours.polygon(xy, fill=colour)
        self._ids.polygon(xy, fill=owner or self.nobody)

    def oval(self, centre: complex, rx: int | float, ry: int | float, colour: Colour, owner: int = 0) -> None:
        """Fill an upright ellipse."""
        z = centre - self.offset
        box = [round(v) for v in (z.real - rx, z.imag - ry, z.real + rx, z.imag + ry)]
        self._colours.ellipse(box, fill=colour)
        self._ids.ellipse(box, fill=owner or self.nobody)

    def dot(self, centre: complex, radius: int | float, colour: Colour, owner: int = 0) -> None:
        """Fill a disc."""
        self.oval(centre, radius, radius, colour, owner)

    def window(self, outline: Outline) -> Window | None:
        """The whole pixels around an outline that lie on the canvas, or None where nothing does."""
        (width, height), x, y = self.picture.size, outline.real, outline.imag
        left, top = max(0, int(x.min()) - 1), max(0, int(y.min()) - 1)
        right, bottom = min(width, int(x.max()) + 2), min(height, int(y.max()) + 2)
        return Window(left, top, right, bottom) if right > left + 1 and bottom > top + 1 else None

    def round(
        self, outline: Outline, colour: Colour, owner: int, rim: int | float, texture: Texture | None = None
    ) -> None:
        """Fill an outline so that it looks round: dark rim of ``rim`` pixels, shaded inside, texture clipped to it."""
        self.flat(outline, darker(colour, 0.55), owner)
        inner = inset(outline, rim)
        window = self.window(inner)
        if window is None:
            return
        light = _ball(self.light).resize(window.size, Image.Resampling.BILINEAR)
        skin = Image.new("RGB", window.size, colour)
        corner = complex(window.left, window.top)
        if texture is not None:
            texture(Canvas(skin, self.light, corner))
        skin = ImageChops.hard_light(skin, light)
        stencil = Image.new("1", window.size)
        ImageDraw.Draw(stencil).polygon(corners(inner - corner), fill=1)
        self.picture.paste(skin, window.box, stencil)
        if self.exact:  # the skin reaches past the rim where an outline is sharp
            self.owners.paste(owner or self.nobody, window.box, stencil)

    def tint(self, outline: Outline, colour: Colour, strength: int | float) -> None:
        """Lay a soft-edged veil of a colour over the ellipse around an outline (a shadow, a glow)."""
        window = self.window(outline)
        if window is not None:
            veil = (
                _glow().resize(window.size, Image.Resampling.BILINEAR).point([round(v * strength) for v in range(256)])
            )
            self.picture.paste(colour, window.box, veil)


@functools.cache
def _glow() -> Image.Image:
    """A disc that fades out, 0..255."""
    axis = (np.arange(SHADES) + 0.5) / SHADES * 2 - 1
    x, y = np.meshgrid(axis, axis)
    fade: UInt8[ndarray, "s s"] = (255 * np.clip(1.15 * (1 - np.sqrt(x**2 + y**2)), 0, 1)).astype(np.uint8)
    return Image.fromarray(fade)
