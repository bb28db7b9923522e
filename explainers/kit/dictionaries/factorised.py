"""NMF and its kin: codes of zero or more, and atoms that are free, sparse in use, or mixtures of the data.

Semi-NMF and convex NMF: Ding, Li and Jordan 2010, "Convex and semi-nonnegative matrix factorizations"; the codes are
updated by coordinate descent here, which is exact a component and faster than the multiplicative rule.
Sparse NMF: Hoyer 2002, "Non-negative sparse coding", with atoms of unit length.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from explainers.kit import nmf as plain
from explainers.kit import nndsvd
from explainers.kit.dictionaries.base import Dictionary, Pulse, silent, unit
from explainers.kit.dictionaries.spectral import kmeans
from explainers.kit.nnls import TINY, sweep

ROUNDS = 200
SETTLED = 3e-5
SPARSITY = 0.1
REACH = 100.0


def nmf(a: Float[np.ndarray, "n c"], k: int, seed: int, on_round: Pulse = silent) -> Dictionary:
    """Non-negative matrix factorisation by `kit.nmf`."""
    factors = plain.factorise(a, k, seed=seed, settings=plain.Settings(on_round=on_round))
    return Dictionary("nmf", factors.dictionary, converged=factors.stop == "settled")


def sparse_nmf(a: Float[np.ndarray, "n c"], k: int, seed: int, on_round: Pulse = silent) -> Dictionary:
    """Minimise `1/2 ||A - Z D||^2 + p sum(Z)` with unit atoms; `p` is `SPARSITY` times the RMS length of a row."""
    penalty = SPARSITY * float(np.sqrt((a.astype(np.float64) ** 2).sum() / len(a)))
    start = plain.factorise(a, k, seed=seed, settings=plain.Settings(on_round=on_round))
    z, d = start.codes.T.copy(), start.dictionary.copy()

    def improve() -> float:
        sweep(z, d @ a.T, d @ d.T, penalty)
        c, b = z @ a, z @ z.T
        for j in np.flatnonzero(z.any(1)):
            row = (c[j] - b[j] @ d + b[j, j] * d[j]).clip(0)
            d[j] = row / np.linalg.norm(row) if row.any() else d[j]
        return float((b * (d @ d.T)).sum() / 2 - (c * d).sum() + penalty * z.sum())

    converged = _until_settled(improve, a, on_round)
    return Dictionary("sparse_nmf", d, penalty=penalty, converged=converged)


def semi_nmf(a: Float[np.ndarray, "n c"], k: int, seed: int, on_round: Pulse = silent) -> Dictionary:
    """Codes of zero or more, signed atoms: least squares for the atoms, one sweep for the codes, in turn."""
    z = _cluster_codes(a, k, seed)
    d = np.zeros((k, a.shape[1]), a.dtype)

    def improve() -> float:
        c, b = z @ a, z @ z.T
        d[:] = np.linalg.lstsq(b, c, rcond=None)[0]
        sweep(z, d @ a.T, d @ d.T)
        return float((z @ z.T * (d @ d.T)).sum() / 2 - (z @ a * d).sum())

    converged = _until_settled(improve, a, on_round)
    return Dictionary("semi_nmf", unit(d), converged=converged)


def convex_nmf(a: Float[np.ndarray, "n c"], k: int, seed: int, on_round: Pulse = silent) -> Dictionary:
    """Atoms that are non-negative mixtures of the activations, `D = W A`: an atom can be shown as the data it is of.

    The mixtures move along the projected gradient, scaled by the use of each atom, to the exact minimum of the line.
    """
    z = _cluster_codes(a, k, seed)
    weights = (z > 0.5).astype(a.dtype)
    weights /= np.maximum(weights.sum(1, keepdims=True), 1)
    d = weights @ a
    reach = REACH / float(nndsvd.singular_pairs(a, 1, np.random.default_rng(seed))[1][0]) ** 2

    def improve() -> float:
        nonlocal reach
        sweep(z, d @ a.T, d @ d.T)
        c, b = z @ a, z @ z.T
        residual = c - b @ d
        step = (weights + reach * ((residual / (b.diagonal()[:, None] + TINY)) @ a.T)).clip(0) - weights
        move = step @ a
        share = float(np.clip((residual * move).sum() / ((b @ move * move).sum() + TINY), 0, 1))
        reach *= 2 if share == 1 else max(share, 0.5)
        weights[:] += share * step
        d[:] = weights @ a
        return float((b * (d @ d.T)).sum() / 2 - (c * d).sum())

    converged = _until_settled(improve, a, on_round)
    return Dictionary("convex_nmf", unit(d), converged=converged)


def _cluster_codes(a: Float[np.ndarray, "n c"], k: int, seed: int) -> Float[np.ndarray, "k n"]:
    """The start of Ding et al.: cluster membership plus 0.2, one component a row."""
    return np.ascontiguousarray(kmeans(a, k, seed).encode(a).T + np.asarray(0.2, a.dtype))


def _until_settled(improve: Callable[[], float], a: Float[np.ndarray, "n c"], on_round: Pulse) -> bool:
    """Call `improve` until its loss falls by less than a small share of `||A||^2`; whether it did so in time."""
    scale = float((a.astype(np.float64) ** 2).sum())
    before = np.inf
    for _ in range(ROUNDS):
        on_round()
        loss = improve()
        if before - loss <= SETTLED * scale:
            return True
        before = loss
    return False
