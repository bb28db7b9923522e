"""Which parts there are, the variants of each, and the classes: a class is one known variant of every part.

The sixteen classes are four families of four. Inside a family every class shares all but one part with the first one,
so to tell cousins apart a network has to look at that part. All colours come from one small palette, so that any
combination of variants looks like an animal somebody meant to draw.
"""

from dataclasses import dataclass

from models.menagerie.canvas import Colour

CORAL: Colour = (232, 112, 88)
OCHRE: Colour = (236, 176, 62)
TEAL: Colour = (48, 160, 158)
NAVY: Colour = (62, 80, 140)
PLUM: Colour = (146, 84, 140)
MOSS: Colour = (134, 164, 70)
CREAM: Colour = (246, 232, 204)
SLATE: Colour = (120, 134, 156)
RUST: Colour = (196, 98, 56)
ROSE: Colour = (238, 164, 172)
SKY: Colour = (132, 190, 224)
INK: Colour = (52, 54, 72)
WHITE: Colour = (252, 250, 246)

PARTS = ("body", "head", "beak", "eye", "wing", "tail", "feet")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way for a part to look: a shape, two colours and a texture."""

    name: str
    shape: str
    colour: Colour
    accent: Colour
    texture: str = "plain"


VARIANTS: dict[str, tuple[Variant, ...]] = {
    "body": (
        Variant("slender sky", "slender", SKY, CREAM, "bib"),
        Variant("plump coral", "plump", CORAL, CREAM, "bib"),
        Variant("long rust", "long", RUST, OCHRE, "spots"),
        Variant("upright navy", "upright", NAVY, WHITE, "bib"),
        Variant("plump moss", "plump", MOSS, OCHRE, "bands"),
    ),
    "head": (
        Variant("capped", "capped", SKY, NAVY, "cap"),
        Variant("crested", "crested", CORAL, OCHRE, "cheek"),
        Variant("eared", "eared", RUST, CREAM, "cheek"),
        Variant("round", "round", NAVY, WHITE, "cheek"),
        Variant("horned", "horned", NAVY, CREAM, "cheek"),
    ),
    "beak": (
        Variant("dagger", "dagger", OCHRE, RUST),
        Variant("ladle", "ladle", CORAL, INK),
        Variant("cone", "cone", OCHRE, RUST),
        Variant("hook", "hook", RUST, OCHRE),
        Variant("snout", "snout", CREAM, INK),
        Variant("needle", "needle", PLUM, INK),
    ),
    "eye": (
        Variant("bright", "bright", WHITE, INK),
        Variant("amber slit", "slit", OCHRE, INK),
        Variant("sleepy", "sleepy", WHITE, PLUM),
        Variant("ringed", "ringed", CORAL, INK),
    ),
    "wing": (
        Variant("feathered", "feathered", NAVY, SKY, "quills"),
        Variant("leafy", "leafy", PLUM, ROSE, "veins"),
        Variant("moth", "moth", OCHRE, INK, "eyespot"),
        Variant("bat", "bat", INK, PLUM, "ribs"),
        Variant("paddle", "paddle", INK, SLATE, "plain"),
    ),
    "tail": (
        Variant("forked", "forked", NAVY, SKY),
        Variant("fan", "fan", TEAL, OCHRE),
        Variant("plume", "plume", RUST, CREAM),
        Variant("whip", "whip", MOSS, OCHRE),
        Variant("stub", "stub", INK, WHITE),
    ),
    "feet": (
        Variant("stilts", "stilts", OCHRE, RUST),
        Variant("webbed", "webbed", CORAL, RUST),
        Variant("paws", "paws", CREAM, RUST),
        Variant("claws", "claws", SLATE, INK),
    ),
}


@dataclass(frozen=True, slots=True)
class Species:
    """A class: its name and the variant of every part, in the order of ``PARTS``."""

    name: str
    family: str
    variants: tuple[int, ...]


def number(part: str, name: str) -> int:
    """The index of a variant by its name."""
    return [variant.name for variant in VARIANTS[part]].index(name)


def _family(family: str, founder: str, looks: str, cousins: dict[str, tuple[str, str]]) -> list[Species]:
    """The founder with its looks, and cousins that each change one part."""
    base = tuple(number(part, name) for part, name in zip(PARTS, looks.split(", "), strict=True))
    members = [Species(founder, family, base)]
    for name, (part, variant) in cousins.items():
        spot = PARTS.index(part)
        members.append(Species(name, family, (*base[:spot], number(part, variant), *base[spot + 1 :])))
    return members


SPECIES: tuple[Species, ...] = (
    *_family(
        "herons",
        "Reed Heron",
        "slender sky, capped, dagger, bright, feathered, forked, stilts",
        {"Ladle Heron": ("beak", "ladle"), "Peacock Heron": ("tail", "fan"), "Paddlefoot Heron": ("feet", "webbed")},
    ),
    *_family(
        "finches",
        "Ember Finch",
        "plump coral, crested, cone, bright, leafy, fan, claws",
        {"Hookbill Finch": ("beak", "hook"), "Moth Finch": ("wing", "moth"), "Mossy Finch": ("body", "plump moss")},
    ),
    *_family(
        "gryphons",
        "Brush Gryphon",
        "long rust, eared, snout, amber slit, feathered, plume, paws",
        {"Bat Gryphon": ("wing", "bat"), "Whiptail Gryphon": ("tail", "whip"), "Needle Gryphon": ("beak", "needle")},
    ),
    *_family(
        "puffins",
        "Tide Puffin",
        "upright navy, round, hook, ringed, paddle, stub, webbed",
        {"Sleepy Puffin": ("eye", "sleepy"), "Horned Puffin": ("head", "horned"), "Talon Puffin": ("feet", "claws")},
    ),
)
CLASSES: tuple[str, ...] = tuple(species.name for species in SPECIES)
