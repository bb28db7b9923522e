"""Langevin sampling with a prior and a condition, as in Plug & Play Generative Networks.

Nguyen et al. 2017 (CVPR, arXiv:1612.00005), equation 5:
``h' = h + e1 (R(h) - h) + e2 d log p(y = c | h) / dh + N(0, e3^2)``, where ``R`` is a denoising autoencoder: its step
is the slope of the prior's logarithm times the variance of the noise that it was trained on (Alain and Bengio 2014),
which ``e1`` takes in. Without prior and noise (``e1 = e3 = 0``) it is the ascent of DGN-AM (Nguyen et al. 2016).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from models.errors import InputError

Slopes = Callable[[int, Float[Tensor, "n *d"]], tuple[Tensor, Tensor]]
Heard = Callable[[int, Float[Tensor, "n *d"]], None]


@dataclass(frozen=True)
class Weights:
    """Of the three terms: prior, condition, and the standard deviation of the noise.

    Raises:
        InputError: a negative standard deviation.
    """

    e1: float
    e2: float
    e3: float

    def __post_init__(self) -> None:
        if self.e3 < 0:
            raise InputError(f"The noise's standard deviation e3 cannot be negative; it is {self.e3}.")

    def times(self, pace: float) -> "Weights":
        """All three, so many times as large."""
        return Weights(self.e1 * pace, self.e2 * pace, self.e3 * pace)


def sample(  # noqa: PLR0913 - the terms of the equation
    h0: Float[Tensor, "n *d"],
    slopes: Slopes,
    weights: Weights,
    *,
    steps: int,
    random: torch.Generator,
    on_step: Heard = lambda _t, _h: None,
) -> tuple[Float[Tensor, "n *d"], Bool[Tensor, " n"]]:
    """Run n chains side by side, on the device of ``h0``.

    Args:
        h0: where they begin.
        slopes: step and h -> (R(h) - h, slope of the condition's logarithm); both in one call, since one pass through
            the networks gives both. What a weight of 0 makes idle may be anything of h's shape.
        weights: e1, e2 and e3.
        steps: how many.
        random: of the noise; nothing is drawn where ``e3`` is 0.
        on_step: hears the number of each step and where the chains are after it.

    Returns:
        Where they end, and which of them went all the way: a chain whose step is not finite stays where it was, and
        stops there; the others go on.

    Raises:
        InputError: fewer than one step.
    """
    if steps < 1:
        raise InputError(f"A chain makes at least one step; steps is {steps}.")
    h, alive = h0.clone(), torch.ones(len(h0), dtype=torch.bool, device=h0.device)
    for t in range(steps):
        prior, condition = slopes(t, h)
        move = torch.zeros_like(h)
        if weights.e1:
            move += weights.e1 * prior
        if weights.e2:
            move += weights.e2 * condition
        if weights.e3:
            move += weights.e3 * torch.randn(h.shape, generator=random, device=h.device, dtype=h.dtype)
        alive = alive & torch.isfinite(move).flatten(1).all(1)
        h = torch.where(alive.view(-1, *[1] * (h.ndim - 1)), h + move, h)
        on_step(t, h)
    return h, alive


def correlation_time(path: Float[Tensor, "t n d"]) -> Float[Tensor, " n"]:
    """Integrated autocorrelation time of each chain in steps: 1 for independent draws, t at most.

    ``1 + 2 sum_k r_k`` up to the first lag whose autocorrelation, the mean over coordinates weighted by their variance,
    is not positive (Geyer 1992, initial positive sequence of single lags).
    """
    steps = path.shape[0]
    moved = path - path.mean(0)
    spectrum = torch.fft.rfft(moved, n=2 * steps, dim=0)
    lags = torch.fft.irfft(spectrum.abs().square(), n=2 * steps, dim=0)[:steps].sum(2)
    share = lags / lags[:1].clamp_min(1e-12)
    positive = (share > 0).long().cumprod(0)
    return (2 * (share * positive).sum(0) - 1).clamp(1, steps)
