"""Dictionaries that scikit-learn learns: k-means, PCA, SVD and FastICA."""

import warnings

import numpy as np
from jaxtyping import Float

from explainers.kit.dictionaries.base import Dictionary, Pulse, silent, unit

ITERATIONS = 500


def kmeans(a: Float[np.ndarray, "n c"], k: int, seed: int, _on_round: Pulse = silent) -> Dictionary:
    """Centroids as atoms and one-hot codes: an activation is one concept and no other."""
    from sklearn.cluster import KMeans

    distinct = len(np.unique(a, axis=0)) if len(a) <= 10 * k else k
    fitted = KMeans(min(k, distinct), n_init=2, random_state=seed).fit(a)
    centres = fitted.cluster_centers_.astype(a.dtype)
    spare = np.repeat(centres[:1], k - len(centres), axis=0)
    return Dictionary("kmeans", np.concatenate([centres, spare]), "nearest", converged=fitted.n_iter_ < fitted.max_iter)


def pca(a: Float[np.ndarray, "n c"], k: int, seed: int, _on_round: Pulse = silent) -> Dictionary:
    """Principal components; the mean is kept, so that codes are about it."""
    from sklearn.decomposition import PCA

    fitted = PCA(k, random_state=seed).fit(a)
    return Dictionary("pca", fitted.components_, "linear", mean=fitted.mean_, filters=fitted.components_)


def svd(a: Float[np.ndarray, "n c"], k: int, seed: int, _on_round: Pulse = silent) -> Dictionary:
    """Right singular vectors, about zero."""
    from sklearn.decomposition import TruncatedSVD

    fitted = TruncatedSVD(k, random_state=seed, n_iter=7).fit(a)
    return Dictionary("svd", fitted.components_, "linear", filters=fitted.components_)


def ica(a: Float[np.ndarray, "n c"], k: int, seed: int, _on_round: Pulse = silent) -> Dictionary:
    """Independent components by FastICA, with unit atoms and the scale in the codes."""
    from sklearn.decomposition import FastICA
    from sklearn.exceptions import ConvergenceWarning

    fitted = FastICA(k, whiten="unit-variance", random_state=seed, max_iter=ITERATIONS, tol=1e-3)
    with warnings.catch_warnings():  # said by `converged` instead
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted.fit(a)
    lengths = np.linalg.norm(fitted.mixing_, axis=0)
    return Dictionary(
        "ica",
        unit(fitted.mixing_.T),
        "linear",
        mean=fitted.mean_,
        filters=fitted.components_ * lengths[:, None],
        converged=fitted.n_iter_ < ITERATIONS,
    )
