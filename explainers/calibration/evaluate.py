"""One method through the whole exam: maps in batches, then marks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8

from explainers.calibration import metrics as marks
from explainers.calibration.benchmark import Exam
from explainers.calibration.candidates import Contestant, Control, drawn
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
class Marks:
    """One method's marks.

    Attributes:
        scores: (C, N), a mark for each of `ALL` and each picture; NaN where the question does not arise.
        samples: uint8 (SAMPLES, S, S), the first maps as they would be drawn.
    """

    scores: Float[np.ndarray, "c n"]
    samples: UInt8[np.ndarray, "m s s"]


def contest(model: ModelHandle, exam: Exam, method: Contestant | Control, seed: int, report: Report) -> Marks:
    """All marks of one method.

    Raises:
        UnfitError: the method does not fit the network.
    """
    said = marks.read(exam, maps_of(model, exam, method, exam.targets, report))
    rows = [column(exam, said) for column in COLUMNS.values()]
    if isinstance(method, Control):
        rows += [np.full(len(exam.scenes), np.nan)] * len(EXTRA)
    else:
        rows += [_targets(model, exam, method), _randomised(model, exam, method, said, seed)]
    return Marks(np.array(rows, dtype=np.float64), drawn(said.maps[:SAMPLES]))


def maps_of(
    model: ModelHandle, exam: Exam, method: Contestant | Control, targets: np.ndarray, report: Report
) -> Float[np.ndarray, "n s s"]:
    """The method's maps for the first ``len(targets)`` pictures, enlarged to their size."""
    size, found = exam.images.shape[1:3], []
    for start in range(0, len(targets), BATCH):
        stop = min(start + BATCH, len(targets))
        if isinstance(method, Control):
            found.append(np.stack([method.draw(exam, row) for row in range(start, stop)]).astype(np.float32))
        else:
            x = model.normalise(exam.images[start:stop])
            classes = torch.from_numpy(np.asarray(targets[start:stop], dtype=np.int64)).to(model.device)
            found.append(enlarged(method.map(model, x, classes), size))
        report(stop / len(targets))
    return np.concatenate(found)


def _targets(model: ModelHandle, exam: Exam, method: Contestant) -> Float[np.ndarray, " n"]:
    """Target sensitivity on every fourth picture's worth of pictures; NaN for the rest."""
    count = max(1, len(exam.scenes) // SHARE_TARGETS)
    pairs = [marks.rivals(int(cls)) for cls in exam.targets[:count]]
    rows = [row for row, pair in enumerate(pairs) if pair]
    result = np.full(len(exam.scenes), np.nan)
    known = [pair for pair in pairs if pair]
    if not known:
        return result
    part = _some(exam, rows)
    said = [
        marks.read(part, maps_of(model, part, method, np.array([pair[which] for pair in known]), lambda _: None))
        for which in (0, 1)
    ]
    result[rows] = marks.target_sensitivity(said[0], said[1], [(pair[2], pair[3]) for pair in known])
    return result


def _some(exam: Exam, rows: list[int]) -> Exam:
    return Exam(
        tuple(exam.scenes[row] for row in rows),
        exam.images[rows],
        exam.owners[rows],
        exam.targets[rows],
        exam.truth[rows],
        exam.predict,
    )


def _randomised(
    model: ModelHandle, exam: Exam, method: Contestant, said: marks.Answers, seed: int
) -> Float[np.ndarray, " n"]:
    """1 - |rank correlation| with the map of the same network without any learned weight (Adebayo et al. 2018)."""
    count = max(1, len(exam.scenes) // SHARE_RANDOM)
    part = _some(exam, list(range(count)))

    def explain(network: torch.nn.Module) -> np.ndarray:
        other = ModelHandle(network, model.card, model.device)
        return maps_of(other, part, method, part.targets, lambda _: None)

    (noise,) = cascade(model.network, explain, np.random.default_rng(seed), stages=1)
    result = np.full(len(exam.scenes), np.nan)
    found = [rank_correlation(a[::4, ::4], b[::4, ::4]) for a, b in zip(said.maps[:count], noise, strict=True)]
    result[:count] = 1 - np.abs(np.nan_to_num(found))
    return result
