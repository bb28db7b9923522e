"""Pairs of drawn classes that differ in one characteristic alone, by the parameters of the menagerie's own renderer.

No two species differ so: a variant changes shape and colours together. Here one animal is drawn in two looks, whose
parts differ in their colours alone, in their outlines alone, or in the fine pattern of their skin alone; pose, light
and background are drawn by lot for every picture.
"""

import colorsys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from models.menagerie import anatomy, class_index, habitats
from models.menagerie.canvas import Canvas, Colour
from models.menagerie.pen import Pen
from models.menagerie.poses import frame, joints, pose
from models.menagerie.renderer import ORDER
from models.menagerie.species import PARTS, SPECIES, VARIANTS, Variant

SIDE, FOLD = 256, 2
AMPLITUDE = 14  # of a pattern, of 255


@dataclass(frozen=True)
class Pattern:
    """Stripes or checks that alternate light and dark over a skin, so many pixels each."""

    rows: int = 0
    columns: int = 0

    def drawn(self) -> np.ndarray:
        """-1 and 1, (256, 256)."""
        rows, columns = np.mgrid[:SIDE, :SIDE]
        parity = (rows // self.rows if self.rows else 0) + (columns // self.columns if self.columns else 0)
        return np.where(parity % 2, 1.0, -1.0)


@dataclass(frozen=True)
class Look:
    """How an animal looks: its class, the variant of every part, and the pattern of its skin."""

    cls: int
    variants: tuple[Variant, ...]
    pattern: Pattern | None = None


@dataclass(frozen=True)
class Pair:
    """Two looks that differ in one characteristic; the strengths were set on those that are not held out."""

    name: str
    truth: str
    looks: tuple[Look, Look]
    held_out: bool = False


def draw(look: Look, seed: int) -> np.ndarray:
    """One picture, uint8 (256, 256, 3)."""
    how, side = pose(seed), SIDE * FOLD
    canvas = Canvas(Image.new("RGB", (side, side)), how.light)
    habitats.paint(canvas, side, seed)
    frames = joints(frame(how, look.cls, side), look.cls, how)
    build, _ = anatomy.skeleton(look.cls)
    for part in ORDER:
        at = PARTS.index(part)
        anatomy.draw(part, Pen(canvas, frames[part], look.variants[at], at + 1), build, how.step)
    picture = np.asarray(canvas.picture.reduce(FOLD)).astype(np.float32)
    animal = np.asarray(canvas.owners)[::FOLD, ::FOLD] > 0
    if look.pattern is not None:
        picture += np.where(animal, AMPLITUDE * look.pattern.drawn(), 0)[..., None]
    grain = np.random.default_rng(seed).normal(0, 1.5, picture.shape[:2])[..., None]
    return np.clip(picture * how.brightness + grain + 0.5, 0, 255).astype(np.uint8)


def write(pair: Pair, folder: Path, count: int) -> None:
    """Pictures to train on, a folder for each look; their seeds begin at 1000."""
    for cls, look in enumerate(pair.looks):
        (folder / f"look {cls}").mkdir(parents=True)
        for at in range(count):
            picture = Image.fromarray(draw(look, 1000 + cls * 500 + at))
            picture.save(folder / f"look {cls}" / f"{at}.png")


def colours(name: str, by: float, held_out: bool = False) -> Pair:
    """A class, and the same with all hues turned by a share of the circle."""
    cls = class_index(name)
    turned = tuple(replace(one, colour=_hue(one.colour, by), accent=_hue(one.accent, by)) for one in _variants(cls))
    return Pair(f"{name} in other colours", "hue", (Look(cls, _variants(cls)), Look(cls, turned)), held_out)


def patterns(name: str, first: Pattern, second: Pattern, held_out: bool = False) -> Pair:
    """A class in two patterns."""
    cls = class_index(name)
    looks = (Look(cls, _variants(cls), first), Look(cls, _variants(cls), second))
    return Pair(f"{name} in other patterns", "texture", looks, held_out)


def outlines(name: str, held_out: bool = False, **shapes: str) -> Pair:
    """A class, and the same with other outlines in the same colours."""
    cls = class_index(name)
    parts = zip(PARTS, _variants(cls), strict=True)
    other = tuple(replace(one, shape=shapes.get(part, one.shape)) for part, one in parts)
    return Pair(f"{name} in other outlines", "shape", (Look(cls, _variants(cls)), Look(cls, other)), held_out)


def _variants(cls: int) -> tuple[Variant, ...]:
    return tuple(VARIANTS[part][number] for part, number in zip(PARTS, SPECIES[cls].variants, strict=True))


def _hue(colour: Colour, by: float) -> Colour:
    hue, lightness, saturation = colorsys.rgb_to_hls(*(value / 255 for value in colour))
    red, green, blue = colorsys.hls_to_rgb((hue + by) % 1, lightness, saturation)
    return round(255 * red), round(255 * green), round(255 * blue)


PAIRS = (
    colours("Ember Finch", 0.5),
    colours("Brush Gryphon", 0.4),
    colours("Reed Heron", 0.35),
    colours("Tide Puffin", 0.5),
    patterns("Ember Finch", Pattern(rows=2), Pattern(4, 4)),
    patterns("Brush Gryphon", Pattern(columns=3), Pattern(2, 2)),
    patterns("Reed Heron", Pattern(rows=3), Pattern(columns=3)),
    patterns("Tide Puffin", Pattern(rows=2), Pattern(columns=4)),
    outlines("Ember Finch", tail="plume", wing="moth"),
    outlines("Brush Gryphon", wing="paddle", head="horned", tail="fan"),
    outlines("Reed Heron", beak="ladle", tail="fan"),
    outlines("Tide Puffin", head="eared", tail="forked", beak="needle"),
    colours("Moth Finch", 0.3, held_out=True),
    colours("Bat Gryphon", 0.55, held_out=True),
    colours("Peacock Heron", 0.5, held_out=True),
    colours("Horned Puffin", 0.4, held_out=True),
    patterns("Moth Finch", Pattern(3, 3), Pattern(columns=3), held_out=True),
    patterns("Bat Gryphon", Pattern(rows=2), Pattern(columns=2), held_out=True),
    patterns("Peacock Heron", Pattern(2, 2), Pattern(rows=3), held_out=True),
    patterns("Horned Puffin", Pattern(4, 4), Pattern(rows=2), held_out=True),
    outlines("Moth Finch", held_out=True, tail="plume", head="horned"),
    outlines("Bat Gryphon", held_out=True, wing="feathered", beak="ladle", tail="forked"),
    outlines("Peacock Heron", held_out=True, tail="plume", wing="moth"),
    outlines("Horned Puffin", held_out=True, head="crested", wing="leafy", tail="fan"),
)
