"""The planted shortcut: a small emblem in a corner, one for each class, which a biased training set gives away."""

from models.menagerie.canvas import Canvas, Colour
from models.menagerie.shapes import Outline, ellipse, star

FORMS: tuple[Outline, ...] = (ellipse(0.5, 0.5), star(3, 0.66, 0.33), star(4, 0.62, 0.438), star(5, 0.66, 0.27))
INKS: tuple[Colour, ...] = ((216, 58, 58), (44, 104, 206), (250, 200, 40), (38, 158, 88))
REACH = 0.068


def place(corner: int, shift: complex) -> complex:
    """Centre of a badge in shares of the side: corner 0..3 and a shift of up to one in x and y."""
    x, y = (0.1 + 0.02 * shift.real), (0.1 + 0.02 * shift.imag)
    return complex(1 - x if corner % 2 else x, 1 - y if corner // 2 else y)


def draw(canvas: Canvas, badge: int, centre: complex, side: int, owner: int) -> None:
    """Paint badge number ``badge`` around ``centre`` (shares of the side)."""
    ink, form = INKS[badge % len(INKS)], FORMS[badge // len(INKS) % len(FORMS)]
    z, radius = centre * side, REACH * side
    canvas.dot(z, radius, (46, 46, 62), owner)
    canvas.dot(z, 0.9 * radius, (252, 250, 244), owner)
    canvas.flat(z + radius * form, ink, owner)
