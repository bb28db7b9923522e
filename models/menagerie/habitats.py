"""Where the animals live: six kinds of cluttered background.

Coordinates are shares of the picture's side; x points right, y down.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.menagerie.canvas import Canvas, Colour, darker, lighter, mix
from models.menagerie.dice import Dice
from models.menagerie.shapes import Outline, ellipse, leaf, smooth, tube

HORIZON = 0.62


@dataclass(frozen=True, slots=True)
class Habitat:
    """Colours of a kind of place, what stands at its horizon and what lies on its ground."""

    name: str
    sky: tuple[Colour, Colour]
    far: Colour
    near: Colour
    ground: tuple[Colour, Colour]
    lamp: Colour
    clutter: tuple[str, ...]


HABITATS = (
    Habitat(
        "meadow",
        ((142, 196, 232), (232, 240, 226)),
        (150, 186, 170),
        (126, 172, 116),
        ((142, 186, 104), (90, 140, 76)),
        (255, 250, 224),
        ("cloud", "bush", "flower", "tuft"),
    ),
    Habitat(
        "shore",
        ((120, 186, 222), (240, 236, 214)),
        (104, 172, 196),
        (80, 150, 182),
        ((240, 220, 176), (212, 184, 136)),
        (255, 248, 220),
        ("cloud", "sail", "stone", "wave"),
    ),
    Habitat(
        "desert",
        ((246, 206, 150), (252, 232, 190)),
        (224, 168, 122),
        (214, 150, 104),
        ((236, 194, 136), (206, 152, 100)),
        (255, 244, 214),
        ("cactus", "mesa", "stone", "tuft"),
    ),
    Habitat(
        "night",
        ((30, 36, 78), (92, 88, 138)),
        (62, 68, 112),
        (44, 52, 92),
        ((60, 80, 92), (34, 48, 66)),
        (244, 240, 214),
        ("spark", "pine", "spark", "tuft"),
    ),
    Habitat(
        "snow",
        ((172, 200, 226), (238, 236, 240)),
        (196, 206, 226),
        (168, 188, 206),
        ((244, 246, 250), (204, 216, 232)),
        (255, 252, 240),
        ("cloud", "pine", "flake", "stone"),
    ),
    Habitat(
        "dusk",
        ((96, 84, 138), (250, 176, 132)),
        (150, 104, 136),
        (112, 82, 116),
        ((146, 116, 104), (94, 76, 84)),
        (255, 222, 160),
        ("pine", "bush", "flower", "stone"),
    ),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a background is painted with."""

    canvas: Canvas
    side: int
    place: Habitat
    dice: Dice

    def flat(self, outline: Outline, colour: Colour) -> None:
        """A flat shape, in shares of the side."""
        self.canvas.flat(outline * self.side, colour)

    def ball(self, z: complex, rx: int | float, ry: int | float, colour: Colour) -> None:
        """A flat ellipse around z."""
        self.canvas.oval(z * self.side, rx * self.side, ry * self.side, colour)


def paint(canvas: Canvas, side: int, seed: int) -> None:
    """Fill the canvas (``side`` pixels) with the background of a seed."""
    dice = Dice(seed, 1)
    place = HABITATS[dice.below(len(HABITATS))]
    stage = Stage(canvas, side, place, dice)
    horizon = HORIZON + dice.number(-0.1, 0.08)
    _gradient(canvas.picture, place.sky, 0.0, 1.0)
    _lamp(stage)
    for depth, colour in ((0.12, place.far), (0.05, place.near)):
        _ridge(stage, horizon - depth, mix(colour, place.sky[1], dice.number(0.0, 0.3)))
    _gradient(canvas.picture, place.ground, horizon, 1.0)
    for kind in place.clutter:
        for _ in range(2 + dice.below(3)):
            CLUTTER[kind](stage, horizon)


def _gradient(picture: Image.Image, ends: tuple[Colour, Colour], top: int | float, bottom: int | float) -> None:
    """A vertical gradient between two heights."""
    width, height = picture.size
    first, last = round(top * height), round(bottom * height)
    rows = np.linspace(ends[0], ends[1], last - first).round().astype(np.uint8)
    band = Image.fromarray(rows[:, None, :]).resize((width, last - first), Image.Resampling.NEAREST)
    picture.paste(band, (0, first))


