"""Calibration holds every method to a truth that is known.

The menagerie is a world of drawn animals. Because we draw them, we can take a part away, or change it for another,
and watch what the network's answer does: that is how much the part really matters to this network, measured, not
assumed.
A method that says where the network looks is then asked about the same pictures, and its maps are compared with
that truth, beside a random map, which knows nothing, and an oracle, which is painted from the truth itself.

Limits: what holds on drawn animals and small networks need not hold on photos and large ones; a method that fails here
has a problem, a method that passes has passed one benchmark. Maps are read part by part, so detail finer than a part
is not judged. Every part is changed alone, so that parts which only count together look unimportant.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from explainers.base import Evidence, Result, Run, Score, explainer
from explainers.calibration.aggregate import TRUST, mean_and_interval, trust
from explainers.calibration.benchmark import REGIONS, Benchmark, make_benchmark
from explainers.calibration.candidates import Candidate, Control, candidates, controls
from explainers.calibration.evaluate import ALL, SAMPLES, Metrics, evaluate
from explainers.kinds import Names
from explainers.params import Params, knob
from models import ModelHandle
from models.errors import UnfitError


@dataclass(frozen=True, kw_only=True)
class CalibrationParams(Params):
    """What can be chosen."""

    scenes: int = knob(200, 4, 5000, "Pictures in the benchmark; more make narrower intervals.", label="Pictures")
    biased: bool = knob(
        False, help="Hang the planted badge in the pictures, for a network that learnt it as a shortcut.", label="Badge"
    )
    methods: tuple[str, ...] | None = knob(
        None, kind=Names(of=candidates), auto="all methods", help="The methods", more=True, label="Methods"
    )


@dataclass(frozen=True, kw_only=True)
class Calibration(Result):
    """The marks of every method.

    Attributes:
        mean, low, high: float64 (M, C), mean mark and its 95 % interval over pictures; 0 where not asked.
        asked: bool (M, C), whether the question arises for the method.
        cost: (M,), forward passes a picture.
        truth: (N, R), effect of each region on the answer's logit; 0 where it is not seen.
        seen: bool (N, R), whether the region is seen.
        images: uint8 (S, s, s, 3), the first pictures.
        owners: uint8 (S, s, s), who owns each of their pixels: 1 + the index into ``regions``.
        important: bool (S, R), the truly important regions of these.
        maps: uint8 (M, S, s, s), each method's maps of these, as they would be drawn.
        names, titles: of the methods, best first; the controls among them.
        columns: names of the marks, trust first.
        regions: the parts of the animals, and the badge.
        unfit: methods that do not fit this network, with the reason.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    asked: np.ndarray
    cost: np.ndarray
    truth: np.ndarray
    seen: np.ndarray
    images: np.ndarray
    owners: np.ndarray
    important: np.ndarray
    maps: np.ndarray
    names: tuple[str, ...]
    titles: tuple[str, ...]
    columns: tuple[str, ...]
    regions: tuple[str, ...]
    unfit: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """Which method comes nearest to the truth here."""
        best = next((i for i, name in enumerate(self.names) if name not in CONTROLS), None)
        if best is None:
            return "No method fits this network."
        low, high = self.low[best, 0], self.high[best, 0]
        return (
            f"Of {len(self.names) - len(CONTROLS)} methods, *{self.titles[best]}* comes nearest to the truth:"
            f" trust {self.mean[best, 0]:.2f}, 95 % interval {low:.2f} to {high:.2f} (0 a random map, 1 the truth)."
        )

    def rows(self, model: str) -> list[dict[str, Any]]:
        """One plain dict a method: marks by name, their intervals, and the cost."""
        return [self._row(model, index) for index in range(len(self.names))]

    def _row(self, model: str, index: int) -> dict[str, Any]:
        at = {name: place for place, name in enumerate(self.columns) if self.asked[index, place]}
        return {
            "model": model,
            "method": self.names[index],
            "title": self.titles[index],
            "cost_forwards": float(self.cost[index]),
            **{name: float(self.mean[index, at[name]]) if name in at else None for name in self.columns},
            "intervals": {n: [float(self.low[index, i]), float(self.high[index, i])] for n, i in at.items()},
        }


