"""How far to trust a dictionary and its importance: fit, sparsity, stability, closeness, and fidelity curves.

Sources: sparsity, Hoyer 2004; Frechet distance, Heusel et al. 2017, between activations and their reconstruction;
deletion and insertion, Petsiuk et al. 2018; muFidelity, Bhatt et al. 2020; all on concepts as Fel et al. 2023.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment

from explainers.kit.importance.tail import Logit
from models.errors import InputError


def relative_l2(a: Float[np.ndarray, "n c"], rebuilt: Float[np.ndarray, "n c"]) -> float:
    """`||A - A'|| / ||A||`; 0 is perfect. Zero over zero is 0."""
    norm = float(np.linalg.norm(a))
    gap = float(np.linalg.norm(a - rebuilt))
    return gap / norm if norm else float(gap > 0)


def r2(a: Float[np.ndarray, "n c"], rebuilt: Float[np.ndarray, "n c"]) -> float:
    """Share of the variance about the mean that is explained, `1 - ||A - A'||^2 / ||A - mean||^2`; 1 is perfect.

    Where `a` does not vary: 1 when it is rebuilt to rounding, else 0.
    """
    gap = float(((a - rebuilt).astype(np.float64) ** 2).sum())
    spread = float(((a - a.mean(0)).astype(np.float64) ** 2).sum())
    if spread == 0:
        return float(np.allclose(a, rebuilt))
    return 1 - gap / spread


def hoyer(codes: Float[np.ndarray, "n k"]) -> float:
    """Mean over rows of `(sqrt(k) - l1 / l2) / (sqrt(k) - 1)`: 1 for one code a row, 0 for all alike.

    Rows of zeros are left out; 0 where all rows are, and 1 where `k` is 1.
    """
    k = codes.shape[1]
    used = codes[np.any(codes != 0, axis=1)].astype(np.float64)
    if len(used) == 0 or k == 1:
        return float(len(used) > 0)
    ratio = np.abs(used).sum(1) / np.linalg.norm(used, axis=1)
    return float(((np.sqrt(k) - ratio) / (np.sqrt(k) - 1)).mean())


def dead(codes: Float[np.ndarray, "n k"]) -> int:
    """How many concepts are zero for every row."""
    return int((~np.any(codes != 0, axis=0)).sum())


def cosine(a: Float[np.ndarray, "n c"], b: Float[np.ndarray, "m c"]) -> Float[np.ndarray, "n m"]:
    """Cosine of every row of `a` with every row of `b`; 0 where a row is zero."""
    lengths = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)
    return np.asarray(np.divide(a @ b.T, lengths, out=np.zeros_like(lengths), where=lengths > 0))


def matched(
    a: Float[np.ndarray, "k c"], b: Float[np.ndarray, "m c"]
) -> tuple[Int[np.ndarray, "p 2"], Float[np.ndarray, " p"]]:
    """The pairing of atoms with the greatest sum of cosines (Hungarian): pairs of indices, and their cosines."""
    similarity = cosine(a, b)
    rows, columns = linear_sum_assignment(-similarity)
    return np.stack([rows, columns], 1), similarity[rows, columns]


def stability(dictionaries: Sequence[Float[np.ndarray, "k c"]]) -> float:
    """Mean cosine of matched atoms over all pairs of dictionaries (of folds or seeds); 1 is perfectly stable.

    Raises:
        InputError: fewer than two dictionaries.
    """
    if len(dictionaries) < 2:
        raise InputError("Stability compares dictionaries: learn two or more, of other seeds or folds.")
    pairs = [(i, j) for i in range(len(dictionaries)) for j in range(i)]
    return float(np.mean([matched(dictionaries[i], dictionaries[j])[1].mean() for i, j in pairs]))


def frechet(a: Float[np.ndarray, "n c"], b: Float[np.ndarray, "m c"]) -> float:
    """Frechet distance of the Gaussians fitted to both: `|m - m'|^2 + tr(S + S' - 2 (S S')^(1/2))`.

    Raises:
        InputError: fewer than two rows on a side.
    """
    if min(len(a), len(b)) < 2:
        raise InputError("A Frechet distance needs two activations or more on each side: add images.")
    a, b = a.astype(np.float64), b.astype(np.float64)
    one, two = np.atleast_2d(np.cov(a.T)), np.atleast_2d(np.cov(b.T))
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ two @ root).clip(0)).sum()
    gap = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(one) + np.trace(two) - 2 * cross
    return float(max(gap, 0.0))


def deletion(
    logit: Logit, codes: Float[np.ndarray, "n *p k"], scores: Float[np.ndarray, "n k"]
) -> Float[np.ndarray, "n steps"]:
    """C-Deletion: the answer after 0, 1, ..., k concepts are taken away, the most important first.

    Args:
        logit: `(n, *p, k) -> (n,)`; give a probability to have the curve of that.
        codes: of each image; the curve starts from `h(Z D)`.
        scores: signed importance of each image's concepts; of equals the first comes first.

    Returns:
        Curves of `k + 1` steps. A steep fall is good.
    """
    return _curve(logit, codes, scores, insert=False)


def insertion(
    logit: Logit, codes: Float[np.ndarray, "n *p k"], scores: Float[np.ndarray, "n k"]
) -> Float[np.ndarray, "n steps"]:
    """C-Insertion: as `deletion`, from nothing, adding the most important first. A steep rise is good."""
    return _curve(logit, codes, scores, insert=True)


def _curve(logit: Logit, codes: np.ndarray, scores: np.ndarray, *, insert: bool) -> Float[np.ndarray, "n steps"]:
    rank = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
    steps = []
    for step in range(codes.shape[-1] + 1):
        kept = (rank < step) if insert else (rank >= step)
        steps.append(logit(_masked(codes, kept)))
    return np.stack(steps, 1)


def area(curves: Float[np.ndarray, "n steps"]) -> Float[np.ndarray, " n"]:
    """Area under each curve over steps from 0 to 1, by the trapezoid rule."""
    return np.asarray(np.trapezoid(curves, axis=1) / max(curves.shape[1] - 1, 1))


def mu_fidelity(
    logit: Logit,
    codes: Float[np.ndarray, "n *p k"],
    scores: Float[np.ndarray, "n k"],
    *,
    subsets: int = 64,
    seed: int = 0,
) -> Float[np.ndarray, " n"]:
    """C-muFidelity: over random sets of concepts, Pearson correlation of their summed scores with the fall they cause.

    Sizes of the sets run from 1 to k - 1. 0 where either side does not vary, k = 1 among them.
    """
    n, k = scores.shape
    if k == 1:
        return np.zeros(n)
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, k, subsets)
    taken = np.argsort(rng.random((subsets, k)), axis=1) < sizes[:, None]
    whole = logit(codes)
    falls = np.stack([whole - logit(_masked(codes, np.broadcast_to(~row, scores.shape))) for row in taken], 1)
    return np.array([pearson(x, y) for x, y in zip(scores @ taken.T, falls, strict=True)])


def pearson(x: Float[np.ndarray, " m"], y: Float[np.ndarray, " m"]) -> float:
    """Correlation, or 0 where either side does not vary beyond rounding."""
    x, y = x - x.mean(), y - y.mean()
    if np.allclose(x, 0, atol=1e-12) or np.allclose(y, 0, atol=1e-12):
        return 0.0
    return float((x @ y) / (np.linalg.norm(x) * np.linalg.norm(y)))


def correlations(a: Float[np.ndarray, "n k"], b: Float[np.ndarray, "n l"]) -> Float[np.ndarray, "k l"]:
    """Correlation of every column of `a` with every column of `b`; 0 where one does not vary beyond rounding."""
    one, two = (each.astype(np.float64) - each.mean(0, dtype=np.float64) for each in (a, b))
    still = [np.isclose(each, 0, atol=1e-12).all(0) for each in (one, two)]
    return np.where(still[0][:, None] | still[1], 0.0, cosine(one.T, two.T))


def logit_gap(logits: Float[np.ndarray, "n classes"], rebuilt: Float[np.ndarray, "n classes"]) -> float:
    """Mean `|h(A) - h(Z D)|` over images and classes."""
    return float(np.abs(logits - rebuilt).mean())


def agreement(logits: Float[np.ndarray, "n classes"], rebuilt: Float[np.ndarray, "n classes"]) -> float:
    """Share of images whose first class stays the same when activations are rebuilt from concepts."""
    return float((logits.argmax(1) == rebuilt.argmax(1)).mean())


def _masked(codes: Float[np.ndarray, "n *p k"], kept: np.ndarray) -> Float[np.ndarray, "n *p k"]:
    """Codes with the concepts that are not kept set to zero."""
    return np.asarray(codes * kept.reshape(len(codes), *[1] * (codes.ndim - 2), -1))
