"""The sampler against distributions in closed form, and against plain ascent."""

import numpy as np
import pytest

from explainers.kit.langevin import sample
from models.errors import InputError

CHAINS, STEPS = 20_000, 600


def zero(h: np.ndarray) -> np.ndarray:
    return np.zeros_like(h)


def test_a_gaussian_prior_keeps_its_mean_and_variance() -> None:
    """With d log p / dh = -(h - m) / v, steps of e1 = e / v and noise of sqrt(2 e) keep N(m, v / (1 - e / (2 v)))."""
    mean, variance, e = 2.0, 0.5, 0.01
    h = sample(
        np.zeros((CHAINS, 1)),
        lambda h: mean - h,
        zero,
        e1=e / variance,
        e2=0.0,
        e3=float(np.sqrt(2 * e)),
        steps=STEPS,
        rng=np.random.default_rng(0),
    )
    assert h.mean() == pytest.approx(mean, rel=0.03)
    assert h.var() == pytest.approx(variance / (1 - e / (2 * variance)), rel=0.03)


def test_the_condition_gives_the_posterior_of_quadrature() -> None:
    """Prior N(0, 1), p(y | h) = sigmoid(3 h - 1): mean and variance against numbers on a grid."""
    e = 0.01
    grid = np.linspace(-6, 6, 20_001)
    weight = np.exp(-(grid**2) / 2) / (1 + np.exp(-(3 * grid - 1)))
    weight /= weight.sum()
    mean = (grid * weight).sum()
    variance = ((grid - mean) ** 2 * weight).sum()
    h = sample(
        np.zeros((CHAINS, 1)),
        lambda h: -h,
        lambda h: 3 / (1 + np.exp(3 * h - 1)),
        e1=e,
        e2=e,
        e3=float(np.sqrt(2 * e)),
        steps=STEPS,
        rng=np.random.default_rng(1),
    )
    assert h.mean() == pytest.approx(mean, rel=0.03)
    assert h.var() == pytest.approx(variance, rel=0.03)


def test_the_best_denoiser_of_a_gaussian_gives_the_slope_of_its_logarithm() -> None:
    """For N(m, v) and noise s, R(h) = E[x | h] = (v h + s^2 m) / (v + s^2), and (R(h) - h) / s^2 is the slope."""
    mean, variance, s = 1.0, 2.0, 0.3
    h = np.linspace(-3, 3, 7)
    denoised = (variance * h + s**2 * mean) / (variance + s**2)
    assert np.allclose((denoised - h) / s**2, -(h - mean) / (variance + s**2))


def test_without_prior_and_noise_it_is_plain_ascent_bit_for_bit() -> None:
    start = np.random.default_rng(2).normal(size=(3, 4)).astype(np.float32)

    def slope(h: np.ndarray) -> np.ndarray:
        return np.cos(h)

    def refuse(_h: np.ndarray) -> np.ndarray:
        raise AssertionError("the prior is not asked")

    h = start.copy()
    for _ in range(50):
        h = h + np.float32(0.1) * slope(h)
    chains = sample(start, refuse, slope, e1=0.0, e2=0.1, e3=0.0, steps=50, rng=np.random.default_rng(3))
    assert chains.dtype == np.float32
    assert np.array_equal(chains, h)


def test_a_chain_that_breaks_stops_and_the_others_go_on() -> None:
    def slope(h: np.ndarray) -> np.ndarray:
        return np.where(h > 1, np.nan, 1.0)

    end = sample(np.array([[0.5], [-9.0]]), zero, slope, e1=0.0, e2=0.1, e3=0.0, steps=20, rng=np.random.default_rng(0))
    assert end[0, 0] == pytest.approx(1.0, abs=0.11)
    assert end[1, 0] == pytest.approx(-7.0)


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="at least one step"):
        sample(np.zeros((1, 1)), zero, zero, e1=0.0, e2=0.0, e3=0.0, steps=0, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="cannot be negative"):
        sample(np.zeros((1, 1)), zero, zero, e1=0.0, e2=0.0, e3=-1.0, steps=1, rng=np.random.default_rng(0))
