"""Calibration holds every method to a truth that is known.

The menagerie is a world of drawn animals. Because we draw them, we can take a part away, or change it for another,
and watch what the network's answer does: that is how much the part really matters to this network, measured, not
assumed.
A method that says where the network looks is then asked about the same pictures, and its maps are compared with
that truth, beside controls: maps that know nothing of the network, and an oracle, painted from the truth itself.

Limits: what holds on drawn animals and small networks need not hold on photos and large ones; a method that fails here
has a problem, a method that passes has passed one benchmark. Maps are read part by part, so detail finer than a part
is not judged. Every part is changed alone, so that parts which only count together look unimportant.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from explainers.base import Evidence, Result, Run, Score, explainer
from explainers.calibration.aggregate import mean_and_interval
from explainers.calibration.benchmark import REGIONS, Benchmark, Sample, make_benchmark
from explainers.calibration.candidates import Candidate, candidates, chosen
from explainers.calibration.classes import grid_game
from explainers.calibration.controls import CONTROLS, Control, controls
from explainers.calibration.evaluate import ALL, SAMPLES, SHARE_GRID, Evaluation, Task, evaluate, read_maps
from explainers.calibration.metrics import spearman
from explainers.calibration.trust import BLIND, LEAST, Yardstick, share_of_truth, yardstick
from explainers.kinds import Names
from explainers.params import Params, knob
from models import ModelHandle
from models.errors import UnfitError
from models.menagerie import nets


@dataclass(frozen=True, kw_only=True)
class CalibrationParams(Params):
    """What can be chosen."""

    scenes: int = knob(96, 4, 5000, "Pictures in the benchmark; more make narrower intervals.", label="Pictures")
    world: int | None = knob(
        None,
        1,
        2,
        "World 1: one animal in the middle. World 2: anywhere, of any size, with others",
        auto="the world that the network learnt",
        label="World",
    )
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
        mean: float64 (M, C), mean mark over pictures; 0 where none is due.
        low: float64 (M, C), lower end of its 95% interval.
        high: float64 (M, C), upper end.
        applies: bool (M, C), whether the question arises for the method.
        cost: (M,), forward passes a picture.
        grid: int (M, 2), rows and columns in which the method draws its map.
        truth: (N, R), effect of each region on the answer's logit; 0 where it is not seen.
        seen: bool (N, R), whether the region is seen.
        images: uint8 (S, s, s, 3), the first pictures.
        owners: uint8 (S, s, s), who owns each of their pixels: 1 + the index into ``regions``.
        important: bool (S, R), the truly important regions of these.
        maps: uint8 (M, S, s, s), each method's maps of these, as they would be drawn.
        names: of the methods, best first; the controls among them.
        titles: of the methods.
        columns: names of the marks, trust first.
        regions: the parts of the animals, and the badge.
        unfit: methods that do not fit this network, with the reason.
        agreement: mean rank correlation, over pictures, of the truth by removal with the truth by swap.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    applies: np.ndarray
    cost: np.ndarray
    grid: np.ndarray
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
    agreement: float

    @property
    def methods(self) -> list[int]:
        """The rows that are methods, not controls; best first."""
        return [row for row, name in enumerate(self.names) if name not in CONTROLS]

    def mark(self, name: str, column: str) -> float:
        """A mean mark by the names of the method and of the column."""
        return float(self.mean[self.names.index(name), self.columns.index(column)])

    @property
    def sentence(self) -> str:
        """Which method comes nearest to the truth here, and which tells classes apart."""
        if not self.methods:
            return "No method fits this network."
        best, game = self.methods[0], self.columns.index("grid_game")
        teller = max(self.methods, key=lambda row: self.mean[row, game])
        return (
            f"Of {len(self.methods)} methods, *{self.titles[best]}* comes nearest to the truth: trust"
            f" {self.mean[best, 0]:.2f}, 95% interval {self.low[best, 0]:.2f} to {self.high[best, 0]:.2f}"
            f" (0 a map that does not know the network, 1 the truth). *{self.titles[teller]}* tells classes apart best:"
            f" {self.mean[teller, game]:.0%} of it on the right animal of four (chance 25%)."
        )

    def rows(self, model: str) -> list[dict[str, Any]]:
        """One plain dict a method: marks by name, their intervals, and the cost."""
        return [self._row(model, index) for index in range(len(self.names))]

    def _row(self, model: str, index: int) -> dict[str, Any]:
        at = {name: place for place, name in enumerate(self.columns) if self.applies[index, place]}
        return {
            "model": model,
            "method": self.names[index],
            "title": self.titles[index],
            "cost_forwards": float(self.cost[index]),
            **{name: float(self.mean[index, at[name]]) if name in at else None for name in self.columns},
            "intervals": {n: [float(self.low[index, i]), float(self.high[index, i])] for n, i in at.items()},
        }


def controls_hold(_model: ModelHandle, _params: CalibrationParams, result: Calibration, run: Run) -> Evidence:
    """The benchmark's own evidence: maps that know nothing score at chance, the oracle near the ceiling."""
    blind = {title: name for name, title in zip(result.names, result.titles, strict=True) if name in BLIND_CONTROLS}
    scores: list[Score] = []
    for column, title in (("trust", "Trust"), ("part_correlation", "Part correlation"), ("pointing", "Pointing")):
        run.report(len(scores) / 3, f"reading the controls: {title}")
        floor, ceiling = result.mark("random", column), result.mark("oracle", column)
        scores.append(
            Score(
                of="the oracle",
                name=column,
                title=f"{title} of the oracle",
                value=ceiling,
                baselines={title.lower(): result.mark(name, column) for title, name in blind.items()},
                reading=f"A map painted from the truth gets {ceiling:.2f}, a random map {floor:.2f}.",
            )
        )
    return Evidence(scores=tuple(scores))


