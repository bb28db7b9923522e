"""Scores by which strange pictures may be told from those of a data set; higher is stranger.

Sources: the greatest probability, Hendrycks and Gimpel 2017; energy, Liu et al. 2020; Mahalanobis distance, Lee et al.
2018; distance to the k-th nearest neighbour of features on the unit sphere, Sun et al. 2022. The area under the ROC
curve comes with DeLong's interval (DeLong et al. 1988).
"""

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import logsumexp, softmax
from scipy.stats import rankdata

from explainers.kit.metrics import cosine
from models.errors import InputError

NEIGHBOURS = 5
Z95 = 1.959963984540054


def max_softmax(logits: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " n"]:
    """Minus the greatest probability."""
    return -softmax(logits.astype(np.float64), axis=1).max(1)


def energy(logits: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " n"]:
    """``-log sum_k exp z_k``, the free energy at temperature 1."""
    return -logsumexp(logits.astype(np.float64), axis=1)


def nearest(
    features: Float[np.ndarray, "n d"], known: Float[np.ndarray, "m d"], k: int = NEIGHBOURS
) -> Float[np.ndarray, " n"]:
    """Distance to the k-th nearest known picture, all scaled to length 1; to the farthest where fewer are known."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=min(k, len(known)), algorithm="brute").fit(_unit(known))
    distances, _ = search.kneighbors(_unit(features))
    return distances[:, -1]


def mahalanobis(
    features: Float[np.ndarray, "n d"], known: Float[np.ndarray, "m d"], labels: Int[np.ndarray, " m"]
) -> Float[np.ndarray, " n"]:
    """Squared Mahalanobis distance to the nearest class mean, with one covariance for all classes.

    The covariance is shrunk as Ledoit and Wolf 2004, since there are often more features than pictures.
    """
    from sklearn.covariance import LedoitWolf

    classes = np.unique(labels)
    means = np.stack([known[labels == cls].mean(0) for cls in classes]).astype(np.float64)
    rest = known - means[np.searchsorted(classes, labels)]
    precision = np.linalg.pinv(LedoitWolf(assume_centered=True).fit(rest).covariance_, hermitian=True)
    gaps = features[:, None, :].astype(np.float64) - means
    return np.einsum("ncd,de,nce->nc", gaps, precision, gaps, optimize=True).min(1)


def likeness(
    features: Float[np.ndarray, "n d"], known: Float[np.ndarray, "m d"], centre: Float[np.ndarray, " d"]
) -> Float[np.ndarray, "n m"]:
    """Cosine of every picture with every known one, seen from ``centre``: without it all features point one way."""
    return cosine((features - centre).astype(np.float64), (known - centre).astype(np.float64))


def auroc(scores: Float[np.ndarray, " n"], strange: Bool[np.ndarray, " n"]) -> tuple[float, tuple[float, float]]:
    """Area under the ROC curve and its 95% interval (DeLong), cut at 0 and 1.

    Raises:
        InputError: fewer than two pictures on a side.
    """
    first, second = scores[strange], scores[~strange]
    if min(len(first), len(second)) < 2:
        raise InputError("A ROC curve needs two pictures or more on each side; raise the number of pictures.")
    ranks, inner, others = rankdata(np.concatenate([first, second])), rankdata(first), rankdata(second)
    m, n = len(first), len(second)
    above = (ranks[:m] - inner) / n  # of each strange picture: the share of the others that it exceeds
    below = 1 - (ranks[m:] - others) / m
    area = float(above.mean())
    wide = Z95 * float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    return area, (max(0.0, area - wide), min(1.0, area + wide))


def _unit(features: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.where(length > 0, length, 1)
