"""Beaks, snouts and eyes."""

from models.menagerie.canvas import darker
from models.menagerie.pen import Pen
from models.menagerie.shapes import Outline, ellipse, leaf, smooth, tube
from models.menagerie.species import INK, WHITE


def beak(pen: Pen) -> None:
    """The beak or snout; the frame's origin is where it leaves the head."""
    {"dagger": _dagger, "ladle": _ladle, "cone": _cone, "hook": _hook, "snout": _snout, "needle": _needle}[
        pen.look.shape
    ](pen)


def _dagger(pen: Pen) -> None:
    pen.round(smooth(-0.02 - 0.07j, 0.2 - 0.045j, 0.46 + 0.03j, 0.2 + 0.06j, -0.02 + 0.075j), pen.look.colour)
    pen.flat(leaf(0.36, 0.014) + (0.0 + 0.01j), pen.look.accent)


def _ladle(pen: Pen) -> None:
    pen.round(
        smooth(-0.02 - 0.06j, 0.16 - 0.04j, 0.3 - 0.11j, 0.44 - 0.02j, 0.36 + 0.1j, 0.2 + 0.07j, -0.02 + 0.08j),
        pen.look.colour,
    )
    pen.flat(leaf(0.34, 0.016) + (0.02 + 0.02j), pen.look.accent)


def _cone(pen: Pen) -> None:
    pen.round(smooth(-0.03 - 0.11j, 0.12 - 0.06j, 0.25 + 0.03j, 0.12 + 0.08j, -0.03 + 0.12j), pen.look.colour)
    pen.flat(leaf(0.2, 0.015) + (0.0 + 0.02j), pen.look.accent)


def _hook(pen: Pen) -> None:
    pen.round(
        smooth(-0.04 - 0.15j, 0.12 - 0.13j, 0.27 + 0.02j, 0.22 + 0.19j, 0.13 + 0.12j, -0.03 + 0.16j),
        pen.look.colour,
        lambda skin: _stripe(pen.on(skin)),
    )


def _stripe(pen: Pen) -> None:
    pen.flat(smooth(0.06 - 0.2j, 0.13 - 0.2j, 0.12 + 0.0j, 0.1 + 0.2j, 0.03 + 0.2j, 0.06 + 0.0j), pen.look.accent)
    pen.flat(smooth(-0.1 - 0.2j, -0.02 - 0.2j, 0.0 + 0.0j, -0.02 + 0.2j, -0.1 + 0.2j, -0.1 + 0.0j), pen.look.accent)


def _snout(pen: Pen) -> None:
    pen.round(smooth(-0.08 - 0.11j, 0.14 - 0.09j, 0.24 + 0.0j, 0.18 + 0.11j, -0.06 + 0.13j), pen.look.colour)
    pen.dot(0.2 - 0.045j, 0.06, pen.look.accent)
    pen.flat(tube(0.02 + 0.07j, 0.1 + 0.1j, 0.17 + 0.055j, start=0.012, end=0.012), pen.look.accent)


def _needle(pen: Pen) -> None:
    pen.round(tube(-0.03 + 0j, 0.3 - 0.06j, 0.46 + 0.22j, start=0.075, end=0.012), pen.look.colour)


def eye(pen: Pen) -> None:
    """The eye; the frame's origin is its centre."""
    radius, colour, accent = 0.12, pen.look.colour, pen.look.accent
    pen.dot(0j, radius + 0.022, darker(INK, 0.3))
    pen.dot(0j, radius, colour)
    match pen.look.shape:
        case "bright":
            pen.dot(0.015 + 0.005j, 0.08, accent)
        case "slit":
            pen.flat(ellipse(0.032, 0.1), accent)
        case "ringed":
            pen.dot(0j, 0.075, WHITE)
            pen.dot(0.005 + 0j, 0.056, accent)
        case "sleepy":
            pen.dot(0.02 + 0.045j, 0.06, INK)
            pen.flat(radius * 1.06 * _half(), accent)
            pen.flat(ellipse(0.14, 0.018) + 0.012j, darker(accent))
    if pen.look.shape != "sleepy":
        pen.dot(0.035 - 0.04j, 0.024, WHITE)


def _half() -> Outline:
    """The upper half of the unit disc, a lid."""
    disc = ellipse(1.0, 1.0)
    return disc[disc.imag <= 1e-9]
