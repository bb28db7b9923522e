"""Outlines in the complex plane: a point is ``x + iy`` with y pointing down, as in an image.

Complex numbers make a turn, a stretch and a shift one multiplication and one addition, which keeps the anatomy short.
"""

import functools
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Complex
from numpy import ndarray

Outline = Complex[ndarray, "n"]


def turn(degrees: int | float) -> complex:
    """The unit complex number that turns a point clockwise on the screen."""
    return complex(np.exp(1j * np.deg2rad(degrees)))


@functools.cache
def ellipse(rx: int | float, ry: int | float, egg: int | float = 0.0, points: int = 44) -> Outline:
    """An ellipse around the origin; ``egg`` in -1..1 makes the left end (or the right, below 0) narrower."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    x, y = np.cos(angle), np.sin(angle)
    return rx * x + 1j * ry * y * (1 + egg * x)


@functools.cache
def smooth(*corners: complex, steps: int = 6) -> Outline:
    """A closed Catmull-Rom curve through the corners."""
    p1 = np.array(corners)
    p0, p2, p3 = np.roll(p1, 1), np.roll(p1, -1), np.roll(p1, -2)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    curve = p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))
    return np.asarray(curve.T.ravel())


@functools.cache
def leaf(length: int | float, width: int | float, points: int = 10) -> Outline:
    """A pointed leaf from the origin along +x."""
    t = np.linspace(0, 1, points)
    side = width * np.sin(np.pi * t**0.8)
    return np.concatenate([length * t - 1j * side, (length * t + 1j * side)[-2:0:-1]])


@functools.cache
def tube(*spine: complex, start: int | float, end: int | float, steps: int = 8) -> Outline:
    """A tapering tube around a quadratic curve through three points (a neck, a leg, a curling tail)."""
    a, b, c = spine
    t = np.linspace(0, 1, steps)
    line = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
    slope = 2 * (1 - t) * (b - a) + 2 * t * (c - b)
    side = 1j * slope / np.abs(slope) * np.linspace(start, end, steps)
    return np.concatenate([line + side, (line - side)[::-1]])


@functools.cache
def star(arms: int, outer: int | float, inner: int | float) -> Outline:
    """A star (or with ``inner`` close to ``outer`` a polygon) around the origin, one arm up."""
    angle = np.arange(2 * arms) * np.pi / arms - np.pi / 2
    return np.asarray(np.where(np.arange(2 * arms) % 2, inner, outer) * np.exp(1j * angle))


def inset(outline: Outline, depth: int | float) -> Outline:
    """The outline moved inwards by ``depth`` along its normals; for smooth outlines and a small depth."""
    ahead = np.concatenate([outline[1:], outline[:1]])
    along = ahead - np.concatenate([outline[-1:], outline[:-1]])
    area = (np.conj(outline) * ahead).imag.sum()
    return np.asarray(outline + 1j * np.sign(area) * depth * along / np.maximum(np.abs(along), 1e-9))


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a drawing lands: ``pixel = origin + axis * (shift + spin * z)``, mirrored left-right on request."""

    origin: complex
    axis: complex
    mirror: bool = False
    shift: complex = 0j
    spin: complex = 1 + 0j

    @property
    def unit(self) -> float:
        """Pixels for one unit of length."""
        return abs(self.axis) * abs(self.spin)

    def at(self, anchor: complex, degrees: int | float = 0.0, scale: int | float = 1.0) -> "Frame":
        """A frame whose origin is ``anchor`` of this one, turned and scaled about it."""
        return replace(self, shift=self.shift + self.spin * anchor, spin=self.spin * scale * turn(degrees))

    def map(self, z: Outline) -> Outline:
        """Outline in this frame -> outline in pixels."""
        local = self.shift + self.spin * z
        return np.asarray(self.origin + self.axis * (-np.conj(local) if self.mirror else local))

    def point(self, z: complex) -> complex:
        """One point in pixels."""
        return complex(self.map(np.array([z]))[0])


def corners(outline: Outline) -> list[int]:
    """``[x0, y0, x1, y1, ...]`` in whole pixels, as Pillow wants it; rounding keeps pixels equal everywhere."""
    whole: list[int] = np.rint(np.ascontiguousarray(outline).view(np.float64)).astype(np.int64).tolist()
    return whole
