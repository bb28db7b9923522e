"""Wings, tails and feet."""

from models.menagerie.canvas import darker, lighter, mix
from models.menagerie.pen import Pen
from models.menagerie.shapes import ellipse, leaf, smooth, star, tube
from models.menagerie.species import INK, WHITE


def wing(pen: Pen) -> None:
    """The wing or fin; the frame's origin is the shoulder, it points back and up."""
    {"feathered": _feathered, "leafy": _leafy, "moth": _moth, "bat": _bat, "paddle": _paddle}[pen.look.shape](pen)


def _feathered(pen: Pen) -> None:
    for index, (lean, length) in enumerate(((-34, 0.58), (-18, 0.6), (-2, 0.54), (14, 0.44))):
        shade = mix(pen.look.colour, pen.look.accent, 0.25 * index)
        pen.at(0.18 - 0.04j, 180 - lean).round(leaf(length + 0.14, 0.11), shade)
    pen.round(ellipse(0.17, 0.13) + (0.12 + 0j), pen.look.accent)


def _leafy(pen: Pen) -> None:
    blade = pen.at(0.24 - 0.06j, 172)
    blade.round(leaf(0.74, 0.22), pen.look.colour)
    for x in (0.14, 0.28, 0.42):
        for side in (-1, 1):
            blade.at(complex(x), 40 * side).flat(leaf(0.15, 0.02), pen.look.accent)
    blade.flat(leaf(0.62, 0.02), pen.look.accent)


def _moth(pen: Pen) -> None:
    upper = smooth(0.2 + 0.06j, 0.1 - 0.2j, -0.22 - 0.4j, -0.48 - 0.3j, -0.44 - 0.02j, -0.1 + 0.12j)
    pen.round(
        smooth(0.16 + 0.0j, -0.12 + 0.0j, -0.38 + 0.06j, -0.36 + 0.24j, -0.12 + 0.28j), lighter(pen.look.colour, 0.25)
    )
    pen.round(upper, pen.look.colour)
    for radius, colour in ((0.1, pen.look.accent), (0.066, WHITE), (0.036, pen.look.accent)):
        pen.dot(-0.26 - 0.16j, radius, colour)


def _bat(pen: Pen) -> None:
    sail = smooth(
        0.2 + 0.08j, 0.12 - 0.24j, -0.12 - 0.5j, -0.34 - 0.26j, -0.56 - 0.22j, -0.4 + 0.0j, -0.42 + 0.18j, -0.12 + 0.1j
    )
    pen.round(sail, pen.look.accent)
    for tip, width in ((-0.12 - 0.48j, 0.024), (-0.54 - 0.2j, 0.02), (-0.4 + 0.16j, 0.018)):
        pen.flat(tube(0.18 + 0.02j, tip * 0.4 + (0.08 - 0.02j), tip, start=width, end=0.008), pen.look.colour)


def _paddle(pen: Pen) -> None:
    pen.round(
        smooth(0.14 - 0.14j, 0.16 + 0.04j, -0.02 + 0.36j, -0.16 + 0.5j, -0.2 + 0.32j, -0.12 - 0.02j, 0.0 - 0.18j),
        pen.look.colour,
    )
    pen.flat(tube(0.1 + 0.0j, 0.04 + 0.2j, -0.1 + 0.36j, start=0.012, end=0.006), pen.look.accent)


def tail(pen: Pen) -> None:
    """The tail; the frame's origin is where it leaves the body, it points back (-x)."""
    {"forked": _forked, "fan": _fan, "plume": _plume, "whip": _whip, "stub": _stub}[pen.look.shape](pen)


def _forked(pen: Pen) -> None:
    for lean, colour in ((14, pen.look.accent), (-12, pen.look.colour)):
        pen.at(0.1 + 0j, 180 - lean).round(leaf(0.62, 0.08), colour)


