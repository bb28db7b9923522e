"""What else is in a picture of world 2: smaller animals of other families, and stray parts of other species.

The animal that the picture is about is the largest and stands in front. Nothing here depends on its parts, so that
taking one away moves no neighbour.
"""

from dataclasses import dataclass, replace

from models.menagerie.dice import Dice
from models.menagerie.poses import Pose, pose
from models.menagerie.scenes import Scene
from models.menagerie.species import CLASSES, SPECIES

SIZES, SMALLEST = (0.45, 0.65), 0.3
"""Scale of a companion in shares of the animal's, and the least there is."""
STRAY_PARTS = ("beak", "wing", "tail", "feet", "head")
TRIES = 8


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another animal, or one part of it where ``part`` is named."""

    cls: int
    pose: Pose
    part: str = ""


def neighbours(scene: Scene) -> tuple[Neighbour, ...]:
    """Who else is there: stray parts first, then animals, those that are drawn later in front."""
    main, dice = scene.pose, Dice(scene.seed, 10)
    taken = [complex(main.x, main.y)]
    animals = [_companion(scene, dice, taken) for _ in range(scene.companions)]
    dice = Dice(scene.seed, 11)
    strays = [
        replace(_companion(scene, dice, taken), part=STRAY_PARTS[dice.below(len(STRAY_PARTS))])
        for _ in range(scene.strays)
    ]
    return (*strays, *animals)


def _companion(scene: Scene, dice: Dice, taken: list[complex]) -> Neighbour:
    """An animal of another family where there is most room; ``taken`` gets its place."""
    main = scene.pose
    strangers = [i for i in range(len(CLASSES)) if SPECIES[i].family != SPECIES[scene.cls].family]
    cls, look = strangers[dice.below(len(strangers))], pose(dice.below(2**31))
    spots = [complex(dice.number(-0.42, 0.42), dice.number(-0.42, 0.4)) for _ in range(TRIES)]
    spot = max(spots, key=lambda z: min(abs(z - other) for other in taken))
    taken.append(spot)
    scale = max(SMALLEST, main.scale * dice.number(*SIZES))
    return Neighbour(cls, replace(look, x=spot.real, y=spot.imag, scale=scale, light=main.light))
