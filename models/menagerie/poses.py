"""How an animal stands: in world 1 in the middle of its picture, in world 2 anywhere, small or cut by its border."""

from dataclasses import dataclass, replace
from functools import lru_cache

from models.menagerie import anatomy
from models.menagerie.dice import Dice
from models.menagerie.shapes import Frame, turn
from models.menagerie.species import PARTS, SPECIES

OFF, SCALES = 1 / 3, (0.4, 1.2)
"""World 2: how far the animal's middle lies from the picture's, in shares of its side, and how large it is."""
TRIES = 24
DISCS = {
    "head": (-0.3j, 0.3),
    "beak": (0.1 + 0j, 0.42),
    "eye": (0j, 0.36),
    "wing": (-0.2 - 0.05j, 0.12),
    "tail": (-0.3 + 0j, 0.14),
    "feet": (0.25j, 0.2),
}
"""Where the telling middle of a part lies in its own frame, and its radius: nothing may grow over it."""
TELLING = {
    "body": (0j, 0.3),
    "head": (-0.1j, 0.2),
    "beak": (0.2 + 0j, 0.16),
    "eye": (0j, 0.12),
    **{"wing": (-0.2 - 0.05j, 0.22), "tail": (-0.3 + 0j, 0.2), "feet": (0.25j, 0.26)},
}
"""The disc of a part that the border may not cut where the part tells the animal from its cousins."""


@dataclass(frozen=True, slots=True)
class Pose:
    """How the animal stands and how it is lit: pixels follow from this and from nothing else that is random."""

    x: float
    y: float
    scale: float
    lean: float
    mirror: bool
    nod: float
    flap: float
    wag: float
    step: float
    light: int
    brightness: float
    warmth: float
    corner: int
    drift_x: float
    drift_y: float


def pose(seed: int) -> Pose:
    """The pose of a seed."""
    dice = Dice(seed, 0)
    return Pose(
        x=dice.number(-0.05, 0.05),
        y=dice.number(-0.04, 0.04),
        scale=dice.number(0.86, 1.1),
        lean=dice.number(-11, 11),
        mirror=dice.chance(0.5),
        nod=dice.number(-10, 10),
        flap=dice.number(-16, 12),
        wag=dice.number(-14, 14),
        step=dice.number(2, 16),
        light=9 + dice.below(7),
        brightness=dice.number(0.86, 1.08),
        warmth=dice.number(-1, 1),
        corner=dice.below(4),
        drift_x=dice.number(-1, 1),
        drift_y=dice.number(-1, 1),
    )


@lru_cache(maxsize=4096)
def free_pose(seed: int, cls: int) -> Pose:
    """The pose of a seed in world 2: the border may cut any part but those that tell the class from its cousins."""
    dice = Dice(seed, 8)
    steady = replace(pose(seed), scale=dice.number(*SCALES))
    for _ in range(TRIES):
        how = replace(steady, x=dice.number(-OFF, OFF), y=dice.number(-OFF, OFF))
        if _telling_parts_inside(how, cls):
            break
    else:
        how = replace(steady, x=0.0, y=0.0)
    return replace(how, corner=(how.x < 0) + 2 * (how.y < 0))  # the badge hangs where the animal is not


def frame(how: Pose, cls: int, side: int) -> Frame:
    """Where an animal of a class stands on a canvas of ``side`` pixels; its middle lies on the pose's."""
    build, _ = anatomy.skeleton(cls)
    axis = 0.335 * side * how.scale * build.scale * turn(how.lean)
    middle = build.centre + 0.5j * (build.hip.imag + anatomy.reach(cls) - 0.68)
    return Frame(complex(0.5 + how.x, 0.54 + how.y) * side, axis, how.mirror).at(-middle)


def joints(stand: Frame, cls: int, how: Pose) -> dict[str, Frame]:
    """The frame of every part of an animal that stands in ``stand``."""
    build, face = anatomy.skeleton(cls)
    head = stand.at(build.head, how.nod)
    return {
        "body": stand,
        "head": head,
        "beak": head.at(face.beak),
        "eye": head.at(face.eye),
        "wing": stand.at(build.wing, how.flap),
        "tail": stand.at(build.tail, how.wag),
        "feet": stand.at(build.hip),
    }


def discs(stand: Frame, cls: int, how: Pose) -> tuple[tuple[complex, float], ...]:
    """Discs (pixels) that no twig may enter: crown, face, and the middle of the wing, tail and feet."""
    frames = joints(stand, cls, how)
    return tuple((frames[part].point(z), radius * stand.unit) for part, (z, radius) in DISCS.items())


@lru_cache(maxsize=len(SPECIES))
def telling(cls: int) -> tuple[str, ...]:
    """The parts that no cousin has in the same variant: a class is known when its family and these are seen."""
    species = SPECIES[cls]
    cousins = [other.variants for other in SPECIES if other.family == species.family and other is not species]
    founder = SPECIES[cls - cls % 4].variants
    changed = [i for i in range(len(PARTS)) if species.variants[i] != founder[i]]
    return tuple(
        PARTS[i] for i in changed or [i for i in range(len(PARTS)) if any(c[i] != founder[i] for c in cousins)]
    )


def _telling_parts_inside(how: Pose, cls: int) -> bool:
    """Whether the parts that tell the class lie within a picture of side 1."""
    stand = frame(how, cls, 1)
    frames = joints(stand, cls, how)
    for part in telling(cls):
        z, radius = TELLING[part]
        spot, margin = frames[part].point(z), radius * stand.unit
        if not (margin <= spot.real <= 1 - margin and margin <= spot.imag <= 1 - margin):
            return False
    return True
