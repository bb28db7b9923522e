"""Non-negative least squares for many right-hand sides at once, by coordinate descent.

The update is that of hierarchical alternating least squares in its additive form (Cichocki and Phan 2009, "Fast
local algorithms for large scale nonnegative matrix and tensor factorizations"). Variables are held as (k, n), one
contiguous row a component. The code runs alike on numpy arrays and on torch tensors of any device.
"""

from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float

Array = TypeVar("Array", np.ndarray, torch.Tensor)

TINY = 1e-12


def sweep(z: Float[Array, "k n"], c: Float[Array, "k n"], b: Float[Array, "k k"], penalty: float = 0.0) -> None:
    """Improve every row of `z` once, in place: `z_j <- max(0, z_j + (c_j - b_j z - penalty) / b_jj)`.

    One sweep never raises `1/2 ||A - Z^T D||^2 + penalty * sum(Z)` for `c = D A^T` and `b = D D^T`.

    Args:
        z: non-negative variables.
        c: correlations of the data with each component.
        b: Gram matrix of the components.
        penalty: weight of the l1 norm, in the units of `c`.
    """
    for j in range(len(z)):
        step = c[j] - b[j] @ z
        if penalty:
            step -= penalty
        step /= b[j, j] + TINY
        step += z[j]
        z[j] = step.clip(0)


def solve(
    c: Float[Array, "k n"], b: Float[Array, "k k"], *, penalty: float = 0.0, sweeps: int = 2000, tolerance: float = 1e-7
) -> Float[Array, "k n"]:
    """Minimise `1/2 ||A - Z^T D||^2 + penalty * sum(Z)` over `Z >= 0`, always from `Z = 0`.

    Args:
        c: `D A^T`.
        b: `D D^T`.
        penalty: weight of the l1 norm, in the units of `c`.
        sweeps: the most passes over the components.
        tolerance: stop when no variable moves by more than this share of the largest.

    Returns:
        The codes; the same for the same input on every run.
    """
    z = c * 0
    for _ in range(sweeps):
        before = z + 0
        sweep(z, c, b, penalty)
        if float(abs(z - before).max()) <= tolerance * float(z.max()):
            break
    return z


def encode(a: Float[Array, "n c"], dictionary: Float[Array, "k c"], *, penalty: float = 0.0) -> Float[Array, "n k"]:
    """Codes of `a` for a fixed dictionary: `argmin_{z >= 0} 1/2 ||a - z D||^2 + penalty * sum(z)`, row by row.

    Args:
        a: activations.
        dictionary: atoms; they may be signed.
        penalty: weight of the l1 norm of the codes.

    Returns:
        Codes of zero or more. Deterministic.
    """
    c: Array = dictionary @ a.T
    b: Array = dictionary @ dictionary.T
    z = solve(c, b, penalty=penalty) if len(a) else c
    codes: Array = z.T
    return codes
