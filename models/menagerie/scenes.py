"""A scene: everything that one picture of the menagerie is made of, small enough to write down as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from models.errors import InputError
from models.menagerie.dice import Dice
from models.menagerie.poses import Pose, free_pose, pose
from models.menagerie.species import CLASSES, PARTS, SPECIES, VARIANTS

WORLDS = (1, 2)
WORLD = 2
"""The version of the world where none is named."""
BADGES = len(CLASSES)
BADGE_TRUST = 0.97
"""Share of biased scenes whose badge is that of their class; the rest carry any badge."""
LARGE = 0.6
"""World 2: an animal below this scale is alone, so that the animal asked about is always the largest."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture before it is drawn.

    Attributes:
        cls: the class of the animal, an index into ``CLASSES``.
        seed: what the pose, the light and everything around the animal follow from.
        parts: the variant of each of ``PARTS``, None where it was removed.
        background: the seed of the background.
        badge: the class whose badge hangs in a corner, if one does.
        occluded: whether grass, twigs and stones grow in front.
        world: 1 for one animal in the middle, 2 for animals anywhere.
        companions: how many smaller animals of other families stand behind (world 2).
        strays: how many parts of other species lie about (world 2).
    """

    cls: int
    seed: int
    parts: tuple[int | None, ...]
    background: int
    badge: int | None = None
    occluded: bool = True
    world: int = 1
    companions: int = 0
    strays: int = 0

    def without(self, part: str) -> "Scene":
        """The same scene without a part, the badge or the others (with their shadows); every other pixel stays."""
        if part == "badge":
            return replace(self, badge=None)
        if part == "others":
            return replace(self, companions=0, strays=0)
        return self._with(part, None)

    def swapped(self, part: str, variant: int | str) -> "Scene":
        """The same scene with another variant of a part, by number or name (or another badge, by number)."""
        if part == "badge":
            return replace(self, badge=_within(variant, BADGES, "badge"))
        names = [v.name for v in VARIANTS[_part(part)]]
        if isinstance(variant, str) and variant not in names:
            raise InputError(f"{part.capitalize()} has no variant '{variant}': use one of {', '.join(names)}.")
        number = names.index(variant) if isinstance(variant, str) else variant
        return self._with(part, _within(number, len(names), f"variant of {part}"))

    def on(self, background: int) -> "Scene":
        """The same animal, light, badge and foreground before another background."""
        return replace(self, background=_seed(background))

    def unobstructed(self) -> "Scene":
        """The same scene with nothing in front of the animal."""
        return replace(self, occluded=False)

    def variant(self, part: str) -> int | None:
        """The variant of a part that is shown, or None."""
        return self.parts[PARTS.index(_part(part))]

    @property
    def pose(self) -> Pose:
        """How the animal stands and how it is lit."""
        return pose(self.seed) if self.world == 1 else free_pose(self.seed, self.cls)

    @property
    def name(self) -> str:
        """The class."""
        return CLASSES[self.cls]

    @property
    def attributes(self) -> dict[str, Any]:
        """What is to be seen, in words and numbers."""
        looks = {p: None if v is None else VARIANTS[p][v].name for p, v in zip(PARTS, self.parts, strict=True)}
        return {
            "class": self.name,
            "family": SPECIES[self.cls].family,
            "parts": looks,
            "badge": self.badge,
            **asdict(self.pose),
        }

    def to_json(self) -> dict[str, Any]:
        """Plain values from which ``from_json`` makes the scene again."""
        return {**asdict(self), "parts": list(self.parts)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Scene":
        """The scene of ``to_json``."""
        return cls(**{**values, "parts": tuple(values["parts"])})

    def _with(self, part: str, variant: int | None) -> "Scene":
        spot = PARTS.index(_part(part))
        return replace(self, parts=(*self.parts[:spot], variant, *self.parts[spot + 1 :]))


def scene(cls: int, seed: int, *, biased: bool = False, world: int = WORLD) -> Scene:
    """The scene of a class and a seed.

    Args:
        cls: the class, an index into ``CLASSES``.
        seed: any whole number from 0 on; one seed gives one scene for ever.
        biased: hang a badge in a corner that is the badge of the class with probability ``BADGE_TRUST``.
        world: 1 (one animal in the middle) or 2 (anywhere, of any size, with others).

    Raises:
        InputError: no such class or world, or a negative seed.
    """
    number = _within(cls, len(CLASSES), "class")
    badge = None
    if biased:
        dice = Dice(_seed(seed), 3)
        badge = number if dice.chance(BADGE_TRUST) else dice.below(BADGES)
    lone = Scene(number, _seed(seed), SPECIES[number].variants, background=seed, badge=badge)
    return lone if check_world(world) == 1 else _with_others(replace(lone, world=world))


def _with_others(lone: Scene) -> Scene:
    """The scene with what else is in a picture of world 2: three in four animals that are large enough have company."""
    dice = Dice(lone.seed, 9)
    company = dice.chance(0.75) and lone.pose.scale >= LARGE
    return replace(lone, companions=2 + dice.below(2) if company else 0, strays=dice.below(4))


def check_world(world: int) -> int:
    """A version of the world, or a clear refusal."""
    if isinstance(world, bool) or world not in WORLDS:
        raise InputError(f"There is no world {world!r}: use one of {', '.join(map(str, WORLDS))}.")
    return world


def class_index(name: str | int) -> int:
    """The number of a class from its name (upper or lower case) or its number."""
    folded = {label.casefold(): index for index, label in enumerate(CLASSES)}
    if isinstance(name, str) and name.casefold() in folded:
        return folded[name.casefold()]
    if isinstance(name, str):
        raise InputError(f"The menagerie has no class '{name}': use one of {', '.join(CLASSES)}.")
    return _within(name, len(CLASSES), "class")


def _part(part: str) -> str:
    if part not in PARTS:
        raise InputError(f"The menagerie's animals have no part '{part}': use one of {', '.join(PARTS)}.")
    return part


def _within(number: int | str, count: int, what: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < count:
        raise InputError(f"There is no {what} {number!r}: give a whole number from 0 to {count - 1}.")
    return number


def _seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError(f"The seed {seed!r} is no whole number from 0 to 2**63 - 1: give one in that range.")
    return seed
