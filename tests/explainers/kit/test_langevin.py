"""The sampler against distributions in closed form, and against plain ascent."""

import numpy as np
import pytest
import torch
from torch import Tensor

from explainers.kit.langevin import Weights, correlation_time, sample
from models.errors import InputError

CHAINS, STEPS = 20_000, 600


def chance(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_gaussian_prior_keeps_its_mean_and_variance() -> None:
    """With d log p / dh = -(h - m) / v, steps of e1 = e / v and noise of sqrt(2 e) keep N(m, v / (1 - e / (2 v)))."""
    mean, variance, e = 2.0, 0.5, 0.01
    h, _ = sample(
        torch.zeros(CHAINS, 1, dtype=torch.float64),
        lambda _t, h: (mean - h, h),
        Weights(e / variance, 0.0, float(np.sqrt(2 * e))),
        steps=STEPS,
        random=chance(0),
    )
    assert float(h.mean()) == pytest.approx(mean, rel=0.03)
    assert float(h.var()) == pytest.approx(variance / (1 - e / (2 * variance)), rel=0.03)


def test_the_condition_gives_the_posterior_of_quadrature() -> None:
    """Prior N(0, 1), p(y | h) = sigmoid(3 h - 1): mean and variance against numbers on a grid."""
    e = 0.01
    grid = np.linspace(-6, 6, 20_001)
    weight = np.exp(-(grid**2) / 2) / (1 + np.exp(-(3 * grid - 1)))
    weight /= weight.sum()
    mean = (grid * weight).sum()
    variance = ((grid - mean) ** 2 * weight).sum()
    h, _ = sample(
        torch.zeros(CHAINS, 1, dtype=torch.float64),
        lambda _t, h: (-h, 3 / (1 + torch.exp(3 * h - 1))),
        Weights(e, e, float(np.sqrt(2 * e))),
        steps=STEPS,
        random=chance(1),
    )
    assert float(h.mean()) == pytest.approx(mean, rel=0.03)
    assert float(h.var()) == pytest.approx(variance, rel=0.03)


def test_the_best_denoiser_of_a_gaussian_gives_the_slope_of_its_logarithm() -> None:
    """For N(m, v) and noise s, R(h) = E[x | h] = (v h + s^2 m) / (v + s^2), and (R(h) - h) / s^2 is the slope."""
    mean, variance, s = 1.0, 2.0, 0.3
    h = np.linspace(-3, 3, 7)
    denoised = (variance * h + s**2 * mean) / (variance + s**2)
    assert np.allclose((denoised - h) / s**2, -(h - mean) / (variance + s**2))


def test_without_prior_and_noise_it_is_plain_ascent_bit_for_bit() -> None:
    start = torch.randn(3, 4, generator=chance(2))
    h = start.clone()
    for _ in range(50):
        h = h + 0.1 * torch.cos(h)
    never = torch.full_like(start, float("nan"))  # a prior whose weight is 0 is not looked at
    chains, _ = sample(start, lambda _t, h: (never, torch.cos(h)), Weights(0.0, 0.1, 0.0), steps=50, random=chance(3))
    assert chains.dtype == torch.float32
    assert torch.equal(chains, h)


def test_a_chain_that_breaks_stops_and_the_others_go_on() -> None:
    def slopes(_t: int, h: Tensor) -> tuple[Tensor, Tensor]:
        return h, torch.where(h > 1, float("nan"), 1.0)

    end, alive = sample(torch.tensor([[0.5], [-9.0]]), slopes, Weights(0.0, 0.1, 0.0), steps=20, random=chance(0))
    assert float(end[0, 0]) == pytest.approx(1.0, abs=0.11)
    assert float(end[1, 0]) == pytest.approx(-7.0, abs=1e-4)
    assert alive.tolist() == [False, True]


def test_correlation_time_of_an_autoregression_is_its_closed_form() -> None:
    """h' = a h + noise has (1 + a) / (1 - a); independent draws have 1."""
    random, a, steps = chance(4), 0.8, 6000
    noise = torch.randn(steps, 8, 4, generator=random)
    path = [noise[0]]
    for t in range(1, steps):
        path.append(a * path[-1] + noise[t])
    assert float(correlation_time(torch.stack(path)).mean()) == pytest.approx((1 + a) / (1 - a), rel=0.1)
    assert float(correlation_time(noise).mean()) == pytest.approx(1.0, abs=0.15)


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="at least one step"):
        sample(torch.zeros(1, 1), lambda _t, h: (h, h), Weights(0.0, 0.0, 0.0), steps=0, random=chance(0))
    with pytest.raises(InputError, match="cannot be negative"):
        Weights(0.0, 0.0, -1.0)
