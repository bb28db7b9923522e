"""Importance from the gradient of the tail: plain, times the codes, integrated, smoothed, its spread and its sign.

Sources: integrated gradients, Sundararajan, Taly and Yan 2017; SmoothGrad, Smilkov et al. 2017; VarGrad, Adebayo et
al. 2018; TCAV, Kim et al. 2018. Values are summed over the positions of a concept.
"""

import numpy as np
from jaxtyping import Float

from explainers.kit.importance.tail import ConceptHead, total

STEPS = 32
SAMPLES = 24
NOISE = 0.15


def gradient(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int = 0) -> Float[np.ndarray, "n k"]:
    """`sum_p dy/du_pi`: for a linear tail the sensitivity `s_i`."""
    del seed
    return total(tail.gradient(codes))


def gradient_input(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int = 0) -> Float[np.ndarray, "n k"]:
    """`sum_p u_pi dy/du_pi`."""
    del seed
    return total(codes * tail.gradient(codes))


def integrated(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int = 0) -> Float[np.ndarray, "n k"]:
    """Codes times the mean gradient on the line from zero, by the midpoint rule: adds to `y(U) - y(0)`."""
    del seed
    mean = np.zeros(codes.shape)
    for step in range(STEPS):
        mean += tail.gradient(codes * np.asarray((step + 0.5) / STEPS, codes.dtype)) / STEPS
    return total(codes * mean)


def smoothgrad(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int = 0) -> Float[np.ndarray, "n k"]:
    """Mean gradient under Gaussian noise of `NOISE` times the range of the codes of each image."""
    return np.asarray(_noisy(tail, codes, seed).mean(0))


def vargrad(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int = 0) -> Float[np.ndarray, "n k"]:
    """Variance of the gradient under the same noise: zero for a linear tail, and blind to sign."""
    return np.asarray(_noisy(tail, codes, seed).var(0))


def tcav(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int = 0) -> Float[np.ndarray, "n k"]:
    """Sign of the derivative along each concept, -1, 0 or 1; TCAV's score of a class is the share of 1s."""
    return np.asarray(np.sign(gradient(tail, codes, seed)))


def _noisy(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int) -> Float[np.ndarray, "samples n k"]:
    """Gradients at codes with noise."""
    rng = np.random.default_rng(seed)
    axes = tuple(range(1, codes.ndim))
    spread = NOISE * (codes.max(axes, keepdims=True) - codes.min(axes, keepdims=True))
    draws = (rng.standard_normal(codes.shape) * spread for _ in range(SAMPLES))
    return np.stack([total(tail.gradient((codes + draw).astype(codes.dtype))) for draw in draws])
