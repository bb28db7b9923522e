"""Areas that count together: closed forms, the definition restated slowly, and a network with a planted product."""

from itertools import combinations, permutations

import numpy as np
import pytest
import torch
from torch import nn

import explainers
import models
from explainers.attribution.interaction import indices, subsets
from models import menagerie


def test_a_polynomial_game_has_its_coefficients() -> None:
    """v(S) = 2 a + 3 b - c + 5 ab - 4 abc: the pair ab has 5 - 4/2, ac and bc -4/2; a has 2 + 5/2 - 4/3."""
    a, b, c = subsets(3).T.astype(float)
    value, together = indices(2 * a + 3 * b - c + 5 * a * b - 4 * a * b * c)
    assert value == pytest.approx([2 + 2.5 - 4 / 3, 3 + 2.5 - 4 / 3, -1 - 4 / 3])
    assert together[0, 1] == pytest.approx(5 - 2)
    assert together[0, 2] == pytest.approx(-2)
    assert together[1, 2] == pytest.approx(-2)


def test_shapley_values_are_means_over_orders() -> None:
    worth, players = np.random.default_rng(0).normal(size=16), 4
    value, together = indices(worth)
    slow = np.zeros(players)
    for order in permutations(range(players)):
        shown = 0
        for player in order:
            slow[player] += worth[shown | 1 << player] - worth[shown]
            shown |= 1 << player
    assert value == pytest.approx(slow / 24)
    assert value.sum() == pytest.approx(worth[-1] - worth[0])
    assert np.allclose(together, together.T)


def test_an_interaction_is_the_mean_over_orders_in_which_both_come_together() -> None:
    """Grabisch and Roubens: the two enter as one player, in all orders of that and the others."""
    worth, players = np.random.default_rng(1).normal(size=16), 4
    _, together = indices(worth)
    for i, j in combinations(range(players), 2):
        others = [player for player in range(players) if player not in (i, j)]
        gains = []
        for order in permutations([*others, "both"]):
            shown = sum(1 << player for player in order[: order.index("both")])
            one, two = 1 << i, 1 << j
            gains.append(worth[shown | one | two] - worth[shown | one] - worth[shown | two] + worth[shown])
        assert together[i, j] == pytest.approx(np.mean(gains))


class Corners(nn.Module):
    """Class 0: the product of the means of the left and the right half; class 1: nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Conv2d(3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        left, right = x[..., :12].mean((1, 2, 3)), x[..., 12:].mean((1, 2, 3))
        return torch.stack([10 * left * right, 0 * left], 1) + 0 * self.map(x).mean()


def test_a_planted_product_is_found_between_its_halves() -> None:
    model = models.wrap(Corners(), input_size=(3, 24, 24), mean=(0.0,), std=(1.0,), labels=["both", "none"])
    pixels = np.full((24, 24, 3), 200, np.uint8)
    pixels[:, 12:] = (230, 120, 30)
    result = explainers.explain("interaction", model, image=pixels, target=0, parts=3)
    left = {int(area) for area in np.unique(result.areas[:, :10])}
    right = {int(area) for area in np.unique(result.areas[:, 14:])}
    first, second = result.strongest
    assert {first in left, second in left} == {True, False}
    assert {first in right, second in right} == {True, False}
    assert result.together[first, second] > 0
    assert result.value.sum() == pytest.approx(result.worth[-1] - result.worth[0], abs=1e-6)


def test_the_evidence_asks_another_background() -> None:
    model = models.load("menagerie_cnn", "cpu")
    chosen = {"image": menagerie.render(menagerie.scene(3, 1)).image, "parts": 8}
    lens = explainers.registry()["interaction"]
    params = explainers.params_of(lens, chosen)
    result = lens(model, params, explainers.LocalRun(model))
    (score,) = lens.evidence(model, params, result, explainers.LocalRun(model)).scores
    assert -1 <= score.value <= 1
    assert 0 < score.baselines["shuffled pairs"] < 1
