"""Total Sobol indices: how much of the variance of a function goes when one variable is fixed.

Estimator: Jansen 1999, "Analysis of variance designs for model output"; designs from a scrambled Sobol sequence of
`2k` dimensions (Owen 1998), so that the two halves of a point are independent. An unscrambled or Halton sequence
correlates its higher dimensions and biases the index.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.stats import qmc

from models.errors import InputError


def designs_of(k: int, designs: int, seed: int) -> tuple[Float[np.ndarray, "m k"], Float[np.ndarray, "m k"]]:
    """Two independent designs in `[0, 1)^k`, halves of one scrambled Sobol sequence; `m` is a power of two.

    Args:
        k: number of variables.
        designs: points wanted; rounded up to a power of two, which keeps the sequence balanced.
        seed: of the scrambling.

    Raises:
        InputError: `k` or `designs` is below 1.
    """
    if k < 1 or designs < 1:
        raise InputError(f"Sobol indices need one variable and one design or more, and got {k} and {designs}.")
    power = int(np.ceil(np.log2(designs)))
    points = qmc.Sobol(2 * k, rng=np.random.default_rng(seed)).random_base2(power)
    return points[:, :k], points[:, k:]


def total_indices(
    f: Callable[[Float[np.ndarray, "n k"]], Float[np.ndarray, " n"]], k: int, *, designs: int = 64, seed: int = 0
) -> Float[np.ndarray, " k"]:
    """Total indices of `f` for `k` independent variables, uniform on [0, 1].

    `S_i = mean((f(A) - f(A_B^i))^2) / (2 Var f)`, where `A_B^i` is design A with column `i` of design B. `f` is called
    once, with `designs * (k + 2)` rows.

    Args:
        f: takes (n, k) and gives (n,).
        k: number of variables.
        designs: points of each design; rounded up to a power of two.
        seed: of the scrambled sequence.

    Returns:
        One index a variable, zero or more; all zero where `f` does not vary. They are blind to sign.

    Raises:
        InputError: `k` or `designs` is below 1, or `f` does not give one finite value a row.
    """
    first, second = designs_of(k, designs, seed)
    m = len(first)
    mixed = np.repeat(first[None], k, axis=0)
    for i in range(k):
        mixed[i, :, i] = second[:, i]
    rows = np.concatenate([first, second, mixed.reshape(-1, k)])
    values = np.asarray(f(rows), dtype=np.float64)
    if values.shape != (len(rows),) or not np.isfinite(values).all():
        raise InputError(f"The function must give {len(rows)} finite values, one a row; its shape is {values.shape}.")
    variance = values[: 2 * m].var()
    if variance <= 0:
        return np.zeros(k)
    drop = values[:m] - values[2 * m :].reshape(k, m)
    return np.asarray((drop**2).mean(1) / (2 * variance))
