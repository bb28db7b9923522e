"""Where a factorisation starts: the signed singular pairs, split into their non-negative halves.

NNDSVD: Boutsidis and Gallopoulos 2008, "SVD based initialization: a head start for nonnegative matrix factorization";
variant "a" fills the zeros with the mean of the data, so that no entry is locked at zero. The singular pairs come from
a randomised range finder (Halko, Martinsson and Tropp 2011, algorithm 4.4), seeded.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from explainers.kit.nnls import TINY, Array

OVERSAMPLE = 10
POWERS = 2


class Start(NamedTuple):
    """A first guess `A ~ z^T d`, both of zero or more, held one component a row."""

    z: np.ndarray
    d: np.ndarray


def like(values: Float[np.ndarray, "*shape"], a: Array) -> Array:
    """`values` with the library, precision and device of `a`."""
    if isinstance(a, torch.Tensor):
        return torch.from_numpy(values).to(a)
    return values.astype(a.dtype)


def orthonormal(a: Float[Array, "m r"]) -> Float[Array, "m r"]:
    """An orthonormal basis of the columns of `a`."""
    if isinstance(a, torch.Tensor):
        basis: torch.Tensor = torch.linalg.qr(a)[0]
        return basis
    return np.linalg.qr(a)[0]


def singular_pairs(
    a: Float[Array, "n c"], k: int, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "k n"], Float[np.ndarray, " k"], Float[np.ndarray, "k c"]]:
    """The first `k` singular triples of `a`, nearly: left vectors, values, right vectors, one a row.

    Args:
        a: any matrix with `k <= min(n, c)`.
        k: how many.
        rng: draws the test matrix.
    """
    width = min(k + OVERSAMPLE, *a.shape)
    basis = orthonormal(a @ like(rng.standard_normal((a.shape[1], width)), a))
    for _ in range(POWERS):
        basis = orthonormal(a @ orthonormal(a.T @ basis))
    small = to_numpy(basis.T @ a)
    u, s, v = np.linalg.svd(small, full_matrices=False)
    left = to_numpy(basis) @ u[:, :k]
    return left.T, s[:k], v[:k]


def to_numpy(a: Array) -> np.ndarray:
    """`a` in the memory of the CPU."""
    return a.detach().cpu().numpy() if isinstance(a, torch.Tensor) else a


def start(a: Float[Array, "n c"], k: int, rng: np.random.Generator) -> Start:
    """The NNDSVDa start for `a >= 0`.

    Where `k` exceeds `min(n, c)` the further atoms are rows of `a`, drawn by `rng`.

    Returns:
        numpy arrays of the precision of `a`, with no zero in them.
    """
    pairs = min(k, *a.shape)
    u, s, v = singular_pairs(a, pairs, rng)
    z, d = _halves(u, s, v)
    mean = float(a.mean())
    if pairs < k:
        rows = rng.choice(len(a), k - pairs, replace=False)
        z = np.concatenate([z, np.zeros((k - pairs, z.shape[1]), z.dtype)])
        d = np.concatenate([d, to_numpy(a[rows])])
    threshold = 1e-6 * mean
    z[z <= threshold] = mean
    d[d <= threshold] = mean
    return Start(z, d)


def _halves(u: np.ndarray, s: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep of each singular pair the half (both positive or both negative) with the greater product of norms."""
    positive = _norms(u.clip(0)) * _norms(v.clip(0))
    negative = _norms((-u).clip(0)) * _norms((-v).clip(0))
    sign = np.where(positive >= negative, 1, -1).astype(u.dtype)
    z, d = (u * sign).clip(0), (v * sign).clip(0)
    root = np.sqrt(s[:, None] * np.maximum(positive, negative))
    return z * root / (_norms(z) + TINY), d * root / (_norms(d) + TINY)


def _norms(rows: np.ndarray) -> np.ndarray:
    """Length of each row, as a column."""
    return np.asarray(np.linalg.norm(rows, axis=1, keepdims=True))