CONTROLS = ("oracle", "centre", "random")


def controls_hold(_model: ModelHandle, _params: CalibrationParams, result: Calibration, run: Run) -> Evidence:
    """The benchmark's own evidence: a random map scores at chance, the oracle near the ceiling."""
    marks = {
        name: dict(zip(result.columns, row, strict=True)) for name, row in zip(result.names, result.mean, strict=True)
    }
    scores: list[Score] = []
    for column, title in (("pointing", "Pointing"), ("energy", "Energy"), ("part_correlation", "Part correlation")):
        run.report(len(scores) / 3, f"reading the controls: {title}")
        floor, ceiling = marks["random"][column], marks["oracle"][column]
        scores.append(
            Score(
                of="the oracle",
                name=column,
                title=f"{title} of the oracle",
                value=float(ceiling),
                baselines={"random map": float(floor), "centre": float(marks["centre"][column])},
                reading=f"A map painted from the truth gets {ceiling:.2f}, a random map {floor:.2f}.",
            )
        )
    return Evidence(scores=tuple(scores))


@explainer("Calibration", paper="https://arxiv.org/abs/2308.06248", evidence=controls_hold)
def calibration(model: ModelHandle, params: CalibrationParams, run: Run) -> Calibration:
    """Hold the methods to the truth; see the module's docstring."""
    benchmark = make_benchmark(
        model, params.scenes, params.seed, biased=params.biased, report=run.part(0.0, 0.2).report
    )
    return rank(model, benchmark, chosen(params.methods), params.seed, run)


def chosen(names: tuple[str, ...] | None) -> dict[str, Candidate]:
    """The methods named, or all."""
    known = candidates()
    return {name: known[name] for name in names or known}


def rank(model: ModelHandle, benchmark: Benchmark, methods: dict[str, Candidate], seed: int, run: Run) -> Calibration:
    """Metrics of ``methods`` and of the controls on one benchmark, ranked by trust."""
    results: dict[str, tuple[Candidate | Control, Metrics]] = {}
    unfit: list[tuple[str, str]] = []
    participants: list[Candidate | Control] = [*controls(seed).values(), *methods.values()]
    for index, method in enumerate(participants):

        def report(share: float, index: int = index, title: str = method.title) -> None:
            run.report(
                0.2 + 0.8 * (index + share) / len(participants), f"{title}: method {index + 1} of {len(participants)}"
            )

        try:
            results[method.name] = (method, evaluate(model, benchmark, method, seed, report))
        except UnfitError as error:
            unfit.append((method.title, str(error)))
    return _ranked(benchmark, results, tuple(unfit), seed)


def _ranked(
    benchmark: Benchmark,
    results: dict[str, tuple[Candidate | Control, Metrics]],
    unfit: tuple[tuple[str, str], ...],
    seed: int,
) -> Calibration:
    rows = [ALL.index(name) for name in TRUST]
    floor, ceiling = results["random"][1].scores[rows], results["oracle"][1].scores[rows]
    table = {
        name: mean_and_interval(np.vstack([trust(marks.scores[rows], floor, ceiling), marks.scores]), seed)
        for name, (_, marks) in results.items()
    }
    order = sorted(results, key=lambda name: -table[name][0][0])
    mean, low, high = (np.array([table[name][which] for name in order]) for which in range(3))
    return Calibration(
        mean=np.nan_to_num(mean),
        low=np.nan_to_num(low),
        high=np.nan_to_num(high),
        asked=np.isfinite(mean),
        cost=np.array([results[name][0].cost_forwards for name in order], dtype=np.float64),
        truth=np.nan_to_num(benchmark.truth),
        seen=np.isfinite(benchmark.truth),
        images=benchmark.images[:SAMPLES],
        owners=benchmark.owners[:SAMPLES],
        important=benchmark.important[:SAMPLES],
        maps=np.stack([results[name][1].samples for name in order]),
        names=tuple(order),
        titles=tuple(results[name][0].title for name in order),
        columns=("trust", *ALL),
        regions=REGIONS,
        unfit=unfit,
    )
