"""Reconstruction ICA: Le, Karpenko, Ngiam and Ng 2011, "ICA with reconstruction cost for efficient overcomplete
feature learning", equation 2, with rows of unit length.
"""  # noqa: D205

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from explainers.kit.dictionaries.base import Dictionary, Pulse, silent, unit

RECONSTRUCTION = 10.0
SMOOTH = 1e-4
ITERATIONS = 150


def rica(a: Float[np.ndarray, "n c"], k: int, seed: int, on_round: Pulse = silent) -> Dictionary:
    """Filters `W` of unit rows that are sparse on the data and rebuild it: `x ~ mean + W^T W (x - mean)`.

    `k` may exceed the number of channels. The weights of sparsity and reconstruction do not depend on the scale of
    the data, which is brought to a root-mean-square row length of 1 first.
    """
    mean = a.mean(0)
    x = (a - mean).astype(np.float64)
    x /= np.sqrt((x**2).sum() / len(x))
    spread = x.T @ x / len(x)
    first = unit(np.random.default_rng(seed).standard_normal((k, a.shape[1])))
    options = {"maxiter": ITERATIONS}
    optimum = minimize(
        loss,
        first.ravel(),
        args=(x, spread),
        jac=True,
        method="L-BFGS-B",
        options=options,
        callback=lambda _: on_round(),
    )
    w = unit(optimum.x.reshape(k, -1)).astype(a.dtype)
    return Dictionary("rica", w, "linear", mean=mean, filters=w, converged=bool(optimum.success))


def loss(
    flat: Float[np.ndarray, " kc"], x: Float[np.ndarray, "n c"], spread: Float[np.ndarray, "c c"]
) -> tuple[float, Float[np.ndarray, " kc"]]:
    """`mean_x RECONSTRUCTION / 2 ||W^T W x - x||^2 + sum sqrt((W x)^2 + SMOOTH)` and its gradient.

    Args:
        flat: filters, before they are brought to unit length.
        x: centred data.
        spread: `x.T @ x / n`, through which the reconstruction is reckoned without the n x c residual.
    """
    raw = flat.reshape(-1, x.shape[1])
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    w = raw / lengths
    codes = x @ w.T
    smooth = np.sqrt(codes**2 + SMOOTH)
    ws, gram = w @ spread, w @ w.T
    inner = ws @ w.T
    rebuilt = np.trace(spread) - 2 * np.trace(inner) + (inner * gram).sum()
    value = RECONSTRUCTION / 2 * rebuilt + smooth.sum() / len(x)
    gradient = RECONSTRUCTION * (gram @ ws + inner @ w - 2 * ws) + (codes / smooth).T @ x / len(x)
    tangent = (gradient - (gradient * w).sum(1, keepdims=True) * w) / lengths
    return float(value), tangent.ravel()
