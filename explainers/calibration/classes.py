"""Does a map tell one class from another? The grid game, and FunnyBirds' target sensitivity.

A method that draws the animal whatever it is asked about passes every question about parts that matter for any class;
here it gets what chance gets: a quarter in the grid game, one half in target sensitivity.
"""

from functools import cache
from itertools import combinations

import numpy as np
from jaxtyping import Float, UInt8

from explainers.calibration.benchmark import REGIONS, Benchmark
from explainers.calibration.metrics import Readings
from models.menagerie import CLASSES, SPECIES, Scene, draw, scenes

ROOMY = 0.8
"""Least scale of an animal in the grid game, where every picture is drawn at half of its side."""
Pair = tuple[int, int, tuple[int, ...], tuple[int, ...]]


def grid_game(benchmark: Benchmark, count: int, seed: int) -> Benchmark:
    """Pictures of 2 x 2 animals of four classes, to be explained for one of them.

    The right animal is in cell ``row % 4``, counted from the upper left; nothing has a truth by intervention.

    Args:
        benchmark: whose network is asked, of whose world the animals are.
        count: how many pictures.
        seed: which animals.
    """
    size = benchmark.images.shape[1]
    chosen = _four_by_four(count, seed, benchmark.scenes[0].world)
    cells = draw([one for four in chosen for one in four], size // 2)
    firsts = tuple(four[row % 4] for row, four in enumerate(chosen))
    nothing = np.full((count, len(REGIONS)), np.nan)
    return Benchmark(
        firsts,
        _two_by_two(cells.images),
        _two_by_two(cells.owners),
        np.array([one.cls for one in firsts]),
        nothing,
        nothing,
        nothing,
        benchmark.network,
    )


def _two_by_two(pictures: UInt8[np.ndarray, "m s s *c"]) -> UInt8[np.ndarray, "n t t *c"]:
    """Every four pictures as one of twice their side."""
    size = pictures.shape[1]
    cells = pictures.reshape(-1, 2, 2, *pictures.shape[1:]).swapaxes(2, 3)
    return np.ascontiguousarray(cells.reshape(-1, 2 * size, 2 * size, *pictures.shape[3:]))


def _four_by_four(count: int, seed: int, world: int) -> list[list[Scene]]:
    """Scenes of one animal each, four different classes at a time."""
    rng = np.random.default_rng((seed, 4))
    pool = [one.without("others") for one in scenes(8 * count + 64, seed + 1, world=world) if one.pose.scale >= ROOMY]
    by_class = {cls: [one for one in pool if one.cls == cls] for cls in range(len(CLASSES))}
    quartets = [rng.choice(len(CLASSES), 4, replace=False) for _ in range(count)]
    return [[by_class[int(cls)][rng.integers(len(by_class[int(cls)]))] for cls in four] for four in quartets]


def share_in_right_cell(readings: Readings) -> Float[np.ndarray, " n"]:
    """Share of the positive map in the right cell; chance is a quarter (Boehle, Fritz and Schiele, CVPR 2021)."""
    half = readings.maps.shape[1] // 2
    positive = np.clip(np.nan_to_num(readings.maps), 0, None)
    cells = positive.reshape(-1, 2, half, 2, half).sum((2, 4)).reshape(-1, 4)
    right, total = cells[np.arange(len(cells)), np.arange(len(cells)) % 4], cells.sum(1)
    return np.where(readings.ordered & (total > 0), right / np.where(total > 0, total, 1), 0.0)


@cache
def rivals(cls: int) -> Pair | None:
    """Two other classes that each share parts with ``cls`` that the other does not, and which parts these are."""
    looks = SPECIES[cls].variants
    shared = {
        i: {p for p, v in enumerate(other.variants) if v == looks[p]} for i, other in enumerate(SPECIES) if i != cls
    }
    for a, b in combinations(shared, 2):
        only_a, only_b = shared[a] - shared[b], shared[b] - shared[a]
        if only_a and only_b:
            return a, b, tuple(sorted(only_a)), tuple(sorted(only_b))
    return None


def target_sensitivity(first: Readings, second: Readings, pairs: list[Pair]) -> Float[np.ndarray, " n"]:
    """FunnyBirds' target sensitivity: maps for two other classes prefer the parts that each shares with the picture.

    Args:
        first: maps for the first class of each pair.
        second: maps for the second.
        pairs: as `rivals` gives them.

    Returns:
        1, 0.5 or 0 a picture; NaN where the parts of one of the two are not to be seen.
    """
    marks = []
    for row, (_, _, only_a, only_b) in enumerate(pairs):
        halves = []
        for readings, shared, rest in ((first, only_a, only_b), (second, only_b, only_a)):
            density = readings.density[row]
            seen = np.isfinite(density[list(shared)]).any() and np.isfinite(density[list(rest)]).any()
            more = seen and np.nanmean(density[list(shared)]) > np.nanmean(density[list(rest)])
            halves.append(float(readings.ordered[row] and more) if seen else np.nan)
        marks.append(np.mean(halves))
    return np.array(marks)
