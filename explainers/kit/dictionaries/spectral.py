"""Dictionaries that scikit-learn learns: k-means, PCA, SVD and FastICA."""

import warnings

import numpy as np
from jaxtyping import Float
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, FastICA, TruncatedSVD
from sklearn.exceptions import ConvergenceWarning

from explainers.kit.dictionaries.base import Dictionary, Pulse, silent, unit

ITERATIONS = 500


def kmeans(a: Float[np.ndarray, "n c"], k: int, seed: int, _pulse: Pulse = silent) -> Dictionary:
    """Centroids as atoms and one-hot codes: an activation is one concept and no other."""
    distinct = len(np.unique(a, axis=0)) if len(a) <= 10 * k else k
    found = KMeans(min(k, distinct), n_init=2, random_state=seed).fit(a)
    centres = found.cluster_centers_.astype(a.dtype)
    spare = np.repeat(centres[:1], k - len(centres), axis=0)
    return Dictionary("kmeans", np.concatenate([centres, spare]), "nearest", converged=found.n_iter_ < found.max_iter)


def pca(a: Float[np.ndarray, "n c"], k: int, seed: int, _pulse: Pulse = silent) -> Dictionary:
    """Principal components; the mean is kept, so that codes are about it."""
    found = PCA(k, random_state=seed).fit(a)
    return Dictionary("pca", found.components_, "linear", mean=found.mean_, filters=found.components_)


def svd(a: Float[np.ndarray, "n c"], k: int, seed: int, _pulse: Pulse = silent) -> Dictionary:
    """Right singular vectors, about zero."""
    found = TruncatedSVD(k, random_state=seed, n_iter=7).fit(a)
    return Dictionary("svd", found.components_, "linear", filters=found.components_)


def ica(a: Float[np.ndarray, "n c"], k: int, seed: int, _pulse: Pulse = silent) -> Dictionary:
    """Independent components by FastICA, with unit atoms and the scale in the codes."""
    found = FastICA(k, whiten="unit-variance", random_state=seed, max_iter=ITERATIONS, tol=1e-3)
    with warnings.catch_warnings():  # said by `converged` instead
        warnings.simplefilter("ignore", ConvergenceWarning)
        found.fit(a)
    lengths = np.linalg.norm(found.mixing_, axis=0)
    return Dictionary(
        "ica",
        unit(found.mixing_.T),
        "linear",
        mean=found.mean_,
        filters=found.components_ * lengths[:, None],
        converged=found.n_iter_ < ITERATIONS,
    )
