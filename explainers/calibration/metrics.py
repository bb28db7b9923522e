"""What a map is worth against the truth: one mark a picture for each question. Higher is better in all of them.

Marks of a map that has no order (empty, constant, not finite) are the worst ones: such a map answers nothing.
The six protocols of FunnyBirds (Hesse, Schaub-Meyer and Roth, ICCV 2023, section 4) go by their names there. What a
random map gets in each of them stands beside it in every table, for it is far from 0 in most.
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
class Readings:
    """The maps of one method over the benchmark, and what they say of each region.

    Attributes:
        maps: float32 (N, S, S), signed.
        density: (N, R), mean of the map over each region's visible pixels; NaN where the region is not seen.
        shares: (N, R), share of the map's positive sum that lies on each region; 0 where it is not seen.
        areas: (N, R), visible pixels of each region; 0 where there are too few to count.
        ordered: (N,), whether the map has an order at all.
        grid: rows and columns in which the method drew the map, before it was enlarged.
    """

    maps: Float[np.ndarray, "n s s"]
    density: Float[np.ndarray, "n r"]
    shares: Float[np.ndarray, "n r"]
    areas: Float[np.ndarray, "n r"]
    ordered: Bool[np.ndarray, " n"]
    grid: tuple[int, int]


def read(benchmark: Benchmark, maps: Float[np.ndarray, "n s s"], grid: tuple[int, int] | None = None) -> Readings:
    """Read maps region by region; without a ``grid`` they were drawn pixel by pixel."""
    ordered = np.array([not unordered(heat) for heat in maps])
    seen = np.isfinite(benchmark.truth)
    clean = np.where(ordered[:, None, None], np.nan_to_num(maps), 0.0)
    sums, areas = _sums(benchmark, clean), _sums(benchmark, np.ones_like(clean))
    positive = np.clip(clean, 0, None)
    total = positive.sum((1, 2))[:, None]
    shares = np.where(total > 0, _sums(benchmark, positive) / np.where(total > 0, total, 1), 0.0)
    density = np.where(seen, sums / np.maximum(areas, 1), np.nan)
    rows, columns = grid or maps.shape[1:]
    return Readings(
        maps, density, np.where(seen, shares, 0), np.where(seen, areas, 0), ordered, (int(rows), int(columns))
    )


def _sums(benchmark: Benchmark, maps: Float[np.ndarray, "n s s"]) -> Float[np.ndarray, "n r"]:
    """Sum of each map over each region."""
    count = len(REGIONS) + 1
    slots = benchmark.owners.reshape(len(maps), -1) + count * np.arange(len(maps))[:, None]
    return np.bincount(slots.ravel(), maps.ravel(), count * len(maps)).reshape(-1, count)[:, 1:]


def pointing(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
    """1 where the brightest pixel lies on a truly important region, or within a few pixels of it (pointing game)."""
    near = benchmark.near()
    tops = readings.maps.reshape(len(readings.maps), -1).argmax(1)
    hits = near.reshape(len(near), -1)[np.arange(len(near)), tops]
    return np.where(readings.ordered, hits, 0.0)


def energy(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
    """Share of the map's positive sum that lies on the truly important regions."""
    positive = np.where(readings.ordered[:, None, None], np.clip(np.nan_to_num(readings.maps), 0, None), 0.0)
    total = positive.sum((1, 2))
    return np.where(total > 0, (positive * benchmark.inside()).sum((1, 2)) / np.where(total > 0, total, 1), 0.0)


def part_correlation(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
    """Rank correlation, over the regions of a picture, of the map's density with the effect of an intervention."""
    return _correlation(readings, benchmark.truth)


def part_correlation_removal(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
    """`part_correlation` with the effect of taking the part away alone."""
    return _correlation(readings, benchmark.removal)


def part_correlation_swap(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
    """`part_correlation` with the effect of changing the part for others of its kind alone."""
    return _correlation(readings, benchmark.swap)


def _correlation(readings: Readings, truth: Float[np.ndarray, "n r"]) -> Float[np.ndarray, " n"]:
    rows = zip(readings.density, truth, readings.ordered, strict=True)
    return np.array([spearman(density, effect) if ordered else 0.0 for density, effect, ordered in rows])


def spearman(a: Float[np.ndarray, " r"], b: Float[np.ndarray, " r"]) -> float:
    """Rank correlation over the entries that both have; 0 where one has no order or fewer than three are left."""
    seen = np.isfinite(a) & np.isfinite(b)
    if seen.sum() < 3 or np.ptp(a[seen]) == 0 or np.ptp(b[seen]) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(a[seen]), rankdata(b[seen]))[0, 1])


def top_part(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
    """1 where the map is densest on the region that matters most; equal densities share the mark."""
    density = np.nan_to_num(readings.density, nan=-np.inf)
    first = density >= density.max(1, keepdims=True)
    top = np.nan_to_num(benchmark.truth, nan=-np.inf).argmax(1)
    hits = first[np.arange(len(top)), top] / first.sum(1)
    return np.where(readings.ordered, hits, 0.0)


def single_deletion(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
    """FunnyBirds' single deletion: `part_correlation` on a scale from 0 to 1, one half being chance."""
    return (part_correlation(benchmark, readings) + 1) / 2


def shortcut(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
    """`top_part` where the network relies on the planted badge above all; NaN where it does not."""
    badge = benchmark.truth[:, REGIONS.index("badge")]
    return np.where(badge >= np.nanmax(benchmark.truth, axis=1), top_part(benchmark, readings), np.nan)


def called(readings: Readings, threshold: float) -> Bool[np.ndarray, "n r"]:
    """The regions that the map calls important."""
    density = np.nan_to_num(readings.density, nan=-np.inf)
    top = density.max(1, keepdims=True)
    return np.asarray((density >= threshold * top) & (top > 0) & readings.ordered[:, None])


def preservation(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
    """FunnyBirds' preservation check: the answer stays when only the regions called important are kept."""
    return _after(benchmark, readings, lambda named: ~named, stays=True)


def deletion(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
    """FunnyBirds' deletion check: the answer changes when the regions called important are removed."""
    return _after(benchmark, readings, lambda named: named, stays=False)


def _after(
    benchmark: Benchmark, readings: Readings, removed: Callable[[np.ndarray], np.ndarray], *, stays: bool
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
        same = np.array(benchmark.network.answers(changed)) == benchmark.targets
        marks.append(np.where(named.any(1), same if stays else ~same, 0.0))
    return np.asarray(np.mean(marks, axis=0))


def distractibility(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
    """FunnyBirds' distractibility: share of the regions without effect that the map does not call important."""
    top = np.nanmax(np.abs(benchmark.truth), axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        idle = np.abs(benchmark.truth) < UNIMPORTANT * top
    count = idle.sum(1)
    spared = np.mean(
        [(idle & ~called(readings, threshold)).sum(1) / np.maximum(count, 1) for threshold in THRESHOLDS], axis=0
    )
    return np.where(count > 0, np.where(readings.ordered, spared, 0.0), np.nan)


def controlled_data(benchmark: Benchmark, readings: Readings) -> Float[np.ndarray, " n"]:
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
    looks, others = SPECIES[cls].variants, [other.variants for i, other in enumerate(SPECIES) if i != cls]
    for size in range(1, len(PARTS) + 1):
        groups = tuple(
            group
            for group in combinations(range(len(PARTS)), size)
            if not any(all(other[part] == looks[part] for part in group) for other in others)
        )
        if groups:
            return groups
    return (tuple(range(len(PARTS))),)
