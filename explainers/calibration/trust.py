"""Trust: how much of the truth a map shows that nobody can know without the network. 0 for all who do not know it.

Three questions are asked of how a map reads the parts of each animal:

* *order*: are parts that matter more denser? (rank correlation)
* *top*: is the part that matters most denser than each of the others?
* *gain*: does more of the map lie on the parts that matter than of a silhouette of the animal?

Some of each can be had without the network: large parts, parts with many edges or near the middle of the picture
matter more often than others. So what the blind maps of `BLIND` and the sizes of the parts predict, by least squares
over all pictures, is taken out of the truth first, and maps are compared with the rest of it (a semi-partial
correlation). By construction the blind maps are then worth 0 on average; silhouettes and random numbers are as well,
for they prefer no part. What a map gets of the rest, the mean of the three questions, is its *share of the truth*.
*Trust* is that share divided by the share of the truth itself drawn on the grid in which the method draws: 1 is the
best that a map of that grid can be.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from explainers.calibration.benchmark import Benchmark
from explainers.calibration.metrics import Readings

BLIND = ("edges", "centre", "silhouette_blurred")
"""Controls whose predictions are taken out of the truth."""
QUESTIONS = ("order", "top", "gain")
LEAST = 1e-3
"""No share is taken of less than this: with a handful of pictures a coarse grid may show nothing of the truth."""
Parts = Float[np.ndarray, "q n r"]


@dataclass(frozen=True)
class Yardstick:
    """What maps are compared with: the truth of the three questions without what the blind maps predict."""

    benchmark: Benchmark
    rest: Parts

    def marks(self, readings: Readings) -> Float[np.ndarray, "q n"]:
        """A mark for each question and picture."""
        return np.asarray((_answers(self.benchmark, readings) * self.rest).sum(2))


def yardstick(benchmark: Benchmark, blind: list[Readings]) -> Yardstick:
    """Take what blind maps and the sizes of the parts predict out of the truth."""
    seen = np.isfinite(benchmark.truth)
    areas = np.where(seen, blind[0].areas, np.nan)
    share = np.nan_to_num(areas / np.nansum(areas, axis=1, keepdims=True))
    sizes = np.stack([_unit(_ranks(areas)), _above_top(benchmark, areas), _centred(share**2, seen)])
    known = np.stack([sizes, *(_answers(benchmark, readings) for readings in blind)])
    rest = np.stack([_without(wanted, known[:, q]) for q, wanted in enumerate(_wanted(benchmark))])
    return Yardstick(benchmark, rest)


def share_of_truth(marks: Float[np.ndarray, "q n"], oracle: Float[np.ndarray, "q n"]) -> Float[np.ndarray, " n"]:
    """For each picture, the mean over the questions of its mark as a share of the oracle's mean over all pictures."""
    return np.asarray((marks / np.maximum(oracle.mean(1, keepdims=True), LEAST)).mean(0))


def _answers(benchmark: Benchmark, readings: Readings) -> Parts:
    """How a map reads the parts, one vector a picture for each question."""
    seen = np.isfinite(benchmark.truth)
    on_animal = readings.shares.sum(1, keepdims=True)
    area = readings.areas / np.maximum(readings.areas.sum(1, keepdims=True), 1)
    order = _unit(_ranks(readings.density))
    answers = np.stack([order, _above_top(benchmark, readings.density), readings.shares - on_animal * area])
    return np.where(seen & readings.ordered[:, None], answers, 0.0)


def _wanted(benchmark: Benchmark) -> Parts:
    """What the truth answers: its order, its top part above all others, and which parts are important."""
    seen = np.isfinite(benchmark.truth)
    others = np.maximum(seen.sum(1, keepdims=True) - 1, 1)
    above = np.where(_above_top(benchmark, benchmark.truth) != 0, 1 / others, 0.0)
    return np.stack([_unit(_ranks(benchmark.truth)), above, _centred(benchmark.important.astype(float), seen)])


def _without(wanted: Float[np.ndarray, "n r"], known: Float[np.ndarray, "k n r"]) -> Float[np.ndarray, "n r"]:
    """What is left of ``wanted`` when the least-squares prediction from ``known`` over all pictures is taken away."""
    columns = known.reshape(len(known), -1).T
    weights, *_ = np.linalg.lstsq(columns, wanted.ravel(), rcond=None)
    return np.asarray(wanted - (columns @ weights).reshape(wanted.shape))


def _ranks(values: Float[np.ndarray, "n r"]) -> Float[np.ndarray, "n r"]:
    """Ranks within each picture, equal values sharing theirs; NaN where there is no value."""
    return rankdata(values, axis=1, nan_policy="omit")


def _centred(values: Float[np.ndarray, "n r"], seen: np.ndarray) -> Float[np.ndarray, "n r"]:
    """Without the mean over the parts that are seen; 0 elsewhere."""
    count = np.maximum(seen.sum(1, keepdims=True), 1)
    return np.where(seen, values - np.where(seen, values, 0.0).sum(1, keepdims=True) / count, 0.0)


def _unit(values: Float[np.ndarray, "n r"]) -> Float[np.ndarray, "n r"]:
    """Centred over the parts that are seen and of length 1; all 0 where all are equal or fewer than three are seen."""
    seen = np.isfinite(values)
    centred = _centred(np.nan_to_num(values), seen)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    usable = (length > 0) & (seen.sum(1, keepdims=True) >= 3)
    return np.where(usable, centred / np.where(length > 0, length, 1), 0.0)


def _above_top(benchmark: Benchmark, values: Float[np.ndarray, "n r"]) -> Float[np.ndarray, "n r"]:
    """For each part but the truly most important: 1, 0 or -1 as that one's value is above, equal to or below."""
    truth = np.nan_to_num(benchmark.truth, nan=-np.inf)
    top = truth.argmax(1)[:, None]
    speaks = np.take_along_axis(truth, top, 1) > 0
    with np.errstate(invalid="ignore"):
        signs = np.sign(np.take_along_axis(values, top, 1) - values)
    return np.where(speaks, np.nan_to_num(signs), 0.0)
