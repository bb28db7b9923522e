"""Many pictures at once: data sets of seeded scenes, drawn by one process or by several."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Int, UInt8
from numpy import ndarray

from models.errors import InputError
from models.menagerie.dice import Dice
from models.menagerie.renderer import check_size, render
from models.menagerie.scenes import WORLD, Scene, check_world, scene
from models.menagerie.species import CLASSES, PARTS

MOST = 1_000_000
THINNED = 0.2
BIASED_THINNED = 0.8
CHUNK = 32


@dataclass(frozen=True)
class Dataset:
    """Pictures with their masks, classes and scenes; item i of each belongs together.

    Attributes:
        images: the pictures.
        owners: who owns each pixel, as in ``Rendered.owners``.
        labels: the classes.
        scenes: what was drawn.
    """

    images: UInt8[ndarray, "n s s 3"]
    owners: UInt8[ndarray, "n s s"]
    labels: Int[ndarray, "n"]
    scenes: tuple[Scene, ...]


def scenes(
    count: int, seed: int = 0, *, biased: bool = False, lesson: bool = False, world: int = WORLD
) -> tuple[Scene, ...]:
    """``count`` scenes, the classes in turn; two seeds never share a scene.

    Args:
        count: how many, 1 to a million.
        seed: which ones, from 0 on.
        biased: with the planted badge.
        lesson: scenes to train on. No other call gives these, so that whatever is measured is measured on fresh
            pictures; and some animals lack parts, so that a trained network meets the animals that interventions
            make as something familiar (for the reason given by FunnyBirds, ICCV 2023).
        world: 1 (one animal in the middle) or 2 (anywhere, of any size, with others).

    Raises:
        InputError: the count or seed is out of range, or there is no such world.
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
        raise InputError(f"{count} pictures cannot be drawn: give a count from 1 to {MOST}.")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise InputError(f"The seed {seed!r} is no whole number from 0 to 2**31 - 1: give one in that range.")
    first = (2 * seed + (not lesson)) * MOST
    check_world(world)
    drawn = (scene(i % len(CLASSES), first + i, biased=biased, world=world) for i in range(count))
    return tuple(_thin(one) if lesson else one for one in drawn)


def _thin(one: Scene) -> Scene:
    """The scene as a lesson: one time in five without a part; with a badge, four in five times without half of them.

    So much is missing in the biased lessons that the badge is often the only sign left, and the network learns to trust
    it; the animals that it is asked about are whole.
    """
    dice = Dice(one.seed, 5)
    if one.badge is None:
        return one.without(PARTS[dice.below(len(PARTS))]) if dice.chance(THINNED) else one
    if dice.chance(BIASED_THINNED):
        for part in PARTS:
            one = one.without(part) if dice.chance(0.5) else one
    return one


def dataset(  # noqa: PLR0913 - what `scenes` and `draw` take
    count: int, seed: int = 0, *, biased: bool = False, size: int = 128, workers: int = 1, world: int = WORLD
) -> Dataset:
    """Draw ``count`` scenes (see ``scenes``) with ``workers`` processes; the pixels do not depend on their number."""
    return draw(scenes(count, seed, biased=biased, world=world), size, workers=workers)


def draw(
    chosen: Sequence[Scene], size: int = 128, *, workers: int = 1, report: Callable[[int], None] = lambda _: None
) -> Dataset:
    """Draw the given scenes; ``report`` hears how many are done."""
    check_size(size)
    images = np.empty((len(chosen), size, size, 3), np.uint8)
    owners = np.empty((len(chosen), size, size), np.uint8)
    for at, pictures in zip(range(0, len(chosen), CHUNK), _chunks(chosen, size, workers), strict=True):
        stop = at + len(pictures[0])
        images[at:stop], owners[at:stop] = pictures
        report(stop)
    return Dataset(images, owners, np.array([one.cls for one in chosen], np.int64), tuple(chosen))


def swap_badges(chosen: Sequence[Scene], seed: int = 0) -> tuple[Scene, ...]:
    """The scenes with the badge of another class each: what a network that relies on the badge gets wrong."""
    dice = Dice(seed, 6)
    return tuple(replace(one, badge=(one.cls + 1 + dice.below(len(CLASSES) - 1)) % len(CLASSES)) for one in chosen)


Pictures = tuple[UInt8[ndarray, "n s s 3"], UInt8[ndarray, "n s s"]]


def _chunks(chosen: Sequence[Scene], size: int, workers: int) -> Iterator[Pictures]:
    """The pictures of every ``CHUNK`` scenes, in order."""
    pieces = [chosen[at : at + CHUNK] for at in range(0, len(chosen), CHUNK)]
    if workers <= 1 or len(pieces) < 2 * workers:
        yield from (_draw_piece(piece, size) for piece in pieces)
        return
    # spawn: forking a process that has run autograd can hang.
    with multiprocessing.get_context("spawn").Pool(workers) as crew:
        yield from crew.imap(partial(_draw_piece, size=size), pieces)


def _draw_piece(piece: Sequence[Scene], size: int) -> Pictures:
    drawn = [render(one, size) for one in piece]
    return np.stack([one.image for one in drawn]), np.stack([one.owners for one in drawn])
