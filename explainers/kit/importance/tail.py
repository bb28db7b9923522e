"""The network after the cut, seen from the concepts: `y(U) = h(U D)` and `dy/dU`.

Codes of one image are `(*p, k)`: `(k,)` where it is one pooled row, `(h, w, k)` or `(p, k)` where it is a map. A batch
puts images first. A tail gives one logit an image.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from models.errors import InputError

Logit = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ConceptHead:
    """From codes to the logit of one class.

    Attributes:
        logit: `(n, *p, k) -> (n,)`.
        gradient: `(n, *p, k) -> (n, *p, k)`, of the logit with respect to the codes.
        sensitivity: `(k,)`, set where the tail is linear in the mean of the codes over positions: `D theta_c`.
        bias: the constant of a linear tail.
    """

    logit: Logit
    gradient: Logit
    sensitivity: np.ndarray | None = None
    bias: float = 0.0


def linear(dictionary: Float[np.ndarray, "k c"], weight: Float[np.ndarray, " c"], bias: float = 0.0) -> ConceptHead:
    """The tail "mean over positions, then a fully connected layer": `y = mean_p(U_p) . s + b` with `s = D weight`.

    Args:
        dictionary: atoms.
        weight: row of the class in the last layer.
        bias: its constant, with what the mean of the activations adds where the dictionary keeps one.
    """
    s = dictionary @ weight

    def logit(codes: np.ndarray) -> np.ndarray:
        return np.asarray(pooled(codes) @ s + bias)

    def gradient(codes: np.ndarray) -> np.ndarray:
        positions = codes[0, ..., 0].size
        return np.broadcast_to(np.asarray(s / positions), codes.shape)

    return ConceptHead(logit, gradient, s, bias)


def pooled(codes: Float[np.ndarray, "n *p k"]) -> Float[np.ndarray, "n k"]:
    """Mean over the positions of each image."""
    return np.asarray(codes.reshape(len(codes), -1, codes.shape[-1]).mean(1))


def total(values: Float[np.ndarray, "n *p k"]) -> Float[np.ndarray, "n k"]:
    """Sum over the positions of each image."""
    return np.asarray(values.reshape(len(values), -1, values.shape[-1]).sum(1))


def closed_form(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"]) -> Float[np.ndarray, "n k"]:
    """Exact contributions of a linear tail, `c_i = u_i s_i` with `u` the mean over positions; they add to `y - b`.

    Raises:
        InputError: the tail is not linear.
    """
    if tail.sensitivity is None:
        raise InputError("The layers after this one are not linear: choose an importance that samples, such as sobol.")
    return np.asarray(pooled(codes) * tail.sensitivity)
