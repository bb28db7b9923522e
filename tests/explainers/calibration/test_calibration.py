"""The benchmark tells the ignorant from the knowing, and a broken method falls to the bottom."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

import models
from explainers import LocalRun, explain
from explainers.calibration import metrics as marks
from explainers.calibration.aggregate import mean_and_interval, trust
from explainers.calibration.benchmark import REGIONS, Benchmark, make_benchmark
from explainers.calibration.candidates import candidates, controls
from explainers.calibration.evaluate import ALL, evaluate
from explainers.calibration.lens import CONTROLS, Calibration, chosen, rank
from explainers.kit.hooks import activations_and_gradients
from models import ModelHandle
from models.errors import InputError, UnfitError
from models.menagerie import CLASSES, PARTS, SPECIES, scene
from tests.explainers.nets import small_cnn

pytestmark = pytest.mark.timeout(900)  # one benchmark for all of them


@pytest.fixture(scope="module")
def net() -> ModelHandle:
    return models.load("menagerie_cnn", "cpu")


@pytest.fixture(scope="module")
def benchmark(net: ModelHandle) -> Benchmark:
    return make_benchmark(net, 32, 0, biased=False, report=lambda *_: None)


@dataclass(frozen=True)
class BrokenGradCam:
    """Grad-CAM whose gradients are shuffled over the channels: it looks like the real one."""

    name: str = "broken"
    title: str = "Grad-CAM, broken"
    cost_forwards: float = 1.1

    def map(self, model: ModelHandle, x: Tensor, targets: Tensor) -> Tensor:
        layer = model.layer(None)
        a, g, _ = activations_and_gradients(model.network, layer, x, lambda y: y.gather(1, targets[:, None])[:, 0])
        order = torch.randperm(g.shape[1], generator=torch.Generator().manual_seed(1))
        return (a * g.mean((2, 3), keepdim=True)[:, order]).sum(1)


@pytest.fixture(scope="module")
def ranked(net: ModelHandle, benchmark: Benchmark) -> Calibration:
    methods: Mapping = {**chosen(("gradcam", "layercam")), "broken": BrokenGradCam()}
    return rank(net, benchmark, dict(methods), 0, LocalRun(net))


def mark(result: Calibration, method: str, column: str) -> float:
    return float(result.mean[result.names.index(method), result.columns.index(column)])


def test_a_random_map_scores_at_chance(ranked: Calibration, benchmark: Benchmark) -> None:
    area = benchmark.inside().mean((1, 2)).mean()
    around = benchmark.near().mean((1, 2)).mean()
    n = len(benchmark.scenes)
    assert mark(ranked, "random", "energy") == pytest.approx(area, abs=0.02)
    assert mark(ranked, "random", "pointing") == pytest.approx(around, abs=3 * np.sqrt(around * (1 - around) / n))
    assert mark(ranked, "random", "part_correlation") == pytest.approx(0, abs=3 * 0.42 / np.sqrt(n))
    assert mark(ranked, "random", "single_deletion") == pytest.approx(0.5, abs=0.07)
    assert mark(ranked, "random", "trust") == pytest.approx(0, abs=1e-9)


def test_the_oracle_is_near_the_ceiling(ranked: Calibration) -> None:
    for column, least in (
        ("pointing", 0.99),
        ("energy", 0.9),
        ("part_correlation", 0.99),
        ("single_deletion", 0.99),
        ("distractibility", 0.99),
    ):
        assert mark(ranked, "oracle", column) >= least, column
    assert mark(ranked, "oracle", "trust") == pytest.approx(1, abs=1e-9)


def test_a_broken_gradcam_falls_to_the_bottom(ranked: Calibration) -> None:
    methods = [name for name in ranked.names if name not in CONTROLS]
    assert methods[-1] == "broken"
    broken, real = ranked.names.index("broken"), ranked.names.index("gradcam")
    assert ranked.high[broken, 0] < ranked.low[real, 0], "the intervals do not touch"


def test_intervals_hold_the_mean_and_maps_are_kept(ranked: Calibration) -> None:
    inside = (ranked.low <= ranked.mean + 1e-9) & (ranked.mean <= ranked.high + 1e-9)
    assert inside[ranked.asked].all()
    assert ranked.maps.shape == (len(ranked.names), 6, 128, 128)
    assert ranked.important.any(1).all()
    assert "trust" in ranked.sentence
    row = ranked.rows("menagerie_cnn")[0]
    assert {"model", "method", "pointing", "part_correlation", "cost_forwards"} <= row.keys()


def test_the_counterfactual_is_on_the_other_side_of_chance(net: ModelHandle, benchmark: Benchmark) -> None:
    there = evaluate(net, benchmark, candidates()["gradcam"], 0, lambda _: None)
    against = evaluate(net, benchmark, candidates()["counterfactual"], 0, lambda _: None)
    row = ALL.index("part_correlation")
    assert against.scores[row].mean() == pytest.approx(-there.scores[row].mean(), abs=1e-6)


def test_a_network_of_another_world_is_refused() -> None:
    with pytest.raises(UnfitError, match="does not know the menagerie"):
        explain("calibration", small_cnn(), scenes=16)


def test_unknown_methods_and_counts_are_refused(net: ModelHandle) -> None:
    with pytest.raises(InputError, match="There is no method 'nonsense'; there are: gradcam"):
        explain("calibration", net, scenes=4, methods="nonsense")
    with pytest.raises(InputError, match="scenes goes from"):
        explain("calibration", net, scenes=0)


def hand_made() -> Benchmark:
    """Two 8x8 pictures: body in the left half, tail in the lower right quarter; the tail matters in both."""
    owners = np.zeros((2, 8, 8), np.uint8)
    owners[:, :, :4], owners[:, 4:, 4:] = 1 + PARTS.index("body"), 1 + PARTS.index("tail")
    truth = np.full((2, len(REGIONS)), np.nan)
    truth[:, PARTS.index("body")], truth[:, PARTS.index("tail")] = 0.1, 4.0
    images = np.zeros((2, 8, 8, 3), np.uint8)
    answers = {}
    made = Benchmark(
        (scene(0, 1), scene(0, 2)), images, owners, np.array([0, 0]), truth, lambda x: np.zeros((len(x), 16))
    )
    return Benchmark(made.scenes, images, owners, made.targets, truth, made.predict, answers)


def test_marks_by_hand() -> None:
    benchmark = hand_made()
    maps = np.zeros((2, 8, 8), np.float32)
    maps[0, 4:, 4:] = 1  # all on the tail
    maps[1, :, :4] = 1  # all on the body
    maps[1, 0, 0] = 2
    readings = marks.read(benchmark, maps)
    assert marks.energy(benchmark, readings).tolist() == [1.0, 0.0]
    assert marks.pointing(benchmark, readings).tolist() == [1.0, 0.0]
    assert readings.density[0, PARTS.index("tail")] == 1.0
    assert readings.density[1, PARTS.index("body")] == pytest.approx(33 / 32)
    assert np.isnan(readings.density[0, PARTS.index("eye")])
    assert marks.called(readings, 0.5)[0].tolist() == [r == PARTS.index("tail") for r in range(len(REGIONS))]
    assert marks.distractibility(benchmark, readings).tolist() == [1.0, 0.0], "the body has 2.5 % of the tail's effect"


@pytest.mark.parametrize("fill", [0.0, 3.0, np.nan])
def test_a_map_without_an_order_is_never_a_hit(fill: float) -> None:
    benchmark = hand_made()
    readings = marks.read(benchmark, np.full((2, 8, 8), fill, np.float32))
    for question in (marks.pointing, marks.energy, marks.part_correlation, marks.distractibility):
        assert question(benchmark, readings).tolist() == [0.0, 0.0], question.__name__


def test_settling_sets_tell_each_class_from_all_others() -> None:
    for cls, own in enumerate(SPECIES):
        for group in marks.settling(cls):
            twins = [s.name for s in SPECIES if all(s.variants[p] == own.variants[p] for p in group)]
            assert twins == [own.name]


def test_rivals_share_what_they_are_said_to_share() -> None:
    for cls in range(len(CLASSES)):
        a, b, only_a, only_b = marks.rivals(cls)
        own = SPECIES[cls].variants
        assert cls not in (a, b)
        for part in only_a:
            assert SPECIES[a].variants[part] == own[part] != SPECIES[b].variants[part]
        for part in only_b:
            assert SPECIES[b].variants[part] == own[part] != SPECIES[a].variants[part]


def test_means_ignore_what_was_not_asked() -> None:
    scores = np.array([[1.0, 0.0, np.nan, 1.0], [np.nan] * 4])
    mean, low, high = mean_and_interval(scores, 0)
    assert mean[0] == pytest.approx(2 / 3)
    assert low[0] <= mean[0] <= high[0]
    assert np.isnan(mean[1])
    assert np.isnan(low[1])


def test_trust_is_zero_for_random_and_one_for_the_truth() -> None:
    random, oracle = np.full((3, 5), 0.2), np.full((3, 5), 0.9)
    assert trust(random, random, oracle) == pytest.approx(0)
    assert trust(oracle, random, oracle) == pytest.approx(1)
    assert trust((random + oracle) / 2, random, oracle) == pytest.approx(0.5)


def test_controls_draw_the_same_whatever_the_batch(benchmark: Benchmark) -> None:
    first, again = controls(3)["random"], controls(3)["random"]
    assert np.array_equal(first.draw(benchmark, 1), again.draw(benchmark, 1))
    assert not np.array_equal(first.draw(benchmark, 2), again.draw(benchmark, 4))
