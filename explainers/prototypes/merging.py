"""Fewer prototypes: two that say the same become one, and those that say nothing of their class are pruned."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, Int

from explainers.prototypes.learn.select import unit

CLOSE, SAME_PLACE, ALIKE = 0.9, 0.5, 0.8
PRUNED = 0.5  # share of the nearest patches: ProtoPNet asks for three of six (Chen et al. 2019, supplement S8)


def roots(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Which prototype each merged one becomes: the second of every pair the first, or what that has become itself.

    Args:
        pairs: kept and dropped, in the order in which they are merged.

    Returns:
        Dropped number -> number of the one that stays.
    """
    into: dict[int, int] = {}
    for pair in pairs:
        kept, dropped = (_root(into, at) for at in pair)
        if kept != dropped:
            into[dropped] = kept
    return {at: _root(into, at) for at in into}


def _root(into: dict[int, int], at: int) -> int:
    while at in into:
        at = into[at]
    return at


def merged(weight: Float[np.ndarray, "k p"], pairs: Iterable[tuple[int, int]]) -> Float[np.ndarray, "k p"]:
    """Weights after merging: what the dropped one counted, the kept one counts besides; the dropped one counts 0."""
    moved = weight.copy()
    for dropped, kept in roots(pairs).items():
        moved[:, kept] += weight[:, dropped]
        moved[:, dropped] = 0
    return moved


def prunable(near_labels: Int[np.ndarray, "p m"], owner: Int[np.ndarray, " p"]) -> Int[np.ndarray, " n"]:
    """Prototypes of whose nearest patches fewer than half are of their own class."""
    purity: Float[np.ndarray, " p"] = (near_labels == owner[:, None]).mean(1)
    return np.flatnonzero(purity < PRUNED)


def pairs(
    vectors: np.ndarray, owner: np.ndarray, places: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of one class that are close: redundant where place and reasons agree, misleading where reasons do not.

    Args:
        vectors: (P, D).
        owner: (P,), classes.
        places: int (n, P, 2), the cell of each in every picture; and (5, P), the reasons, zeros where not measured.
    """
    cells, reasons = places
    close = unit(vectors) @ unit(vectors).T
    redundant, misleading = [], []
    for a, b in zip(*np.where(np.triu(owner[:, None] == owner, 1) & (close > CLOSE)), strict=True):
        together = float((np.abs(cells[:, a] - cells[:, b]).max(1) <= 1).mean())
        alike = float(unit(reasons[:, [a]].T)[0] @ unit(reasons[:, [b]].T)[0]) if reasons.any() else 1.0
        if together >= SAME_PLACE and alike >= ALIKE:
            redundant.append((a, b))
        elif alike < 0:
            misleading.append((a, b))
    return np.array(redundant, np.int64).reshape(-1, 2), np.array(misleading, np.int64).reshape(-1, 2)
