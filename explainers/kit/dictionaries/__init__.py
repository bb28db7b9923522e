"""Ways to learn a dictionary of concepts, `A ~ Z D`, behind one interface: fit, encode, decode.

======================== ============== ====================== =====================================
name                     codes          atoms                  encode
======================== ============== ====================== =====================================
nmf, sparse_nmf          zero or more   zero or more, unit     non-negative least squares (l1 if sparse)
semi_nmf                 zero or more   free, unit             non-negative least squares
convex_nmf               zero or more   mixtures of data, unit non-negative least squares
kmeans                   one-hot        centroids              nearest centroid
pca (about the mean)     free           orthonormal            projection
svd                      free           orthonormal            projection
ica, rica (about mean)   free           free, unit             the learnt filters
topk_sae (about mean)    zero or more   free, unit             ReLU of the filters, the largest kept
======================== ============== ====================== =====================================
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from explainers.kit import validate as checks
from explainers.kit.dictionaries import factorised, filters, sae, spectral
from explainers.kit.dictionaries.base import Dictionary, Pulse, checked, silent
from models.errors import InputError

__all__ = ["METHODS", "Dictionary", "Method", "Pulse", "checked", "fit", "silent", "suitable"]


@dataclass(frozen=True)
class Method:
    """A way to learn a dictionary.

    Attributes:
        title: name for people.
        learn: from activations, a count of concepts, a seed and a callback to the dictionary.
        signed: whether negative activations are taken.
        centred: whether the mean is taken away first.
        at_most_channels: whether `k` is bounded by the number of channels.
    """

    title: str
    learn: Callable[[np.ndarray, int, int, Pulse], Dictionary]
    signed: bool = True
    centred: bool = False
    at_most_channels: bool = False


METHODS: dict[str, Method] = {
    "nmf": Method("NMF", factorised.nmf, signed=False),
    "sparse_nmf": Method("Sparse NMF", factorised.sparse_nmf, signed=False),
    "semi_nmf": Method("Semi-NMF", factorised.semi_nmf),
    "convex_nmf": Method("Convex NMF", factorised.convex_nmf),
    "kmeans": Method("k-means", spectral.kmeans),
    "pca": Method("PCA", spectral.pca, centred=True, at_most_channels=True),
    "svd": Method("SVD", spectral.svd, at_most_channels=True),
    "ica": Method("ICA", spectral.ica, centred=True, at_most_channels=True),
    "rica": Method("Reconstruction ICA", filters.rica, centred=True),
    "topk_sae": Method("TopK sparse autoencoder", sae.topk_sae, centred=True),
}


def suitable(name: str, smallest: float) -> str:
    """The method to use where the smallest activation is `smallest`: semi-NMF in place of NMF when it is negative."""
    return "semi_nmf" if name == "nmf" and smallest < 0 else name


def fit(name: str, a: Float[np.ndarray, "n c"], k: int, *, seed: int = 0, on_round: Pulse = silent) -> Dictionary:
    """Learn `k` concepts from activations.

    Args:
        name: a key of `METHODS`.
        a: activations.
        k: number of concepts.
        seed: of every draw; the same seed gives the same dictionary.
        on_round: called between the rounds of a method that has any; may raise to stop.

    Raises:
        InputError: an unknown name, or activations or a `k` that the method cannot take; the text says what to do.
    """
    if name not in METHODS:
        raise InputError(f"There is no dictionary method {name!r}: choose one of {', '.join(METHODS)}.")
    method = METHODS[name]
    a = checks.activations(a, k)
    checks.check_count(k, len(a), min(a.shape) if method.at_most_channels else None)
    if not method.signed:
        checks.check_nonnegative(float(a.min()))
    if method.centred:
        checks.check_varied(a)
    learnt = method.learn(a, k, seed, on_round)
    if not np.isfinite(learnt.atoms).all():
        raise InputError(f"{method.title} found fewer than {k} directions in these activations: ask for fewer.")
    return learnt
