"""What a map is worth against the truth: one mark a picture for each question. Higher is better in all of them.

Metrics of a map that has no order (empty, constant, not finite) are the worst ones: such a map answers nothing.
The six protocols of FunnyBirds (Hesse, Schaub-Meyer and Roth, ICCV 2023, section 4) go by their names there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import rankdata

from explainers.calibration.benchmark import REGIONS, Benchmark
from explainers.evidence.faithfulness import unordered
from models.menagerie import PARTS, SPECIES

THRESHOLDS = (0.3, 0.6)
"""A map calls a region important when its density there is at least this share of its greatest one."""
UNIMPORTANT = 0.05


@dataclass(frozen=True)
class Answers:
    """The maps of one method over the benchmark, and what they say of each region.

    Attributes:
        maps: float32 (N, S, S), signed.
        density: (N, R), mean of the map over each region's visible pixels; NaN where the region is not seen.
        ordered: (N,), whether the map has an order at all.
    """

    maps: Float[np.ndarray, "n s s"]
    density: Float[np.ndarray, "n r"]
    ordered: Bool[np.ndarray, " n"]


def read(benchmark: Benchmark, maps: Float[np.ndarray, "n s s"]) -> Answers:
    """Read maps region by region."""
    ordered = np.array([not unordered(each) for each in maps])
    count = len(REGIONS) + 1
    slots = benchmark.owners.reshape(len(maps), -1) + count * np.arange(len(maps))[:, None]
    clean = np.where(ordered[:, None], np.nan_to_num(maps.reshape(len(maps), -1)), 0.0)
    sums = np.bincount(slots.ravel(), clean.ravel(), count * len(maps)).reshape(-1, count)[:, 1:]
    sizes = np.bincount(slots.ravel(), minlength=count * len(maps)).reshape(-1, count)[:, 1:]
    density = np.where(np.isnan(benchmark.truth), np.nan, sums / np.maximum(sizes, 1))
    return Answers(maps, density, ordered)


def pointing(benchmark: Benchmark, readings: Answers) -> Float[np.ndarray, " n"]:
    """1 where the brightest pixel lies on a truly important region, or within a few pixels of it (pointing game)."""
    near = benchmark.near()
    tops = readings.maps.reshape(len(readings.maps), -1).argmax(1)
    hits = near.reshape(len(near), -1)[np.arange(len(near)), tops]
    return np.where(readings.ordered, hits, 0.0)


def energy(benchmark: Benchmark, readings: Answers) -> Float[np.ndarray, " n"]:
    """Share of the map's positive sum that lies on the truly important regions."""
    positive = np.where(readings.ordered[:, None, None], np.clip(np.nan_to_num(readings.maps), 0, None), 0.0)
    total = positive.sum((1, 2))
    return np.where(total > 0, (positive * benchmark.inside()).sum((1, 2)) / np.where(total > 0, total, 1), 0.0)


def part_correlation(benchmark: Benchmark, readings: Answers) -> Float[np.ndarray, " n"]:
    """Rank correlation, over the regions of a picture, of the map's density with the effect of an intervention."""
    return np.array(
        [
            _spearman(density, truth) if ordered else 0.0
            for density, truth, ordered in zip(readings.density, benchmark.truth, readings.ordered, strict=True)
        ]
    )


def _spearman(a: Float[np.ndarray, " r"], b: Float[np.ndarray, " r"]) -> float:
    seen = np.isfinite(a) & np.isfinite(b)
    if seen.sum() < 3 or np.ptp(a[seen]) == 0 or np.ptp(b[seen]) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(a[seen]), rankdata(b[seen]))[0, 1])


def single_deletion(benchmark: Benchmark, readings: Answers) -> Float[np.ndarray, " n"]:
    """FunnyBirds' single deletion: `part_correlation` on a scale from 0 to 1, one half being chance."""
    return (part_correlation(benchmark, readings) + 1) / 2


def shortcut(benchmark: Benchmark, readings: Answers) -> Float[np.ndarray, " n"]:
    """1 where the map puts the planted badge above every part; NaN where the network does not rely on the badge."""
    badge = REGIONS.index("badge")
    relied = benchmark.truth[:, badge] >= np.nanmax(benchmark.truth, axis=1)
    with np.errstate(invalid="ignore"):
        densest = readings.density[:, badge] >= np.nanmax(readings.density, axis=1)
    return np.where(relied, np.where(readings.ordered, densest, 0.0), np.nan)


