"""Concept activation vectors: the direction at a layer that leads from other pictures to those of a concept.

Kim et al. 2018, "Interpretability beyond feature attribution" (ICML), section 3.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import mannwhitneyu

HELD_OUT = 1 / 3
STRENGTH = 0.1  # of the classifier's weights against their penalty, inputs standardised: few pictures, many channels


@dataclass(frozen=True)
class Direction:
    """A concept activation vector.

    Attributes:
        vector: (c,), of length 1, towards the concept.
        accuracy: on pictures that it was not learnt from.
    """

    vector: Float[np.ndarray, " c"]
    accuracy: float


def direction(
    concept: Float[np.ndarray, "n c"], others: Float[np.ndarray, "m c"], rng: np.random.Generator
) -> Direction:
    """Learn the normal of the plane that separates the two, from two thirds of each.

    Args:
        concept: activations of the concept's pictures, two rows or more.
        others: those of other pictures, two rows or more.
        rng: which rows are held out.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    parts = [_halves(rows, rng) for rows in (concept, others)]
    train = np.concatenate([learnt for learnt, _ in parts])
    test = np.concatenate([held for _, held in parts])
    truth = [np.repeat([1, 0], [len(rows) for rows in group]) for group in zip(*parts, strict=True)]
    mean, scale = train.mean(0), train.std(0) + 1e-8
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the direction has settled long before the last digits
        fitted = LogisticRegression(C=STRENGTH, max_iter=300).fit((train - mean) / scale, truth[0])
    vector = fitted.coef_[0] / scale
    vector /= max(float(np.linalg.norm(vector)), 1e-12)
    return Direction(vector, float(fitted.score((test - mean) / scale, truth[1])))


def _halves(rows: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to be asked about, one of each at least."""
    held = min(len(rows) - 1, max(1, round(HELD_OUT * len(rows))))
    order = rng.permutation(len(rows))
    return rows[order[held:]], rows[order[:held]]


def share_up(slopes: Float[np.ndarray, "n c"], vector: Float[np.ndarray, " c"]) -> float:
    """The TCAV score, equation 2: share of pictures whose logit grows along the direction."""
    return float((slopes @ vector > 0).mean())


def apart(scores: Float[np.ndarray, " r"], random: Float[np.ndarray, " r"]) -> float:
    """How likely such scores are of random directions: p of a two-sided Mann-Whitney test.

    The paper takes a t-test, which breaks down where all draws give the same score, as 0 or 1 often are.
    """
    return float(mannwhitneyu(scores, random, alternative="two-sided").pvalue)
