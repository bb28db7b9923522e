"""One method through the whole benchmark: maps in batches, then metrics."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8

from explainers.calibration import metrics as marks
from explainers.calibration.benchmark import Benchmark
from explainers.calibration.candidates import Candidate, Control, drawn
from explainers.evidence.sanity import cascade, rank_correlation
from explainers.kit.resize import enlarged
from models import ModelHandle

COLUMNS = {
    "pointing": marks.pointing,
    "energy": marks.energy,
    "part_correlation": marks.part_correlation,
    "shortcut": marks.shortcut,
    "controlled_data": marks.controlled_data,
    "single_deletion": marks.single_deletion,
    "preservation": marks.preservation,
    "deletion": marks.deletion,
    "distractibility": marks.distractibility,
}
EXTRA = ("target_sensitivity", "randomisation")
ALL = (*COLUMNS, *EXTRA)
BATCH = 32
SHARE_TARGETS, SHARE_RANDOM = 4, 10  # these two need maps of their own, so a part of the pictures answers for all
SAMPLES = 6
Report = Callable[[float], None]


@dataclass(frozen=True)
class Metrics:
    """One method's marks.

    Attributes:
        scores: (C, N), a mark for each of `ALL` and each picture; NaN where the question does not arise.
        samples: uint8 (SAMPLES, S, S), the first maps as they would be drawn.
    """

    scores: Float[np.ndarray, "c n"]
    samples: UInt8[np.ndarray, "m s s"]


def evaluate(
    model: ModelHandle, benchmark: Benchmark, method: Candidate | Control, seed: int, report: Report
) -> Metrics:
    """All marks of one method.

    Raises:
        UnfitError: the method does not fit the network.
    """
    readings = marks.read(benchmark, maps_of(model, benchmark, method, benchmark.targets, report))
    rows = [column(benchmark, readings) for column in COLUMNS.values()]
    if isinstance(method, Control):
        rows += [np.full(len(benchmark.scenes), np.nan)] * len(EXTRA)
    else:
        rows += [_targets(model, benchmark, method), _randomised(model, benchmark, method, readings, seed)]
    return Metrics(np.array(rows, dtype=np.float64), drawn(readings.maps[:SAMPLES]))


def maps_of(
    model: ModelHandle, benchmark: Benchmark, method: Candidate | Control, targets: np.ndarray, report: Report
) -> Float[np.ndarray, "n s s"]:
    """The method's maps for the first ``len(targets)`` pictures, enlarged to their size."""
    size, maps = benchmark.images.shape[1:3], []
    for start in range(0, len(targets), BATCH):
        stop = min(start + BATCH, len(targets))
        if isinstance(method, Control):
            maps.append(np.stack([method.draw(benchmark, row) for row in range(start, stop)]).astype(np.float32))
        else:
            x = model.normalise(benchmark.images[start:stop])
            classes = torch.from_numpy(np.asarray(targets[start:stop], dtype=np.int64)).to(model.device)
            maps.append(enlarged(method.map(model, x, classes), size))
        report(stop / len(targets))
    return np.concatenate(maps)


def _targets(model: ModelHandle, benchmark: Benchmark, method: Candidate) -> Float[np.ndarray, " n"]:
    """Target sensitivity on every fourth picture's worth of pictures; NaN for the rest."""
    count = max(1, len(benchmark.scenes) // SHARE_TARGETS)
    pairs = [marks.rivals(int(cls)) for cls in benchmark.targets[:count]]
    rows = [row for row, pair in enumerate(pairs) if pair]
    result = np.full(len(benchmark.scenes), np.nan)
    known = [pair for pair in pairs if pair]
    if not known:
        return result
    part = _some(benchmark, rows)
    readings = [
        marks.read(part, maps_of(model, part, method, np.array([pair[which] for pair in known]), lambda _: None))
        for which in (0, 1)
    ]
    result[rows] = marks.target_sensitivity(readings[0], readings[1], [(pair[2], pair[3]) for pair in known])
    return result


def _some(benchmark: Benchmark, rows: list[int]) -> Benchmark:
    return Benchmark(
        tuple(benchmark.scenes[row] for row in rows),
        benchmark.images[rows],
        benchmark.owners[rows],
        benchmark.targets[rows],
        benchmark.truth[rows],
        benchmark.predict,
    )


def _randomised(
    model: ModelHandle, benchmark: Benchmark, method: Candidate, readings: marks.Answers, seed: int
) -> Float[np.ndarray, " n"]:
    """1 - |rank correlation| with the map of the same network without any learned weight (Adebayo et al. 2018)."""
    count = max(1, len(benchmark.scenes) // SHARE_RANDOM)
    part = _some(benchmark, list(range(count)))

    def explain(network: torch.nn.Module) -> np.ndarray:
        other = ModelHandle(network, model.card, model.device)
        return maps_of(other, part, method, part.targets, lambda _: None)

    (noise,) = cascade(model.network, explain, np.random.default_rng(seed), stages=1)
    result = np.full(len(benchmark.scenes), np.nan)
    correlations = [
        rank_correlation(a[::4, ::4], b[::4, ::4]) for a, b in zip(readings.maps[:count], noise, strict=True)
    ]
    result[:count] = 1 - np.abs(np.nan_to_num(correlations))
    return result