def called(readings: Answers, threshold: float) -> Bool[np.ndarray, "n r"]:
    """The regions that the map calls important."""
    density = np.nan_to_num(readings.density, nan=-np.inf)
    top = density.max(1, keepdims=True)
    return np.asarray((density >= threshold * top) & (top > 0) & readings.ordered[:, None])


def preservation(benchmark: Benchmark, readings: Answers) -> Float[np.ndarray, " n"]:
    """FunnyBirds' preservation check: the answer stays when only the regions called important are kept."""
    return _after(benchmark, readings, lambda named: ~named, stays=True)


def deletion(benchmark: Benchmark, readings: Answers) -> Float[np.ndarray, " n"]:
    """FunnyBirds' deletion check: the answer changes when the regions called important are removed."""
    return _after(benchmark, readings, lambda named: named, stays=False)


def _after(
    benchmark: Benchmark, readings: Answers, removed: Callable[[np.ndarray], np.ndarray], *, stays: bool
) -> Float[np.ndarray, " n"]:
    marks = []
    for threshold in THRESHOLDS:
        named = called(readings, threshold)
        gone = removed(named) & np.isfinite(benchmark.truth)
        changed = []
        for scene, row in zip(benchmark.scenes, gone, strict=True):
            for region in np.flatnonzero(row):
                scene = scene.without(REGIONS[region])
            changed.append(scene)
        same = np.array(benchmark.answers(changed)) == benchmark.targets
        marks.append(np.where(named.any(1), same if stays else ~same, 0.0))
    return np.asarray(np.mean(marks, axis=0))


def distractibility(benchmark: Benchmark, readings: Answers) -> Float[np.ndarray, " n"]:
    """FunnyBirds' distractibility: share of the regions without effect that the map does not call important."""
    top = np.nanmax(np.abs(benchmark.truth), axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        idle = np.abs(benchmark.truth) < UNIMPORTANT * top
    count = idle.sum(1)
    spared = np.mean([(idle & ~called(readings, each)).sum(1) / np.maximum(count, 1) for each in THRESHOLDS], axis=0)
    return np.where(count > 0, np.where(readings.ordered, spared, 0.0), np.nan)


def controlled_data(benchmark: Benchmark, readings: Answers) -> Float[np.ndarray, " n"]:
    """FunnyBirds' controlled synthetic data check: share of a smallest set of parts that settles the class."""
    marks = []
    for threshold in THRESHOLDS:
        named = called(readings, threshold)[:, : len(PARTS)]
        marks.append(
            [
                max(row[list(group)].mean() for group in settling(int(target)))
                for row, target in zip(named, benchmark.targets, strict=True)
            ]
        )
    return np.asarray(np.mean(marks, axis=0))


@cache
def settling(cls: int) -> tuple[tuple[int, ...], ...]:
    """The smallest sets of parts that no other class has in the same variants."""
    variants, others = SPECIES[cls].variants, [each.variants for i, each in enumerate(SPECIES) if i != cls]
    for size in range(1, len(PARTS) + 1):
        parts = tuple(
            group
            for group in combinations(range(len(PARTS)), size)
            if not any(all(other[part] == variants[part] for part in group) for other in others)
        )
        if parts:
            return parts
    return (tuple(range(len(PARTS))),)


@cache
def rivals(cls: int) -> tuple[int, int, tuple[int, ...], tuple[int, ...]] | None:
    """Two other classes that each share parts with ``cls`` that the other does not, and which parts these are."""
    variants = SPECIES[cls].variants
    shared = {
        i: {p for p, v in enumerate(each.variants) if v == variants[p]} for i, each in enumerate(SPECIES) if i != cls
    }
    for a, b in combinations(shared, 2):
        only_a, only_b = shared[a] - shared[b], shared[b] - shared[a]
        if only_a and only_b:
            return a, b, tuple(sorted(only_a)), tuple(sorted(only_b))
    return None


def target_sensitivity(
    first: Answers, second: Answers, classes: list[tuple[tuple[int, ...], tuple[int, ...]]]
) -> Float[np.ndarray, " n"]:
    """FunnyBirds' target sensitivity: maps for two other classes prefer the parts that each shares with the picture."""
    marks = []
    for row, (only_a, only_b) in enumerate(classes):
        for readings, ours, other in ((first, only_a, only_b), (second, only_b, only_a)):
            density = readings.density[row]
            density_here, rest = np.nanmean(density[list(ours)]), np.nanmean(density[list(other)])
            marks.append(float(readings.ordered[row] and density_here > rest))
    return np.asarray(np.array(marks).reshape(-1, 2).mean(1))
