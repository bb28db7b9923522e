"""Langevin sampling with a prior and a condition, as in Plug & Play Generative Networks.

Nguyen et al. 2017 (CVPR, arXiv:1612.00005), equation 5:
``h' = h + e1 (R(h) - h) + e2 d log p(y = c | h) / dh + N(0, e3^2)``, where ``R`` is a denoising autoencoder: its step
is the slope of the prior's logarithm times the variance of the noise that it was trained on (Alain and Bengio 2014),
which ``e1`` takes in. Without prior and noise (``e1 = e3 = 0``) it is the ascent of DGN-AM (Nguyen et al. 2016).
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from models.errors import InputError

Step = Callable[[Float[np.ndarray, "n *d"]], Float[np.ndarray, "n *d"]]
Heard = Callable[[int, Float[np.ndarray, "n *d"]], None]


def sample(  # noqa: PLR0913 - the terms of the equation
    h0: Float[np.ndarray, "n *d"],
    prior_step: Step,
    condition_grad: Step,
    *,
    e1: float,
    e2: float,
    e3: float,
    steps: int,
    rng: np.random.Generator,
    on_step: Heard = lambda _t, _h: None,
) -> Float[np.ndarray, "n *d"]:
    """Run n chains side by side.

    Args:
        h0: where they begin.
        prior_step: h -> R(h) - h; not asked where ``e1`` is 0.
        condition_grad: h -> slope of the condition's logarithm; not asked where ``e2`` is 0.
        e1: weight of the prior.
        e2: weight of the condition.
        e3: standard deviation of the noise.
        steps: how many.
        rng: of the noise; nothing is drawn where ``e3`` is 0.
        on_step: hears the number of each step and where the chains are after it.

    Returns:
        Where they end. A chain whose step is not finite stays where it was, and stops there; the others go on.

    Raises:
        InputError: fewer than one step, or a negative weight of the noise.
    """
    if steps < 1:
        raise InputError(f"A chain makes at least one step; steps is {steps}.")
    if e3 < 0:
        raise InputError(f"The noise's standard deviation e3 cannot be negative; it is {e3}.")
    h, alive = h0.copy(), np.ones(len(h0), bool)
    for t in range(steps):
        move = np.zeros_like(h)
        if e1:
            move += e1 * prior_step(h)
        if e2:
            move += e2 * condition_grad(h)
        if e3:
            move += e3 * rng.standard_normal(h.shape)
        alive &= np.isfinite(move).reshape(len(move), -1).all(1)
        h[alive] += move[alive]
        on_step(t, h)
    return h
