"""How an animal is put together from its parts.

Lengths are in units of which a whole animal is about two long. It looks to the right (+x), y points down, the centre of
its body is the origin. Each part is drawn by one small function in ``bodies``, ``faces`` or ``limbs``.
"""

from models.menagerie.bodies import BUILDS, FACES, REACH, Build, Face, body, head
from models.menagerie.faces import beak, eye
from models.menagerie.limbs import feet, tail, wing
from models.menagerie.pen import Pen
from models.menagerie.species import PARTS, SPECIES, VARIANTS


def skeleton(cls: int) -> tuple[Build, Face]:
    """The joints of a class; they stay where they are when a part is swapped, so that nothing else moves."""
    body, head = (VARIANTS[part][SPECIES[cls].variants[PARTS.index(part)]].shape for part in ("body", "head"))
    return BUILDS[body], FACES[head]


def reach(cls: int) -> float:
    """Length of the legs of a class."""
    return REACH[VARIANTS["feet"][SPECIES[cls].variants[PARTS.index("feet")]].shape]


def draw(part: str, pen: Pen, build: Build, step: float) -> None:
    """Draw one of ``PARTS`` on the joints of ``build``; ``step`` is the swing of the legs in degrees."""
    match part:
        case "feet":
            feet(pen, step)
        case "body":
            body(pen, build)
        case _:
            {"head": head, "beak": beak, "eye": eye, "wing": wing, "tail": tail}[part](pen)
