"""The benchmark tells the ignorant from the knowing, and a broken method falls to the bottom."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from scipy.stats import rankdata
from torch import Tensor

import models
from explainers import LocalRun, explain
from explainers.calibration import metrics
from explainers.calibration.aggregate import mean_and_interval
from explainers.calibration.benchmark import REGIONS, Benchmark, Network, Sample, make_benchmark
from explainers.calibration.candidates import candidates, chosen
from explainers.calibration.classes import grid_game, rivals, share_in_right_cell
from explainers.calibration.controls import CONTROLS, controls, on_grid
from explainers.calibration.evaluate import ALL, Task, evaluate, read_maps
from explainers.calibration.lens import BLIND_CONTROLS, Calibration, rank
from explainers.calibration.tables import markdown
from explainers.calibration.trust import BLIND, share_of_truth, yardstick
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
    return make_benchmark(net, Sample(48, 0, biased=False, world=1), lambda *_: None)


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
    return result.mark(method, column)


def test_a_random_map_scores_at_chance(ranked: Calibration, benchmark: Benchmark) -> None:
    area = benchmark.inside().mean((1, 2)).mean()
    around = benchmark.near().mean((1, 2)).mean()
    n = len(benchmark.scenes)
    assert mark(ranked, "random", "energy") == pytest.approx(area, abs=0.02)
    assert mark(ranked, "random", "pointing") == pytest.approx(around, abs=3 * np.sqrt(around * (1 - around) / n))
    assert mark(ranked, "random", "part_correlation") == pytest.approx(0, abs=3 * 0.42 / np.sqrt(n))
    assert mark(ranked, "random", "single_deletion") == pytest.approx(0.5, abs=0.07)
    assert mark(ranked, "random", "grid_game") == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("name", BLIND_CONTROLS)
def test_maps_that_do_not_know_the_network_are_worth_nothing(ranked: Calibration, name: str) -> None:
    row = ranked.names.index(name)
    assert ranked.low[row, 0] <= 0 <= ranked.high[row, 0]
    if name in (*BLIND, "silhouette"):
        assert ranked.mean[row, 0] == pytest.approx(0, abs=1e-6), "by construction"


def test_the_truth_on_the_layers_grid_is_as_much_as_the_grid_can_reach(ranked: Calibration) -> None:
    assert mark(ranked, "oracle_grid", "trust") == mark(ranked, "oracle_grid", "share_of_truth")
    assert 0.2 < mark(ranked, "oracle_grid", "trust") < 0.95
    row = ranked.names.index("gradcam")
    assert tuple(ranked.grid[row]) == (8, 8)
    share = mark(ranked, "gradcam", "share_of_truth") / mark(ranked, "gradcam", "trust")
    assert share == pytest.approx(mark(ranked, "oracle_grid", "trust"))


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
    assert ranked.low[broken, 0] <= 0 < ranked.low[real, 0], "worth no more than a silhouette"
    for column in ("pointing", "energy", "part_correlation"):
        at = ranked.columns.index(column)
        assert ranked.high[broken, at] < ranked.low[real, at], "the intervals do not touch"
    game = ranked.columns.index("grid_game")  # a handful of games: too few for intervals apart
    assert ranked.mean[broken, game] < ranked.mean[real, game] - 0.1


def test_rows_come_one_by_one(net: ModelHandle) -> None:
    class Watched(LocalRun):
        def offer(self, known) -> None:
            offered.append(known)

    offered: list[Calibration] = []
    few = make_benchmark(net, Sample(4, 0, biased=False, world=1), lambda *_: None)
    whole = rank(net, few, chosen(("gradcam", "saliency")), 0, Watched(net))
    assert [len(known.methods) for known in offered] == [1, 2]
    assert offered[-1].names == whole.names


def test_intervals_hold_the_mean_and_maps_are_kept(ranked: Calibration) -> None:
    inside = (ranked.low <= ranked.mean + 1e-9) & (ranked.mean <= ranked.high + 1e-9)
    assert inside[ranked.applies].all()
    assert ranked.maps.shape == (len(ranked.names), 6, 128, 128)
    assert ranked.important.any(1).all()
    assert "trust" in ranked.sentence
    row = ranked.rows("menagerie_cnn")[0]
    assert {"model", "method", "pointing", "part_correlation", "cost_forwards"} <= row.keys()


def test_the_counterfactual_is_on_the_other_side_of_chance(net: ModelHandle, benchmark: Benchmark) -> None:
    task = Task(benchmark, grid_game(benchmark, 4, 0), 0)
    there = evaluate(net, task, candidates()["gradcam"], lambda _: None)
    against = evaluate(net, task, candidates()["counterfactual"], lambda _: None)
    row = ALL.index("part_correlation")
    assert against.scores[row].mean() == pytest.approx(-there.scores[row].mean(), abs=1e-6)


def test_a_network_of_another_world_is_refused() -> None:
    with pytest.raises(UnfitError, match="does not know the menagerie"):
        explain("calibration", small_cnn(), scenes=16)


def test_unknown_methods_and_counts_are_refused(net: ModelHandle) -> None:
    with pytest.raises(InputError, match="There is no method 'nonsense'; there are: "):
        explain("calibration", net, scenes=4, methods=("nonsense",))
    with pytest.raises(InputError, match="scenes goes from"):
        explain("calibration", net, scenes=0)


def hand_made() -> Benchmark:
    """Two 8x8 pictures: body in the left half, tail in the lower right quarter; the tail matters in both."""
    owners = np.zeros((2, 8, 8), np.uint8)
    owners[:, :, :4], owners[:, 4:, 4:] = 1 + PARTS.index("body"), 1 + PARTS.index("tail")
    truth = np.full((2, len(REGIONS)), np.nan)
    truth[:, PARTS.index("body")], truth[:, PARTS.index("tail")] = 0.1, 4.0
    images = np.zeros((2, 8, 8, 3), np.uint8)
    network = Network(lambda x: np.zeros((len(x), 16)), 8)
    return Benchmark((scene(0, 1), scene(0, 2)), images, owners, np.array([0, 0]), truth, truth, truth, network)


def test_marks_by_hand() -> None:
    benchmark = hand_made()
    maps = np.zeros((2, 8, 8), np.float32)
    maps[0, 4:, 4:] = 1  # all on the tail
    maps[1, :, :4] = 1  # all on the body
    maps[1, 0, 0] = 2
    readings = metrics.read(benchmark, maps)
    assert metrics.energy(benchmark, readings).tolist() == [1.0, 0.0]
    assert metrics.pointing(benchmark, readings).tolist() == [1.0, 0.0]
    assert readings.density[0, PARTS.index("tail")] == 1.0
    assert readings.density[1, PARTS.index("body")] == pytest.approx(33 / 32)
    assert np.isnan(readings.density[0, PARTS.index("eye")])
    assert metrics.called(readings, 0.5)[0].tolist() == [r == PARTS.index("tail") for r in range(len(REGIONS))]
    assert metrics.distractibility(benchmark, readings).tolist() == [1.0, 0.0], "the body has 2.5% of the tail's effect"


def test_a_silhouette_shares_the_badge_with_the_parts() -> None:
    benchmark, badge = hand_made(), REGIONS.index("badge")
    owners, truth = benchmark.owners.copy(), benchmark.truth.copy()
    owners[:, 4:, 4:] = 1 + badge
    truth[:, PARTS.index("tail")], truth[:, badge] = np.nan, (4.0, 0.05)
    shortcut = replace(benchmark, owners=owners, truth=truth)
    silhouette = (owners > 0).astype(np.float32)
    assert metrics.shortcut(shortcut, metrics.read(shortcut, silhouette)).tolist() == pytest.approx(
        [0.5, np.nan], nan_ok=True
    ), "body and badge are equally dense; the second network looks at the body"
    silhouette[:, 4:, 4:] = 2
    assert metrics.shortcut(shortcut, metrics.read(shortcut, silhouette))[0] == 1.0


@pytest.mark.parametrize("fill", [0.0, 3.0, np.nan])
def test_a_map_without_an_order_is_never_a_hit(fill: float) -> None:
    benchmark = hand_made()
    readings = metrics.read(benchmark, np.full((2, 8, 8), fill, np.float32))
    for question in (metrics.pointing, metrics.energy, metrics.part_correlation, metrics.distractibility):
        assert question(benchmark, readings).tolist() == [0.0, 0.0], question.__name__


def test_settling_sets_tell_each_class_from_all_others() -> None:
    for cls, own in enumerate(SPECIES):
        for group in metrics.settling(cls):
            twins = [s.name for s in SPECIES if all(s.variants[p] == own.variants[p] for p in group)]
            assert twins == [own.name]


def test_rivals_share_what_they_are_said_to_share() -> None:
    for cls in range(len(CLASSES)):
        a, b, only_a, only_b = rivals(cls)
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


def test_a_share_of_the_truth_is_one_for_the_truth() -> None:
    oracle = np.full((3, 5), 0.8)
    assert share_of_truth(0 * oracle, oracle) == pytest.approx(0)
    assert share_of_truth(oracle, oracle) == pytest.approx(1)
    assert share_of_truth(oracle / 2, oracle) == pytest.approx(0.5)


def test_the_yardstick_by_hand(net: ModelHandle, benchmark: Benchmark) -> None:
    """Restated picture by picture: what is left of the truth is at right angles to what the blind maps say."""
    blind = [read_maps(net, benchmark, controls(0)[name]) for name in BLIND]
    stick = yardstick(benchmark, blind)
    truth = read_maps(net, benchmark, controls(0)["oracle"])
    assert (stick.marks(truth).mean(1) > 0.05).all()
    order = 0.0
    for row, rest in enumerate(stick.rest[0]):
        seen = np.isfinite(benchmark.truth[row])
        ranks = rankdata(blind[0].density[row][seen])
        order += (ranks - ranks.mean()) / np.linalg.norm(ranks - ranks.mean()) @ rest[seen]
    assert order == pytest.approx(0, abs=1e-6)
    against = metrics.read(benchmark, -truth.maps)
    assert stick.marks(against)[0] == pytest.approx(-stick.marks(truth)[0], abs=1e-6)


def test_a_map_of_the_right_cell_wins_the_grid_game(benchmark: Benchmark) -> None:
    game = grid_game(benchmark, 8, 0)
    assert game.images.shape == (8, 128, 128, 3)
    assert len({one.cls for one in game.scenes}) > 2
    maps = np.zeros((8, 128, 128), np.float32)
    for row in range(8):
        y, x = divmod(row % 4, 2)
        maps[row, 64 * y : 64 * y + 64, 64 * x : 64 * x + 64] = 1 + np.arange(64)
    assert share_in_right_cell(metrics.read(game, maps)) == pytest.approx(1)
    assert share_in_right_cell(metrics.read(game, maps[::-1])) == pytest.approx(0)


def test_what_a_grid_can_show_keeps_the_mean_and_loses_the_detail() -> None:
    heat = np.zeros((128, 128), np.float32)
    heat[32:48, 64:80] = 1
    assert on_grid(heat, (8, 8))[40, 72] == pytest.approx(1, abs=0.1)
    heat[32:48:2] = 0
    assert on_grid(heat, (8, 8)).max() == pytest.approx(0.5, abs=0.05)


def test_controls_draw_the_same_whatever_the_batch(benchmark: Benchmark) -> None:
    first, again = controls(3)["random"], controls(3)["random"]
    assert np.array_equal(first.draw(benchmark, 1), again.draw(benchmark, 1))
    assert not np.array_equal(first.draw(benchmark, 2), again.draw(benchmark, 4))


def test_the_tables_give_every_number_with_its_floor(ranked: Calibration) -> None:
    text = markdown(ranked.rows("menagerie_cnn"))
    where, classes, protocols = text.split("\n\n")
    assert where.count("\n") == len(ranked.names) + 1
    assert "Silhouette" in where
    assert "Silhouette" not in classes + protocols
    floor = ranked.mark("random", "preservation")
    assert floor > 0.5, "which is why it has to be said"
    assert f"preservation (random {floor:.2f})" in protocols
    row = ranked.names.index("gradcam")
    assert f"({ranked.low[row, 0]:.2f} to {ranked.high[row, 0]:.2f})" in where
