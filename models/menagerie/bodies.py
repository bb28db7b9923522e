"""Bodies and heads, and the joints that the other parts hang on."""

from dataclasses import dataclass

from models.menagerie.pen import Pen
from models.menagerie.shapes import Outline, ellipse, leaf, smooth, tube, turn


@dataclass(frozen=True, slots=True)
class Build:
    """Outline of a body, where its neck begins, and the joints that the parts of its class hang on."""

    outline: Outline
    shoulder: complex
    head: complex
    tail: complex
    wing: complex
    hip: complex
    centre: complex = 0j
    scale: float = 1.0


BUILDS = {
    "slender": Build(
        ellipse(0.52, 0.33, 0.22),
        shoulder=0.36 - 0.06j,
        head=0.6 - 0.74j,
        tail=-0.44 - 0.04j,
        wing=-0.08 - 0.02j,
        hip=0.04 + 0.24j,
        centre=0.1 - 0.03j,
        scale=0.97,
    ),
    "plump": Build(
        ellipse(0.50, 0.45, 0.14),
        shoulder=0.24 - 0.2j,
        head=0.38 - 0.45j,
        tail=-0.42 - 0.02j,
        wing=-0.12 + 0.02j,
        hip=0.02 + 0.36j,
        centre=0.06 - 0.06j,
        scale=1.02,
    ),
    "long": Build(
        smooth(-0.62 + 0.02j, -0.5 - 0.25j, -0.27j, 0.46 - 0.3j, 0.62 - 0.02j, 0.46 + 0.26j, 0.24j, -0.48 + 0.27j),
        shoulder=0.44 - 0.12j,
        head=0.62 - 0.4j,
        tail=-0.56 - 0.1j,
        wing=-0.04 - 0.08j,
        hip=0.2j,
        centre=-0.02 - 0.08j,
        scale=1.04,
    ),
    "upright": Build(
        smooth(-0.56j, 0.32 - 0.36j, 0.45 + 0.1j, 0.3 + 0.48j, -0.1 + 0.54j, -0.4 + 0.32j, -0.4 - 0.12j, -0.26 - 0.46j),
        shoulder=0.04 - 0.4j,
        head=0.1 - 0.56j,
        tail=-0.34 + 0.32j,
        wing=-0.2 - 0.04j,
        hip=0.02 + 0.48j,
        centre=0.04 + 0j,
        scale=0.97,
    ),
}
REACH = {"stilts": 0.66, "webbed": 0.31, "paws": 0.37, "claws": 0.3}


@dataclass(frozen=True, slots=True)
class Face:
    """Radius of a head, and where beak and eye sit relative to its centre."""

    radius: float
    beak: complex
    eye: complex


FACES = {
    "round": Face(0.33, 0.28 + 0.05j, 0.1 - 0.06j),
    "horned": Face(0.33, 0.28 + 0.05j, 0.1 - 0.06j),
    "crested": Face(0.3, 0.25 + 0.04j, 0.09 - 0.05j),
    "eared": Face(0.3, 0.23 + 0.07j, 0.08 - 0.05j),
    "capped": Face(0.25, 0.21 + 0.03j, 0.06 - 0.03j),
}


def body(pen: Pen, build: Build) -> None:
    """The body with its belly texture, standing on the hip of ``build`` and reaching with a neck for the head of it."""
    shown = BUILDS[pen.look.shape]
    here = pen.at(build.hip - shown.hip)
    throat = build.head - (build.hip - shown.hip)
    if abs(throat - shown.shoulder) > 0.35:
        bend = shown.shoulder * 0.25 + throat * 0.75 + 0.16 + 0.12j
        here.round(tube(shown.shoulder - 0.1 + 0.1j, bend, throat, start=0.2, end=0.1, steps=10), pen.look.colour)
    here.round(shown.outline, pen.look.colour, lambda skin: _belly(here.on(skin)))


def _belly(pen: Pen) -> None:
    """Texture of a body: a pale bib, spots or bands."""
    accent = pen.look.accent
    match pen.look.texture:
        case "bib" if pen.look.shape == "upright":
            pen.flat(ellipse(0.32, 0.5) + (0.17 + 0.1j), accent)
        case "bib":
            pen.flat(ellipse(0.42, 0.3) + (0.2 + 0.28j), accent)
        case "spots":
            for z in (-0.46 - 0.08j, -0.3 + 0.1j, -0.1 - 0.18j, 0.06 + 0.12j, 0.2 - 0.1j, 0.36 + 0.1j, 0.48 - 0.14j):
                pen.dot(z, 0.06, accent)
        case "bands":
            for x in (-0.34, -0.1, 0.14, 0.38):
                pen.flat(
                    smooth(x - 0.5j, x + 0.1 - 0.45j, x + 0.16 + 0j, x + 0.08 + 0.5j, x + 0.0 + 0.5j, x + 0.06 + 0j),
                    accent,
                )


def head(pen: Pen) -> None:
    """The head with what grows on it; the frame's origin is its centre."""
    face = FACES[pen.look.shape]
    {"crested": _crest, "eared": _ears, "horned": _horns}.get(pen.look.shape, lambda _: None)(pen)
    pen.round(ellipse(face.radius, face.radius * 0.94), pen.look.colour, lambda skin: _markings(pen.on(skin), face))


def _markings(pen: Pen, face: Face) -> None:
    """A pale cheek or a dark cap."""
    if pen.look.texture == "cap":
        pen.flat(ellipse(face.radius * 1.1, face.radius * 0.5) - (0.06 + face.radius * 0.8j), pen.look.accent)
    else:
        pen.flat(
            ellipse(face.radius * 0.72, face.radius * 0.7) + (face.radius * 0.46 + face.radius * 0.22j), pen.look.accent
        )


def _crest(pen: Pen) -> None:
    for angle, length in ((-150, 0.3), (-124, 0.38), (-98, 0.34)):
        pen.at(0.2 * turn(angle), angle).round(leaf(length, 0.075), pen.look.accent)


def _ears(pen: Pen) -> None:
    for foot, lean in ((-0.17 - 0.16j, -114), (0.06 - 0.2j, -84)):
        ear = pen.at(foot, lean)
        ear.round(leaf(0.38, 0.12), pen.look.colour)
        ear.at(0.05 + 0j).flat(leaf(0.24, 0.055), pen.look.accent)


def _horns(pen: Pen) -> None:
    for foot, bend in ((-0.14 - 0.22j, -0.16), (0.08 - 0.26j, 0.1)):
        pen.at(foot).round(tube(0j, -0.2j + bend * 0.9, -0.32j + bend * 0.4, start=0.075, end=0.02), pen.look.accent)
