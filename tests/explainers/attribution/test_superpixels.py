"""LIME, kernel SHAP and Owen values against their definitions, one coalition at a time."""

from itertools import combinations, permutations, product
from math import factorial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import explainers
import models
from explainers.attribution.methods.problem import Problem
from explainers.attribution.methods.superpixels.partition import Area, partition_shap
from explainers.attribution.methods.superpixels.regress import all_coalitions, kernel, kernel_shap, lime, shapley
from explainers.attribution.methods.superpixels.segments import Game, game_of, superpixels
from explainers.attribution.methods.table import PIXELS
from explainers.attribution.saliency import completeness_gap
from explainers.kit.targets import of_class
from tests.explainers.nets import inputs, photo, seeded, small_cnn


class Mixes(nn.Module):
    """Scores in which pixels count together."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.hidden, self.head = nn.Linear(3 * size, 10), nn.Linear(10, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.sin(self.hidden(x.flatten(1)) * 2))


def problem_of(rows: int, columns: int, **more) -> Problem:
    model = models.wrap(seeded(Mixes(rows * columns)), input_size=(3, rows, columns), device="cpu")
    x = torch.randn(1, 3, rows, columns, generator=torch.Generator().manual_seed(4))
    return Problem(model, x, of_class(model, 1), rng=np.random.default_rng(0), **more)


def worth(problem: Problem, shown: np.ndarray) -> float:
    with torch.no_grad():
        return float(problem.model.network(problem.x * torch.from_numpy(shown))[0, 1])


def game(players: int, **more) -> Game:
    """A picture of 4x6 pixels in strips and blocks."""
    problem = problem_of(4, 6, **more)
    return Game(problem, np.random.default_rng(1).permutation(np.arange(24) % players).reshape(4, 6))


def shapley_by_definition(subject: Game) -> np.ndarray:
    """sum_S |S|! (K - |S| - 1)! / K! (v(S + i) - v(S)) (Shapley 1953)."""
    count = subject.players
    values = np.zeros(count)
    for player in range(count):
        others = [other for other in range(count) if other != player]
        for size in range(count):
            for some in combinations(others, size):
                share = factorial(size) * factorial(count - size - 1) / factorial(count)
                with_it, without = (np.isin(subject.labels, list(team)) for team in ((*some, player), some))
                values[player] += share * (worth(subject.problem, with_it) - worth(subject.problem, without))
    return values


@pytest.mark.parametrize("players", [1, 2, 3, 5, 8])
def test_kernel_shap_is_the_shapley_value(players: int) -> None:
    subject = game(players)
    values = shapley(subject, 2**players, np.random.default_rng(0))
    np.testing.assert_allclose(values, shapley_by_definition(subject), rtol=1e-4, atol=1e-5)


def test_drawn_coalitions_come_near_to_the_shapley_value_and_still_add_up() -> None:
    subject = game(8)
    exact = shapley_by_definition(subject)
    errors = []
    for samples in (40, 200):
        draws = [shapley(subject, samples, np.random.default_rng(seed)) for seed in range(20)]
        errors.append(float(np.abs(np.array(draws) - exact).mean()))
        assert all(each.sum() == pytest.approx(exact.sum(), rel=1e-4) for each in draws)
    assert errors[1] < 0.6 * errors[0]
    assert errors[1] < 0.3 * np.abs(exact).mean()


def test_kernel_weighs_by_size() -> None:
    weights = dict(zip(map(tuple, all_coalitions(4).astype(int)), kernel(all_coalitions(4)), strict=True))
    assert weights[1, 0, 0, 0] == pytest.approx(3 / (4 * 1 * 3))
    assert weights[1, 1, 0, 0] == pytest.approx(3 / (6 * 2 * 2))
    assert len(weights) == 14


def test_values_are_spread_over_the_superpixels_and_add_up_to_the_score() -> None:
    problem = problem_of(16, 16, samples=300, superpixels=6)
    subject, attribution = game_of(problem), kernel_shap(problem)
    cam = attribution.cam[0].double().numpy()
    values = np.array([cam[subject.labels == player].sum() for player in range(subject.players)])
    assert all(np.ptp(cam[subject.labels == player]) < 1e-6 for player in range(subject.players))
    np.testing.assert_allclose(values, shapley_by_definition(subject), rtol=1e-3, atol=1e-4)
    assert completeness_gap(problem, attribution) < 1e-4


def test_lime_is_the_weighted_ridge_regression_of_the_paper() -> None:
    problem = problem_of(16, 16, samples=60, superpixels=9)
    subject = game_of(problem)
    shown = np.random.default_rng(0).random((60, subject.players)) < 0.5
    shown[0] = True
    weights, scores = [], []
    for row in shown:
        cosine = row.sum() / (np.sqrt(row.sum()) * np.sqrt(len(row))) if row.any() else 0
        weights.append(np.exp(-((1 - cosine) ** 2) / 0.25**2))
        scores.append(worth(problem, row[subject.labels]))
    table = np.column_stack([np.ones(60), shown])
    penalty = np.diag([0.0] + [1.0] * subject.players)
    weighed = table.T * np.array(weights)
    expected = np.linalg.solve(weighed @ table + penalty, weighed @ np.array(scores))[1:]
    cam = lime(problem).cam[0].double().numpy()
    values = np.array([cam[subject.labels == player].sum() for player in range(subject.players)])
    np.testing.assert_allclose(values, expected, rtol=1e-3, atol=1e-5)
    assert lime(problem).start is None, "it does not claim to add up"


def test_superpixels_follow_colours_and_have_no_gaps() -> None:
    x = torch.zeros(3, 32, 32)
    x[:, :, 13:] = 2.0
    labels = superpixels(x, 16)
    assert set(np.unique(labels)) == set(range(labels.max() + 1))
    assert 8 <= labels.max() + 1 <= 24
    assert not set(labels[:, :13].ravel()) & set(labels[:, 13:].ravel())


def owen_by_definition(problem: Problem) -> np.ndarray:
    """The mean of what a pixel adds over all orders in which every area of the tree comes in one piece (Owen 1977)."""
    rows, columns = problem.x.shape[2:]

    def orders(area: Area) -> list[list[tuple[int, int]]]:
        if area.size == 1:
            return [[(area.top, area.left)]]
        one, two = map(orders, area.halves())
        return [first + second for a, b in product(one, two) for first, second in permutations((a, b))]

    values, every = np.zeros((rows, columns)), orders(Area(0, 0, rows, columns))
    for order in every:
        shown = np.zeros((rows, columns), dtype=bool)
        before = worth(problem, shown)
        for place in order:
            shown[place] = True
            after = worth(problem, shown)
            values[place] += (after - before) / len(every)
            before = after
    return values


@pytest.mark.parametrize("size", [(1, 3), (2, 3), (2, 4)])
def test_partition_shap_is_the_owen_value_where_it_splits_everything(size: tuple[int, int]) -> None:
    problem = problem_of(*size, samples=4000)
    np.testing.assert_allclose(partition_shap(problem).cam[0], owen_by_definition(problem), rtol=1e-4, atol=1e-5)


def test_partition_shap_adds_up_however_few_samples_and_halves_get_what_they_add() -> None:
    problem = problem_of(8, 8, samples=4)
    attribution = partition_shap(problem)
    assert completeness_gap(problem, attribution) < 1e-4
    top, none = np.zeros((8, 8), bool), np.zeros((8, 8), bool)
    top[:4] = True
    with_top, with_bottom = worth(problem, top), worth(problem, ~top)
    expected = (with_top - worth(problem, none) + worth(problem, ~none) - with_bottom) / 2
    assert float(attribution.cam[0, :4].sum()) == pytest.approx(expected, rel=1e-4)
    assert float(attribution.cam[0, :4].std()) < 1e-6


@pytest.mark.parametrize("name", ["lime", "kernel_shap", "partition_shap"])
def test_asks_as_many_scores_as_the_table_says(name: str) -> None:
    model, rows = small_cnn(), []
    handle = model.network.register_forward_hook(lambda _module, given, _output: rows.append(len(given[0])))
    problem = Problem(model, inputs(model, 1), of_class(model, 1), samples=64, superpixels=25)
    PIXELS[name].solve(problem)
    handle.remove()
    assert sum(rows) == pytest.approx(64 * PIXELS[name].cost, abs=16)


def test_number_of_superpixels_is_a_knob() -> None:
    results = [
        explainers.explain("saliency", small_cnn(), image=photo(), method="kernel_shap", samples=40, superpixels=count)
        for count in (4, 16)
    ]
    counts = [len(np.unique(result.cam.round(7))) for result in results]
    assert counts[0] <= 8 < counts[1]
    assert "completeness gap 0.0%" in results[0].sentence
