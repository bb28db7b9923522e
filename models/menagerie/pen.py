"""What a part is drawn with."""

from collections.abc import Callable
from dataclasses import dataclass

from models.menagerie.canvas import Canvas, Colour
from models.menagerie.shapes import Frame, Outline
from models.menagerie.species import Variant

RIM = 0.022
"""Width of the dark rim around a rounded shape, in units."""


@dataclass(frozen=True, slots=True)
class Pen:
    """What a part is drawn with: the canvas, the frame of the part, its look and the number that owns its pixels."""

    canvas: Canvas
    frame: Frame
    look: Variant
    owner: int

    @property
    def rim(self) -> float:
        """Width of the dark rim in pixels."""
        return RIM * self.frame.unit

    def round(self, outline: Outline, colour: Colour, texture: Callable[[Canvas], None] | None = None) -> None:
        """A rounded, shaded shape."""
        self.canvas.round(self.frame.map(outline), colour, self.owner, self.rim, texture)

    def flat(self, outline: Outline, colour: Colour) -> None:
        """A flat shape."""
        self.canvas.flat(self.frame.map(outline), colour, self.owner)

    def dot(self, centre: complex, radius: int | float, colour: Colour) -> None:
        """A flat disc."""
        self.canvas.dot(self.frame.point(centre), radius * self.frame.unit, colour, self.owner)

    def at(self, anchor: complex, degrees: int | float = 0.0, scale: int | float = 1.0) -> "Pen":
        """The same pen in a frame hung on this one."""
        return Pen(self.canvas, self.frame.at(anchor, degrees, scale), self.look, self.owner)

    def on(self, canvas: Canvas) -> "Pen":
        """The same pen on another canvas (a texture on a skin)."""
        return Pen(canvas, self.frame, self.look, self.owner)