def _lamp(stage: Stage) -> None:
    """The sun or the moon with its glow."""
    z, radius = complex(stage.dice.number(0.1, 0.9), stage.dice.number(0.08, 0.3)), stage.dice.number(0.05, 0.09)
    glow = ellipse(2.6 * radius, 2.6 * radius) + z
    stage.canvas.tint(glow * stage.side, stage.place.lamp, 0.55)
    stage.ball(z, radius, radius, stage.place.lamp)


def _ridge(stage: Stage, height: int | float, colour: Colour) -> None:
    """A chain of hills."""
    x = np.linspace(0, 1, 28)
    first, second = stage.dice.number(0, 6), stage.dice.number(0, 6)
    y = height + 0.05 * np.sin(stage.dice.number(4, 9) * x + first) + 0.02 * np.sin(17 * x + second)
    stage.flat(np.concatenate([x + 1j * y, [1 + 0.9j, 0.9j]]), colour)


def _cloud(stage: Stage, horizon: int | float) -> None:
    z, size = complex(stage.dice.number(), stage.dice.number(0.05, horizon - 0.25)), stage.dice.number(0.05, 0.09)
    white = mix(stage.place.sky[1], (255, 255, 255), 0.6)
    for step, radius in ((-1.1, 0.6), (0.0, 1.0), (1.1, 0.7)):
        stage.ball(z + step * size - 1j * 0.3 * size * radius, 1.1 * size * radius, 0.7 * size * radius, white)
    stage.ball(z + 0.1j * size, 1.9 * size, 0.42 * size, white)


def _bush(stage: Stage, horizon: int | float) -> None:
    z, size = complex(stage.dice.number(), horizon + stage.dice.number(0.0, 0.06)), stage.dice.number(0.04, 0.08)
    green = mix(stage.place.ground[1], stage.place.far, stage.dice.number(0.0, 0.5))
    for step, radius in ((-0.9, 0.7), (0.9, 0.75), (0.0, 1.0)):
        stage.ball(z + step * size - 0.5j * size * radius, size * radius, 0.85 * size * radius, green)
    stage.ball(z - 0.25 * size - 0.8j * size, 0.4 * size, 0.3 * size, lighter(green, 0.2))


def _flower(stage: Stage, horizon: int | float) -> None:
    z, size = complex(stage.dice.number(), stage.dice.number(horizon + 0.08, 0.98)), stage.dice.number(0.012, 0.02)
    petals = ((250, 240, 236), (240, 190, 120), (226, 150, 170), (190, 170, 226))[stage.dice.below(4)]
    for angle in range(0, 360, 72):
        stage.ball(z + size * complex(np.exp(1j * np.deg2rad(angle))), 0.7 * size, 0.6 * size, petals)
    stage.ball(z, 0.6 * size, 0.5 * size, (236, 196, 96))


def _tuft(stage: Stage, horizon: int | float) -> None:
    foot, size = complex(stage.dice.number(), stage.dice.number(horizon + 0.05, 1.0)), stage.dice.number(0.05, 0.09)
    colour = darker(stage.place.ground[0], stage.dice.number(0.1, 0.3))
    for lean in (-125, -100, -84, -62):
        stage.flat(foot + size * complex(np.exp(1j * np.deg2rad(lean))) * leaf(1.0, 0.1), colour)


def _stone(stage: Stage, horizon: int | float) -> None:
    z, size = complex(stage.dice.number(), stage.dice.number(horizon + 0.04, 0.96)), stage.dice.number(0.03, 0.06)
    grey = mix(stage.place.ground[1], (130, 130, 142), 0.6)
    outline = smooth(-1.0 + 0.3j, -0.7 - 0.4j, 0.1 - 0.65j, 0.8 - 0.3j, 1.0 + 0.3j, 0.0 + 0.42j)
    stage.flat(size * outline + z, darker(grey, 0.2))
    stage.flat(size * 0.8 * outline + z - 0.12j * size, grey)


