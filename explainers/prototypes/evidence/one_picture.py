"""How far to trust prototypes on one picture: their order, their boxes, and whether they stay in place."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from scipy.ndimage import gaussian_filter
from scipy.special import softmax

from explainers.base import Score

Similarities = Callable[[np.ndarray], np.ndarray]  # uint8 (n, H, W, 3) -> (n, P, h, w)
DRAWS = 16
NOISE = 8  # standard deviation of the noise, of 255


def relevance_ordering(
    similarity: Float[np.ndarray, " p"], weight: Float[np.ndarray, "k p"], target: int, rng: np.random.Generator
) -> Score:
    """Mean probability while prototypes are taken away, the most telling first; lower is better.

    The relevance-ordering test of Samek et al. 2017 on prototypes; the baseline takes them away in random orders.
    """
    order = np.argsort(-weight[target] * similarity, kind="stable")
    this = _removal(similarity, weight, target, order)
    others = np.array([_removal(similarity, weight, target, rng.permutation(len(similarity))) for _ in range(DRAWS)])
    low, high = np.quantile(others.mean(1), (0.025, 0.975))
    half = int(np.argmax(this < this[0] / 2)) if (this < this[0] / 2).any() else len(order)
    other = int(np.argmax(others.mean(0) < this[0] / 2)) if (others.mean(0) < this[0] / 2).any() else len(order)
    return Score(
        name="relevance_ordering",
        title="Order of the prototypes",
        value=float(this.mean()),
        of="in this order",
        worst=1.0,
        best=0.0,
        baselines={"random order": float(others.mean())},
        interval=(float(low), float(high)),
        reading=f"Without the first {f'{half} prototypes' if half > 1 else 'prototype'} the probability is halved; in a"
        f" random order it takes {other}.",
        curves={"in this order": this, "random order": others.mean(0)},
        axes=("share of the prototypes taken away", "probability"),
    )


def _removal(similarity: np.ndarray, weight: np.ndarray, target: int, order: np.ndarray) -> np.ndarray:
    rows = np.tile(similarity, (len(order) + 1, 1))
    for step, prototype in enumerate(order):
        rows[step + 1 :, prototype] = 0
    chance: np.ndarray = softmax(rows @ weight.T, axis=1)[:, target]
    return chance


def boxes_hidden(
    similarities: Similarities,
    image: np.ndarray,
    boxes: Int[np.ndarray, "n 4"],
    which: tuple[np.ndarray, np.random.Generator],
) -> Score:
    """Share of the likeness that is lost when its box is blurred, against a box of the same size elsewhere."""
    chosen, rng = which
    blurred = gaussian_filter(image, (image.shape[0] / 16, image.shape[1] / 16, 0))
    moved = [_elsewhere(place, image.shape, rng) for place in boxes]
    pictures = [image, *(_covered(image, blurred, place) for place in (*boxes, *moved))]
    near = similarities(np.stack(pictures)).max((2, 3))[:, chosen]
    at = np.arange(len(chosen))
    whole = np.maximum(near[0], 1e-6)
    this = float((1 - near[1 + at, at] / whole).mean())
    other = float((1 - near[1 + len(chosen) + at, at] / whole).mean())
    return Score(
        name="boxes_hidden",
        title="What the boxes hold",
        value=this,
        of="these boxes",
        baselines={"boxes elsewhere": other},
        reading=f"Blurring a box loses {this:.0%} of the likeness; a box of its size elsewhere loses {other:.0%}.",
    )


def _elsewhere(place: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    height, width = place[2] - place[0], place[3] - place[1]
    top, left = int(rng.integers(shape[0] - height + 1)), int(rng.integers(shape[1] - width + 1))
    return np.array([top, left, top + height, left + width])


def _covered(image: np.ndarray, cover: np.ndarray, place: np.ndarray) -> np.ndarray:
    copy = image.copy()
    y0, x0, y1, x1 = place
    copy[y0:y1, x0:x1] = cover[y0:y1, x0:x1]
    return copy


def place_kept(similarities: Similarities, image: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> Score:
    """Share of prototypes found at most one cell away when noise is added: stability, Huang et al. 2023, on cells."""
    noise = rng.normal(0, NOISE, (4, *image.shape))
    noisy = np.clip(np.round(image + noise), 0, 255).astype(np.uint8)
    maps = similarities(np.concatenate([image[None], noisy]))[:, chosen]
    n, p, h, w = maps.shape
    rows, columns = np.divmod(maps.reshape(n, p, -1).argmax(2), w)
    near = (np.abs(rows[1:] - rows[0]) <= 1) & (np.abs(columns[1:] - columns[0]) <= 1)
    value, chance = float(near.mean()), min(1.0, 9 / (h * w))
    return Score(
        name="place_kept",
        title="Place under noise",
        value=value,
        of="these prototypes",
        baselines={"a place by lot": chance},
        reading=f"With noise that hardly shows, {value:.0%} of them stay in place; by lot {chance:.0%} would.",
    )