def _fan(pen: Pen) -> None:
    for lean in (-40, -14, 12, 38):
        plume = pen.at(0.12 + 0j, 180 + lean)
        plume.round(smooth(0j, 0.3 - 0.09j, 0.52 - 0.09j, 0.58 + 0j, 0.52 + 0.09j, 0.3 + 0.09j), pen.look.colour)
        plume.dot(0.46 + 0j, 0.055, pen.look.accent)
        plume.dot(0.46 + 0j, 0.026, INK)


def _plume(pen: Pen) -> None:
    brush = smooth(
        0.12 - 0.06j, -0.14 - 0.08j, -0.3 - 0.34j, -0.26 - 0.62j, -0.5 - 0.56j, -0.6 - 0.24j, -0.36 + 0.1j, 0.1 + 0.1j
    )
    tip = smooth(-0.2 - 0.48j, -0.36 - 0.4j, -0.62 - 0.42j, -0.6 - 0.8j, -0.2 - 0.8j)
    pen.round(brush, pen.look.colour, lambda skin: pen.on(skin).flat(tip, pen.look.accent))


def _whip(pen: Pen) -> None:
    pen.round(tube(0.1 + 0j, -0.5 + 0.24j, -0.56 - 0.34j, start=0.07, end=0.03, steps=12), pen.look.colour)
    pen.at(-0.56 - 0.3j, -90).round(star(4, 0.17, 0.08), pen.look.accent)


def _stub(pen: Pen) -> None:
    for lean, colour in ((-24, pen.look.colour), (4, pen.look.accent)):
        pen.at(0.14 + 0j, 170 + lean).round(leaf(0.42, 0.09), colour)


def feet(pen: Pen, swing: int | float) -> None:
    """Both legs; the frame's origin is the hip, ``swing`` degrees is the step they take."""
    leg = {"stilts": _stilt, "webbed": _webbed, "paws": _paw, "claws": _claw}[pen.look.shape]
    gap = 0.27 if pen.look.shape == "paws" else 0.15
    leg(pen.at(complex(gap, 0.0), -swing))
    leg(pen.at(complex(-gap, 0.0), swing))


def _stilt(pen: Pen) -> None:
    pen.flat(tube(0j, 0.07 + 0.3j, 0.0 + 0.64j, start=0.04, end=0.03), darker(pen.look.colour, 0.15))
    pen.dot(0.035 + 0.31j, 0.05, pen.look.accent)
    for angle in (-16, 22, 172):
        pen.at(0.0 + 0.63j, angle).flat(leaf(0.17, 0.034), pen.look.colour)


def _webbed(pen: Pen) -> None:
    pen.flat(tube(-0.06j, 0.02 + 0.1j, 0.0 + 0.24j, start=0.045, end=0.04), darker(pen.look.colour, 0.2))
    pen.round(
        smooth(-0.08 + 0.2j, 0.06 + 0.17j, 0.28 + 0.26j, 0.25 + 0.32j, 0.14 + 0.29j, 0.06 + 0.33j, -0.08 + 0.29j),
        pen.look.colour,
    )


def _paw(pen: Pen) -> None:
    pen.round(smooth(-0.1 - 0.04j, 0.1 - 0.04j, 0.08 + 0.24j, -0.08 + 0.24j), pen.look.accent)
    pen.round(ellipse(0.14, 0.085) + (0.04 + 0.28j), pen.look.colour)
    for x in (0.04, 0.1):
        pen.flat(ellipse(0.01, 0.04) + (x + 0.3j), pen.look.accent)


def _claw(pen: Pen) -> None:
    pen.flat(tube(-0.06j, 0.03 + 0.08j, 0.0 + 0.24j, start=0.05, end=0.035), pen.look.colour)
    for angle in (-8, 28, 64, 168):
        toe = pen.at(0.0 + 0.22j, angle)
        toe.flat(leaf(0.2, 0.04), pen.look.colour)
        toe.at(0.14 + 0j, 10).flat(leaf(0.1, 0.03), pen.look.accent)