def _sail(stage: Stage, horizon: int | float) -> None:
    z, size = complex(stage.dice.number(), horizon - 0.04), stage.dice.number(0.05, 0.08)
    stage.flat(size * np.array([-0.05 - 1.2j, -0.05 + 0j, -0.75 + 0j]) + z, (250, 244, 236))
    stage.flat(size * np.array([0.05 - 1.0j, 0.05 + 0j, 0.6 + 0j]) + z, (236, 214, 196))
    stage.flat(size * np.array([-0.8 + 0.1j, 0.7 + 0.1j, 0.5 + 0.4j, -0.55 + 0.4j]) + z, (150, 104, 92))


def _wave(stage: Stage, horizon: int | float) -> None:
    z, size = complex(stage.dice.number(), horizon - stage.dice.number(0.0, 0.1)), stage.dice.number(0.05, 0.12)
    stage.flat(z + size * tube(-1 + 0j, 0 - 0.24j, 1 + 0j, start=0.05, end=0.05), lighter(stage.place.near, 0.35))


def _cactus(stage: Stage, horizon: int | float) -> None:
    foot, size = complex(stage.dice.number(), horizon + stage.dice.number(0.0, 0.05)), stage.dice.number(0.1, 0.18)
    green = mix((110, 140, 98), stage.place.far, stage.dice.number(0.1, 0.5))
    stage.flat(foot + size * tube(0j, -0.5j, -1j, start=0.13, end=0.11), green)
    stage.ball(foot - 1j * size, 0.11 * size, 0.11 * size, green)
    for side in (-1, 1):
        stage.flat(foot + size * tube(-0.4j, side * 0.46 - 0.36j, side * 0.36 - 0.8j, start=0.07, end=0.075), green)


def _mesa(stage: Stage, horizon: int | float) -> None:
    z, size = complex(stage.dice.number(), horizon), stage.dice.number(0.1, 0.16)
    red = mix(stage.place.far, (186, 112, 84), stage.dice.number(0.1, 0.5))
    stage.flat(size * np.array([-0.9 + 0j, -0.6 - 0.9j, 0.5 - 0.9j, 0.9 + 0j]) + z, red)
    stage.flat(size * np.array([-0.66 - 0.7j, -0.6 - 0.9j, 0.5 - 0.9j, 0.58 - 0.7j]) + z, lighter(red, 0.25))


def _pine(stage: Stage, horizon: int | float) -> None:
    foot, size = complex(stage.dice.number(), horizon + stage.dice.number(0.0, 0.05)), stage.dice.number(0.12, 0.24)
    green = mix(darker(stage.place.near, 0.25), stage.place.far, stage.dice.number(0.0, 0.7))
    stage.flat(foot + size * np.array([-0.04 + 0j, 0.04 + 0j, 0.04 - 0.2j, -0.04 - 0.2j]), darker(green, 0.4))
    for low, wide in ((0.14, 0.32), (0.4, 0.25), (0.66, 0.17)):
        stage.flat(foot - 1j * size * low + size * np.array([-wide + 0j, wide + 0j, -0.4j]), green)


def _spark(stage: Stage, horizon: int | float) -> None:
    for _ in range(5):
        z, size = complex(stage.dice.number(), stage.dice.number(0.02, horizon - 0.12)), stage.dice.number(0.003, 0.008)
        stage.ball(z, size, size, (250, 244, 214))


def _flake(stage: Stage, horizon: int | float) -> None:
    for _ in range(5):
        z, size = complex(stage.dice.number(), stage.dice.number(0.02, 1.0)), stage.dice.number(0.004, 0.01)
        stage.ball(z, size, size, (252, 252, 255))


CLUTTER = {
    "cloud": _cloud,
    "bush": _bush,
    "flower": _flower,
    "tuft": _tuft,
    "stone": _stone,
    "sail": _sail,
    "wave": _wave,
    "cactus": _cactus,
    "mesa": _mesa,
    "pine": _pine,
    "spark": _spark,
    "flake": _flake,
}
