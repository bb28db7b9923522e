"""Climb the probability of a class by its gradient, with the regularisers that make such pictures smoother.

The rule is that of Nguyen, Yosinski and Clune 2015, "Deep Neural Networks are Easily Fooled", for pictures by gradient
ascent: a step along the gradient g of the probability p whose length makes p rise by ``min(0.03, 0.1 (1 - p))`` to
first order, then L2 decay towards the mean picture. The further regularisers are those of Yosinski et al. 2015,
"Understanding Neural Networks Through Deep Visualization": blur, pixels of small norm, pixels of small benefit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter

from models.errors import InputError

RATE, SHARE = 0.03, 0.1
LONGEST = 0.1  # root mean square of a step over all pixels, where the gradient has all but vanished
Climb = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How to climb.

    Attributes:
        stop: probability at which it ends.
        most: iterations at most.
        decay: share of the distance to the mean that is taken away in every iteration.
        blur: sigma in pixels; 0 leaves the blur out.
        every: iterations from one blur to the next.
        small_norm: percentile of pixels, those nearest to the mean, that are set to it.
        low_benefit: percentile of pixels, those whose removal costs least to first order, that are set to the mean.
    """

    stop: int | float
    most: int
    decay: int | float = 0.0
    blur: int | float = 0.0
    every: int = 4
    small_norm: int | float = 0.0
    low_benefit: int | float = 0.0


def progress(p: int | float) -> float:
    """By how much an iteration lets the probability rise, to first order: ``min(0.03, 0.1 (1 - p))``."""
    return min(RATE, SHARE * (1 - p))


def climb(
    probability: Climb,
    start: Float[np.ndarray, "c h w"],
    mean: Float[np.ndarray, "c 1 1"],
    rule: Rule,
    on_step: Callable[[int, float, np.ndarray], None],
) -> tuple[Float[np.ndarray, "c h w"], Float[np.ndarray, " n"]]:
    """Climb until the probability is that of the rule, or the iterations are used up.

    Args:
        probability: picture -> its probability p, and the gradient of ``log p``, from which that of p follows: it has
            a value where p itself is too small for its gradient.
        start: values in [0, 1].
        mean: what decay leads to, and what clipped pixels become.
        rule: see `Rule`.
        on_step: hears the iteration, its probability and the picture.

    Returns:
        The picture with the greatest probability, and the probability before each iteration and after the last.

    Raises:
        InputError: the probability does not depend on the picture at some point, so there is no way up.
    """
    x, curve = start, []
    best = (-1.0, start)
    for iteration in range(rule.most + 1):
        p, slope = probability(x)
        curve.append(p)
        on_step(iteration, p, x)
        if p > best[0]:
            best = (p, x)
        if p >= rule.stop or iteration == rule.most:
            break
        x = regularised(x + step(p, slope), p * slope, mean, rule, iteration)
    return best[1], np.array(curve)


def step(p: float, slope: Float[np.ndarray, "c h w"]) -> Float[np.ndarray, "c h w"]:
    """``progress(p) g / ||g||^2`` with ``g = p slope``, no longer than `LONGEST` on average over the pixels.

    Raises:
        InputError: the slope is zero, or not finite.
    """
    norm = float(np.linalg.norm(slope.astype(np.float64)))
    if not np.isfinite(norm) or norm == 0:
        raise InputError(
            "The model's answer does not change with the picture here, so there is no way up; start from another"
            " picture, or choose another class."
        )
    length = min(progress(p) / (max(p, 1e-300) * norm), LONGEST * slope.size**0.5)
    return (length / norm * slope).astype(slope.dtype)


def regularised(
    x: Float[np.ndarray, "c h w"],
    gradient: Float[np.ndarray, "c h w"],
    mean: Float[np.ndarray, "c 1 1"],
    rule: Rule,
    iteration: int,
) -> Float[np.ndarray, "c h w"]:
    """Decay, blur, the two clippings, and back into [0, 1], in this order.

    The benefit of a pixel is ``|sum_c (x - mean) g|``: by how much p falls, to first order, when it becomes the mean.
    """
    away = (1 - rule.decay) * (x - mean)
    if rule.blur and (iteration + 1) % rule.every == 0:
        away = gaussian_filter(away, (0, rule.blur, rule.blur), mode="nearest")
    if rule.small_norm:
        norm = np.linalg.norm(away, axis=0)
        away = away * (norm >= np.percentile(norm, rule.small_norm))
    if rule.low_benefit:
        benefit = np.abs((away * gradient).sum(0))
        away = away * (benefit >= np.percentile(benefit, rule.low_benefit))
    return np.clip(mean + away, 0, 1).astype(x.dtype)
