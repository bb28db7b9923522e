"""Importance of concepts: attribution on the concept space, from the tail of the network alone.

For a linear tail the contribution `c_i = u_i s_i` is exact and nothing is sampled; there gradient x input, integrated
gradients, occlusion and Shapley equal it, RISE is affine in it, TCAV is the sign of `s`, VarGrad is 0 and Sobol is
`c^2 / sum c^2`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from explainers.kit.importance import gradients, sampling
from explainers.kit.importance.tail import ConceptHead, closed_form, linear
from models.errors import InputError

__all__ = [
    "METHODS",
    "ConceptHead",
    "Method",
    "closed_form",
    "importance",
    "linear",
    "prevalence",
    "reliability",
    "shares",
]


@dataclass(frozen=True)
class Method:
    """A way to score concepts.

    Attributes:
        title: name for people.
        score: from a tail, codes `(n, *p, k)` and a seed to `(n, k)`.
        signed: whether the sign says for or against; if not, `importance` lends it that of gradient x input.
    """

    title: str
    score: Callable[[ConceptHead, np.ndarray, int], np.ndarray]
    signed: bool = True


def _exact(tail: ConceptHead, codes: np.ndarray, seed: int) -> np.ndarray:
    del seed
    return closed_form(tail, codes)


METHODS: dict[str, Method] = {
    "closed": Method("Exact contribution", _exact),
    "gradient": Method("Gradient", gradients.gradient),
    "gradient_input": Method("Gradient x input", gradients.gradient_input),
    "integrated": Method("Integrated gradients", gradients.integrated),
    "smoothgrad": Method("SmoothGrad", gradients.smoothgrad),
    "vargrad": Method("VarGrad", gradients.vargrad, signed=False),
    "tcav": Method("TCAV", gradients.tcav),
    "occlusion": Method("Occlusion", sampling.occlusion),
    "shapley": Method("Shapley", sampling.shapley),
    "rise": Method("RISE", sampling.rise),
    "sobol": Method("Sobol", sampling.sobol, signed=False),
    "hsic": Method("HSIC", sampling.hsic, signed=False),
}


def importance(
    name: str, tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], *, seed: int = 0
) -> Float[np.ndarray, "n k"]:
    """Signed importance of every concept for the logit of the class, image by image.

    Args:
        name: a key of `METHODS`, or "auto": the closed form where the tail is linear, else Sobol.
        tail: the network after the cut.
        codes: of each image.
        seed: of every draw.

    Returns:
        Scores. A method that is blind to sign gets that of gradient x input.

    Raises:
        InputError: an unknown name, or "closed" for a tail that is not linear.
    """
    if name == "auto":
        name = "sobol" if tail.sensitivity is None else "closed"
    if name not in METHODS:
        raise InputError(f"There is no importance method {name!r}: choose auto or one of {', '.join(METHODS)}.")
    method = METHODS[name]
    scores = method.score(tail, codes, seed)
    return scores if method.signed else scores * np.sign(gradients.gradient_input(tail, codes))


def shares(contributions: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " k"]:
    """Share of the class logit (its bias left out): `I_i = sum_n c_ni / sum_nj c_nj`.

    Where the contributions cancel out, so that there is no total to share, the sum of their sizes is divided by.
    """
    totals = contributions.sum(0)
    total, size = float(totals.sum()), float(np.abs(totals).sum())
    if size == 0:
        return np.asarray(totals * 0)
    return np.asarray(totals / (total if abs(total) > 1e-6 * size else size))


def prevalence(top: Int[np.ndarray, " n"], k: int) -> Float[np.ndarray, " k"]:
    """Share of the images of which each concept is the most important."""
    return np.asarray(np.bincount(top, minlength=k) / max(len(top), 1))


def reliability(
    top: Int[np.ndarray, " n"], correct: Bool[np.ndarray, " n"], k: int
) -> tuple[Float[np.ndarray, " k"], Int[np.ndarray, " k"]]:
    """Share of rightly classified images among those of which each concept is the top one, and how many those are.

    A concept that is top nowhere has the share 0 and the count 0: show the count.
    """
    counts = np.bincount(top, minlength=k)
    return np.bincount(top, weights=correct, minlength=k) / np.maximum(counts, 1), counts
