"""Gradient ascent on a probability: a closed form, a slow restatement, and each regulariser by hand."""

from typing import Any

import numpy as np
import pytest

from explainers.kit.ascent import LONGEST, Rule, climb, progress, regularised, step
from models.errors import InputError

MEAN = np.zeros((3, 1, 1))
HALF = np.full((3, 1, 1), 0.5)


def quiet(*_progress: Any) -> None:
    """Hears nothing."""


def sigmoid(z: float) -> float:
    return 1 / (1 + np.exp(-z))


def linear(weight: np.ndarray, bias: float) -> Any:
    """Two classes, one linear layer: p = sigmoid(w x + b), whose log has the slope (1 - p) w."""

    def probability(x: np.ndarray) -> tuple[float, np.ndarray]:
        p = float(sigmoid(float((weight * x).sum()) + bias))
        return p, (1 - p) * weight

    return probability


def test_a_linear_softmax_net_climbs_as_the_closed_form_says() -> None:
    """With g = p (1 - p) w a step raises the logit by exactly progress(p) / (p (1 - p)), whatever w is."""
    weight = np.random.default_rng(0).normal(size=(3, 16, 16))
    start = np.full((3, 16, 16), 0.5)
    probability = linear(weight, -float((weight * start).sum()))
    _, curve = climb(probability, start, MEAN, Rule(stop=0.99, most=500), quiet)
    z, expected = 0.0, [0.5]
    while expected[-1] < 0.99:
        p = expected[-1]
        z += min(0.03, 0.1 * (1 - p)) / (p * (1 - p))
        expected.append(float(sigmoid(z)))
    np.testing.assert_allclose(curve, expected, atol=1e-9)
    assert curve[1] - curve[0] == pytest.approx(0.03, rel=0.02)


def test_decay_draws_the_logit_towards_that_of_the_mean() -> None:
    weight = np.random.default_rng(1).normal(size=(3, 8, 8))
    start = np.full((3, 8, 8), 0.6)
    probability = linear(weight, -float((weight * 0.5).sum()))
    _, curve = climb(probability, start, HALF, Rule(stop=0.9999, most=40, decay=0.2), quiet)
    z = float((weight * 0.1).sum())
    for p in curve:
        assert p == pytest.approx(sigmoid(z), abs=1e-9)
        z = 0.8 * (z + progress(p) / (p * (1 - p)))
    assert curve.max() < 0.75, "where decay and progress balance"


@pytest.mark.parametrize(
    "rule",
    [
        Rule(stop=0.999, most=12, decay=0.05),
        Rule(stop=0.999, most=12, blur=0.8, every=3),
        Rule(stop=0.999, most=12, decay=0.01, small_norm=20, low_benefit=30),
    ],
)
def test_a_loop_over_pixels_gives_the_same(rule: Rule) -> None:
    """A network with one hidden layer; every pixel is moved, decayed, clipped in a loop of its own."""
    rng = np.random.default_rng(2)
    hidden, out = rng.normal(size=(5, 3 * 6 * 6)), rng.normal(size=(3, 5))

    def probability(x: np.ndarray) -> tuple[float, np.ndarray]:
        h = np.tanh(hidden @ x.ravel())
        z = out @ h
        p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        slope = ((out[1] - p @ out) * (1 - h**2)) @ hidden
        return float(p[1]), slope.reshape(x.shape)

    start = rng.random((3, 6, 6))
    _, curve = climb(probability, start, HALF, rule, quiet)
    x = start.copy()
    for iteration, value in enumerate(curve):
        p, slope = probability(x)
        assert value == pytest.approx(p, abs=1e-9)
        g = p * slope
        x = slow_iteration(x, g, p, rule, iteration)


def slow_iteration(x: np.ndarray, g: np.ndarray, p: float, rule: Rule, iteration: int) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    squares = sum(float(v) ** 2 for v in g.ravel())
    away = np.zeros_like(x)
    for c, i, j in np.ndindex(*x.shape):
        moved = x[c, i, j] + min(0.03, 0.1 * (1 - p)) / squares * g[c, i, j]
        away[c, i, j] = (moved - 0.5) * (1 - rule.decay)
    if rule.blur and iteration % rule.every == rule.every - 1:
        away = gaussian_filter1d(gaussian_filter1d(away, rule.blur, 1, mode="nearest"), rule.blur, 2, mode="nearest")
    norms = {(i, j): sum(away[c, i, j] ** 2 for c in range(3)) ** 0.5 for i, j in np.ndindex(*x.shape[1:])}
    least = np.percentile(list(norms.values()), rule.small_norm)
    for place, norm in norms.items():
        if rule.small_norm and norm < least:
            away[(slice(None), *place)] = 0
    gains = {(i, j): abs(sum(away[c, i, j] * g[c, i, j] for c in range(3))) for i, j in np.ndindex(*x.shape[1:])}
    least = np.percentile(list(gains.values()), rule.low_benefit)
    for place, gain in gains.items():
        if rule.low_benefit and gain < least:
            away[(slice(None), *place)] = 0
    return np.minimum(1, np.maximum(0, 0.5 + away))


def test_clipping_sets_the_right_pixels_to_the_mean() -> None:
    away = np.zeros((3, 2, 2))
    away[:, 0, 0], away[:, 0, 1], away[:, 1, 0], away[:, 1, 1] = 0.01, 0.1, 0.2, 0.3
    gradient = np.ones((3, 2, 2))
    gradient[:, 1, 1] = 0.0
    small = regularised(0.5 + away, gradient, HALF, Rule(stop=1, most=1, small_norm=25), 0)
    np.testing.assert_allclose(small[0], [[0.5, 0.6], [0.7, 0.8]])
    useless = regularised(0.5 + away, gradient, HALF, Rule(stop=1, most=1, low_benefit=25), 0)
    np.testing.assert_allclose(useless[0], [[0.51, 0.6], [0.7, 0.5]])


def test_where_the_gradient_vanishes_the_step_is_cut_and_without_one_it_is_said() -> None:
    slope = np.full((3, 4, 4), 0.5)
    long = step(1e-200, slope)
    assert np.sqrt((long**2).mean()) == pytest.approx(LONGEST)
    assert step(1e-200, slope) == pytest.approx(step(1e-9, slope))
    with pytest.raises(InputError, match="no way up; start from another"):
        step(0.5, np.zeros((3, 4, 4)))
    with pytest.raises(InputError, match="no way up"):
        step(0.5, np.full((3, 4, 4), np.nan))


def test_the_best_picture_on_the_way_is_given() -> None:
    values = iter([0.2, 0.7, 0.1, 0.3])

    def probability(x: np.ndarray) -> tuple[float, np.ndarray]:
        return next(values), np.ones_like(x)

    best, curve = climb(probability, np.full((1, 1, 1), 0.1), MEAN[:1], Rule(stop=0.9, most=3), quiet)
    np.testing.assert_allclose(curve, [0.2, 0.7, 0.1, 0.3])
    assert best == pytest.approx(0.1 + step(0.2, np.ones((1, 1, 1))))