BLIND_CONTROLS = tuple(name for name in CONTROLS if not name.startswith("oracle"))


@explainer("Calibration", paper="https://arxiv.org/abs/2308.06248", evidence=controls_hold)
def calibration(model: ModelHandle, params: CalibrationParams, run: Run) -> Calibration:
    """Compare the methods with the truth; see the module's docstring."""
    sample = Sample(params.scenes, params.seed, params.biased, params.world or nets.world_of(model.card.name))
    benchmark = make_benchmark(model, sample, run.part(0.0, 0.2).report)
    return rank(model, benchmark, chosen(params.methods), params.seed, run)


def rank(model: ModelHandle, benchmark: Benchmark, methods: dict[str, Candidate], seed: int, run: Run) -> Calibration:
    """Marks of ``methods`` and of the controls on one benchmark, ranked by trust."""
    count = max(4, len(benchmark.scenes) // SHARE_GRID)
    task = Task(benchmark, grid_game(benchmark, count, seed), seed)
    results: dict[str, tuple[Candidate | Control, Evaluation]] = {}
    unfit: list[tuple[str, str]] = []
    participants: list[Candidate | Control] = [*controls(seed, layer_grid(model)).values(), *methods.values()]
    for index, method in enumerate(participants):

        def report(share: float, index: int = index, title: str = method.title) -> None:
            done = 0.2 + 0.8 * (index + share) / len(participants)
            run.report(done, f"{title}: method {index + 1} of {len(participants)}")

        try:
            results[method.name] = (method, evaluate(model, task, method, report))
            if not isinstance(method, Control):
                run.offer(_ranked(Ranking(model, task, results), tuple(unfit)))
        except UnfitError as error:
            unfit.append((method.title, str(error)))
    return _ranked(Ranking(model, task, results), tuple(unfit))


def layer_grid(model: ModelHandle) -> tuple[int, int]:
    """Rows and columns of the layer that maps of layers are read from by default."""
    shape = model.layer(None).shape
    return shape[1], shape[2]


@dataclass(frozen=True)
class Ranking:
    """What every method said, and what it is compared with.

    Attributes:
        model: the network.
        task: what was asked.
        results: the methods and controls by name, with their marks.
    """

    model: ModelHandle
    task: Task
    results: dict[str, tuple[Candidate | Control, Evaluation]]

    def yardstick(self) -> Yardstick:
        """What maps are compared with."""
        return yardstick(self.task.benchmark, [self.results[name][1].readings for name in BLIND])

    def trusts(self) -> dict[str, np.ndarray]:
        """For each method its trust and its share of the truth, (2, N)."""
        stick, oracle = self.yardstick(), self.results["oracle"][1].readings
        best = stick.marks(oracle)
        grids, table = {oracle.grid: 1.0}, {}
        for name, (_, evaluation) in self.results.items():
            grid = evaluation.readings.grid
            if grid not in grids:
                truth = read_maps(self.model, self.task.benchmark, controls(self.task.seed, grid)["oracle_grid"])
                grids[grid] = max(LEAST, float(share_of_truth(stick.marks(truth), best).mean()))
            share = share_of_truth(stick.marks(evaluation.readings), best)
            table[name] = np.stack([share / grids[grid], share])
        return table


def _ranked(ranking: Ranking, unfit: tuple[tuple[str, str], ...]) -> Calibration:
    benchmark, results, trusts = ranking.task.benchmark, ranking.results, ranking.trusts()
    table = {
        name: mean_and_interval(np.vstack([trusts[name], evaluation.scores]), ranking.task.seed)
        for name, (_, evaluation) in results.items()
    }
    order = sorted(results, key=lambda name: -table[name][0][0])
    mean, low, high = (np.array([table[name][which] for name in order]) for which in range(3))
    return Calibration(
        mean=np.nan_to_num(mean),
        low=np.nan_to_num(low),
        high=np.nan_to_num(high),
        applies=np.isfinite(mean),
        cost=np.array([results[name][0].cost_forwards for name in order], dtype=np.float64),
        grid=np.array([results[name][1].readings.grid for name in order]),
        truth=np.nan_to_num(benchmark.truth),
        seen=np.isfinite(benchmark.truth),
        images=benchmark.images[:SAMPLES],
        owners=benchmark.owners[:SAMPLES],
        important=benchmark.important[:SAMPLES],
        maps=np.stack([results[name][1].samples for name in order]),
        names=tuple(order),
        titles=tuple(results[name][0].title for name in order),
        columns=("trust", "share_of_truth", *ALL),
        regions=REGIONS,
        unfit=unfit,
        agreement=float(np.mean([spearman(a, b) for a, b in zip(benchmark.removal, benchmark.swap, strict=True)])),
    )
