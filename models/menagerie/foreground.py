"""What is on the ground below an animal and in front of it: shadow, grass, twigs, stones.

Coordinates are shares of the picture's side; x points right, y down.
"""

import numpy as np

from models.menagerie.canvas import Canvas, Colour, darker, lighter, mix
from models.menagerie.dice import Dice
from models.menagerie.shapes import Outline, ellipse, leaf, smooth, tube

GREENS: tuple[Colour, ...] = ((112, 156, 74), (88, 134, 84), (150, 160, 78), (96, 120, 70))


def shade(canvas: Canvas, foot: complex, reach: int | float) -> None:
    """The animal's soft shadow on the ground below ``foot``; it belongs to no part."""
    canvas.tint(ellipse(1.0, 0.19) * reach + foot, (20, 22, 48), 0.55)


Keep = tuple[tuple[complex, float], ...]


def grow(canvas: Canvas, side: int, dice: Dice, keep: Keep, *, spare_all: bool = False) -> None:
    """Grass, leaves and stones in front of the animal.

    Args:
        canvas: what to paint on.
        side: its side in pixels.
        dice: the chance of this scene.
        keep: discs (pixels) that no twig with leaves may enter.
        spare_all: grass and stones spare them too; in world 1 the animal stands too high for these to matter.
    """
    green = GREENS[dice.below(len(GREENS))]
    low = keep if spare_all else ()
    for _ in range(dice.below(4)):
        _blades(canvas, side, dice, (green, low))
    for _ in range(dice.below(3)):
        _branch(canvas, side, dice, (green, keep))
    if dice.chance(0.4):
        _boulder(canvas, side, dice, low)


def _clear(outline: Outline, keep: Keep, margin: float = 0.0) -> bool:
    """Whether an outline (pixels) stays out of the discs."""
    return all(np.abs(outline - z).min() > radius + margin for z, radius in keep)


def _blades(canvas: Canvas, side: int, dice: Dice, look: tuple[Colour, Keep]) -> None:
    """A tuft of grass at the lower edge."""
    green, keep = look
    foot, size = complex(dice.number(0.02, 0.98), 1.02), dice.number(0.14, 0.26)
    for _ in range(3 + dice.below(3)):
        blade = size * complex(np.exp(1j * np.deg2rad(dice.number(-125, -55)))) * leaf(1.0, 0.055)
        outline = (foot + dice.number(-0.04, 0.04) + blade) * side
        colour = mix(green, (226, 224, 140), dice.number(0.0, 0.4))
        if _clear(outline, keep):
            canvas.flat(outline, colour)


def _branch(canvas: Canvas, side: int, dice: Dice, look: tuple[Colour, Keep]) -> None:
    """A twig with leaves that reaches in from an edge; moved until it spares the discs, given up after a few tries."""
    green, keep = look
    for _ in range(6):
        root = ((-0.02 + 0j), (1.02 + 0j), (0 - 0.02j))[dice.below(3)]
        root += dice.number(0.05, 0.95) if root.imag else 1j * dice.number(0.02, 0.75)
        tip = root + dice.number(0.2, 0.32) * np.exp(1j * (np.angle(0.5 + 0.55j - root) + dice.number(-0.5, 0.5)))
        twig = tube(
            root * side, (0.5 * root + 0.5 * tip + 0.03j) * side, tip * side, start=0.012 * side, end=0.006 * side
        )
        if _clear(twig, keep, 0.03 * side):
            return _leaves(canvas, twig, side, green)
    return None


def _leaves(canvas: Canvas, twig: Outline, side: int, green: Colour) -> None:
    """The twig and its leaves."""
    canvas.flat(twig, darker(mix(green, (140, 96, 60), 0.6), 0.2))
    half = len(twig) // 2
    spine = (twig[:half] + twig[: half - 1 : -1]) / 2
    for step, spread in ((3, -60), (5, 60), (half - 1, -20), (half - 1, 35)):
        along = spine[step] - spine[step - 1]
        axis = 0.125 * side * along / abs(along) * complex(np.exp(1j * np.deg2rad(spread)))
        canvas.round(spine[step] + axis * leaf(1.0, 0.22), green, 0, 0.005 * side)
        canvas.flat(spine[step] + axis * leaf(0.8, 0.025), lighter(green, 0.4))


def _boulder(canvas: Canvas, side: int, dice: Dice, keep: Keep) -> None:
    """A stone at the lower edge."""
    size = dice.number(0.07, 0.12) * side
    z = complex(dice.number(0.0, 1.0), 0.97) * side
    outline = smooth(-1.0 + 0.5j, -0.75 - 0.35j, 0.05 - 0.7j, 0.8 - 0.35j, 1.0 + 0.5j, 0.0 + 0.7j)
    colour = mix((138, 134, 140), (160, 132, 108), dice.number())
    if _clear(z + size * outline, keep) and all(abs(spot - z) > size for spot, _ in keep):
        canvas.round(z + size * outline, colour, 0, 0.007 * side)
