"""Does the picture name the pixels that the model uses? Take them away, or put them in, and watch the probability."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from explainers.evidence.baselines import blurred
from models.errors import InputError

Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Curves:
    """Probability against the share of pixels changed.

    Attributes:
        insertion: (steps + 1,) from the baseline picture to the photo, brightest pixels first.
        deletion: (steps + 1,) from the photo to the baseline picture, brightest pixels first.
        reason: why both are NaN; empty otherwise.
    """

    insertion: Float[np.ndarray, " n"]
    deletion: Float[np.ndarray, " n"]
    reason: str = ""

    @property
    def insertion_auc(self) -> float:
        """Mean probability while pixels are put in (trapezoids); higher is better."""
        return auc(self.insertion)

    @property
    def deletion_auc(self) -> float:
        """Mean probability while pixels are taken away (trapezoids); lower is better."""
        return auc(self.deletion)


def insertion_deletion(  # noqa: PLR0913 - two pictures, a map, and how
    predict: Predict,
    image: UInt8[np.ndarray, "h w 3"],
    heatmap: Float[np.ndarray, "y x"],
    *,
    steps: int = 20,
    baseline: str | np.ndarray = "blur",
    ends: tuple[float, float] | None = None,
) -> Curves:
    """Insertion and deletion curves (Petsiuk et al. 2018, RISE, section 4.2).

    Args:
        predict: uint8 (N, H, W, 3) -> score of each picture (N,), usually the class's probability.
        image: the picture as the model sees it.
        heatmap: what is tested; only its order counts, equal values are taken in a fixed random order.
        steps: how many equal groups of pixels.
        baseline: "blur", "black", or a picture (H, W, 3): what stands where a pixel is taken away.
        ends: scores of the whole picture and of the bare baseline, where they are known: they are the same for any map.

    Returns:
        `Curves`; NaN with a reason for a map that has no order (empty, constant or not finite).

    Raises:
        InputError: shapes differ, or there are fewer than two steps.
    """
    if heatmap.shape != image.shape[:2]:
        raise InputError(f"The map is {heatmap.shape}, the picture {image.shape[:2]}; they must be equally large.")
    if steps < 2:
        raise InputError(f"Insertion and deletion take at least 2 steps; got {steps}.")
    reason = unordered(heatmap)
    if reason:
        nothing = np.full(steps + 1, np.nan)
        return Curves(nothing, nothing, reason)
    rank, other = pixel_ranks(heatmap), baseline_image(image, baseline)
    limits = np.linspace(0, image.shape[0] * image.shape[1], steps + 1).round()
    changed = rank[None] < limits[1:-1, None, None]
    inserted = np.where(changed[..., None], image[None], other[None])
    deleted = np.where(changed[..., None], other[None], image[None])
    whole, bare = ends or both_ends(predict, image, other)
    scores = np.asarray(predict(np.concatenate([inserted, deleted])), dtype=np.float64)
    return Curves(np.r_[bare, scores[: steps - 1], whole], np.r_[whole, scores[steps - 1 :], bare])


def both_ends(predict: Predict, image: np.ndarray, baseline: str | np.ndarray = "blur") -> tuple[float, float]:
    """Scores of the whole picture and of the bare baseline: where every curve ends."""
    whole, bare = predict(np.stack([image, baseline_image(image, baseline)]))
    return float(whole), float(bare)


def unordered(heatmap: np.ndarray) -> str:
    """Why a map cannot be tested; empty when it can."""
    if not np.isfinite(heatmap).all():
        return "the map holds values that are not numbers"
    return "the map is the same everywhere" if heatmap.size == 0 or np.ptp(heatmap) == 0 else ""


def pixel_ranks(heatmap: Float[np.ndarray, "h w"]) -> np.ndarray:
    """Place of each pixel in the order from bright to dark, (H, W) int; ties in a fixed random order."""
    shuffle = np.random.default_rng(0).permutation(heatmap.size)
    order = np.lexsort((shuffle, -heatmap.ravel()))
    ranks = np.empty(heatmap.size, dtype=np.int64)
    ranks[order] = np.arange(heatmap.size)
    return ranks.reshape(heatmap.shape)


def baseline_image(image: np.ndarray, baseline: str | np.ndarray) -> np.ndarray:
    """The picture that stands in where pixels are taken away."""
    if isinstance(baseline, np.ndarray):
        return baseline
    if baseline == "blur":
        return blurred(image)
    if baseline == "black":
        return np.zeros_like(image)
    raise InputError(f"The baseline is 'blur', 'black' or a picture; got '{baseline}'.")


def auc(curve: Float[np.ndarray, " n"]) -> float:
    """Area under a curve over [0, 1] by trapezoids."""
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))


def share_to_halve(deletion: Float[np.ndarray, " n"]) -> float:
    """Smallest share of pixels whose removal halves the score, between steps by interpolation; 1 when none does."""
    half = deletion[0] / 2
    below = np.flatnonzero(deletion <= half)
    if below.size == 0:
        return 1.0
    end = int(below[0])
    drop = deletion[end - 1] - deletion[end]
    return float((end - 1 + (deletion[end - 1] - half) / drop) / (len(deletion) - 1)) if end else 0.0
