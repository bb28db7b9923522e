"""One method through the whole benchmark: maps in batches, then marks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8

from explainers.calibration import metrics
from explainers.calibration.benchmark import Benchmark
from explainers.calibration.candidates import Candidate, drawn
from explainers.calibration.classes import rivals, share_in_right_cell, target_sensitivity
from explainers.calibration.controls import Control
from explainers.evidence.sanity import cascade, rank_correlation
from explainers.kit.resize import enlarged
from models import ModelHandle

COLUMNS = {
    "pointing": metrics.pointing,
    "energy": metrics.energy,
    "part_correlation": metrics.part_correlation,
    "part_correlation_removal": metrics.part_correlation_removal,
    "part_correlation_swap": metrics.part_correlation_swap,
    "top_part": metrics.top_part,
    "shortcut": metrics.shortcut,
    "controlled_data": metrics.controlled_data,
    "single_deletion": metrics.single_deletion,
    "preservation": metrics.preservation,
    "deletion": metrics.deletion,
    "distractibility": metrics.distractibility,
}
EXTRA = ("grid_game", "target_sensitivity", "randomisation")
ALL = (*COLUMNS, *EXTRA)
BATCH = 32
SHARE_GRID, SHARE_TARGETS, SHARE_RANDOM = 4, 4, 10  # these need maps of their own, so a part of the pictures answers
SAMPLES = 6
Report = Callable[[float], None]


@dataclass(frozen=True)
class Task:
    """What every method is asked.

    Attributes:
        benchmark: pictures with their truth.
        grid: pictures of 2 x 2 animals.
        seed: of the noise that takes the weights' place.
    """

    benchmark: Benchmark
    grid: Benchmark
    seed: int


@dataclass(frozen=True)
class Evaluation:
    """One method's marks.

    Attributes:
        readings: its maps, and what they say of each region.
        scores: (C, N), a mark for each of `ALL` and each picture; NaN where the question does not arise.
        samples: uint8 (SAMPLES, S, S), the first maps as they would be drawn.
    """

    readings: metrics.Readings
    scores: Float[np.ndarray, "c n"]
    samples: UInt8[np.ndarray, "m s s"]


def evaluate(model: ModelHandle, task: Task, method: Candidate | Control, report: Report) -> Evaluation:
    """All marks of one method.

    Raises:
        UnfitError: the method does not fit the network.
    """
    benchmark = task.benchmark
    readings = read_maps(model, benchmark, method, report)
    rows = [column(benchmark, readings) for column in COLUMNS.values()]
    game = share_in_right_cell(read_maps(model, task.grid, method))
    if isinstance(method, Control):
        known = method.name.startswith("oracle")  # it has no map for a class that it was not measured for
        extra = [game * np.nan if known else game, np.array([]), np.array([])]
    else:
        extra = [game, _targets(model, benchmark, method), _randomised(model, benchmark, method, (readings, task.seed))]
    rows += [_first(marks, len(benchmark.scenes)) for marks in extra]
    return Evaluation(readings, np.array(rows, dtype=np.float64), drawn(readings.maps[:SAMPLES]))


def read_maps(
    model: ModelHandle, benchmark: Benchmark, method: Candidate | Control, report: Report = lambda _: None
) -> metrics.Readings:
    """The method's maps of all pictures for their targets, enlarged to the pictures' size, and read."""
    size, count = benchmark.images.shape[1:3], len(benchmark.images)
    maps: list[np.ndarray] = []
    grid: tuple[int, int] | None = None
    for start in range(0, count, BATCH):
        stop = min(start + BATCH, count)
        if isinstance(method, Control):
            maps.append(np.stack([method.draw(benchmark, row) for row in range(start, stop)]).astype(np.float32))
        else:
            x = model.normalise(benchmark.images[start:stop])
            classes = torch.from_numpy(np.asarray(benchmark.targets[start:stop], dtype=np.int64)).to(model.device)
            cams = method.map(model, x, classes)
            grid = (int(cams.shape[-2]), int(cams.shape[-1]))
            maps.append(enlarged(cams, size))
        report(stop / count)
    return metrics.read(benchmark, np.concatenate(maps), grid)


def _first(marks: Float[np.ndarray, " m"], count: int) -> Float[np.ndarray, " n"]:
    """Marks of the first pictures, NaN for the rest."""
    return np.concatenate([marks, np.full(count - len(marks), np.nan)])


def _targets(model: ModelHandle, benchmark: Benchmark, method: Candidate) -> Float[np.ndarray, " m"]:
    """Target sensitivity on a part of the pictures."""
    count = max(1, len(benchmark.scenes) // SHARE_TARGETS)
    pairs = [rivals(int(cls)) for cls in benchmark.targets[:count]]
    rows, known = [row for row, pair in enumerate(pairs) if pair], [pair for pair in pairs if pair]
    if not known:
        return np.array([])
    part = benchmark.subset(rows)
    first, second = (
        read_maps(model, part.retargeted(np.array([pair[which] for pair in known])), method) for which in (0, 1)
    )
    return target_sensitivity(first, second, known)


def _randomised(
    model: ModelHandle, benchmark: Benchmark, method: Candidate, real: tuple[metrics.Readings, int]
) -> Float[np.ndarray, " m"]:
    """1 - |rank correlation| with the map of the same network without any learned weight (Adebayo et al. 2018)."""
    readings, seed = real
    part = benchmark.subset(range(max(1, len(benchmark.scenes) // SHARE_RANDOM)))

    def explain(network: torch.nn.Module) -> np.ndarray:
        return read_maps(model.under(network), part, method).maps

    (noise,) = cascade(model.network, explain, np.random.default_rng(seed), stages=1)
    pairs = zip(readings.maps[: len(noise)], noise, strict=True)
    return 1 - np.abs(np.nan_to_num([rank_correlation(a[::4, ::4], b[::4, ::4]) for a, b in pairs]))
