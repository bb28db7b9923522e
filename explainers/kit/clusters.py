"""Strategies: groups of images whose decisions rest on the same concepts, found by clustering and named in words.

Ward's linkage on vectors brought to unit length, where squared distance is twice one minus the cosine; the number of
clusters is that of the greatest mean silhouette (Rousseeuw 1987).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.cluster.hierarchy import fcluster, linkage

from explainers.kit.layout import distinct
from explainers.kit.metrics import pearson

MOST = 12
CLEAR = 0.15
APART = 0.1  # of the score: clusters on the same concepts that differ by less are one strategy
FEW = 10


def clusters(vectors: Float[np.ndarray, "n k"], *, most: int = MOST) -> Int[np.ndarray, " n"]:
    """Group importance vectors.

    Args:
        vectors: signed importance, as `layout.normalised` gives it.
        most: the greatest number of clusters tried.

    Returns:
        A label for each image, 0 for the largest cluster and so on; clusters hardly apart are one, see `merged`. All 0
        where no split has a silhouette of `CLEAR` or more. Does not depend on the order of the rows; equal rows have
        equal labels.
    """
    from sklearn.metrics import pairwise_distances, silhouette_score

    rows, place = distinct(vectors)
    if len(rows) < 3:
        return _by_size(np.arange(len(rows)), place)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    points = rows / np.where(lengths > 0, lengths, 1)
    tree = linkage(points, "ward")
    distances = pairwise_distances(points)[np.ix_(place, place)] ** 2
    best, labels = CLEAR, np.zeros(len(rows), dtype=np.int64)
    for count in range(2, min(most, len(rows) - 1) + 1):
        cut = fcluster(tree, count, "maxclust") - 1
        if cut.max() < 1 or len(place) <= cut.max() + 1:
            continue
        score = float(silhouette_score(distances, cut[place], metric="precomputed"))
        if score > best + 1e-9:
            best, labels = score, cut
    labels[place] = merged(vectors, labels[place])
    return _by_size(labels, place)


def _by_size(labels: Int[np.ndarray, " m"], place: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """Labels of the images, renumbered by falling size; of equal sizes the one with the first canonical row first."""
    sizes = np.bincount(labels[place], minlength=labels.max() + 1)
    first = np.array([np.flatnonzero(labels == label)[0] for label in range(len(sizes))])
    order = np.lexsort((first, -sizes))
    return np.asarray(np.argsort(order)[labels][place])


def merged(vectors: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """Put clusters together that rest on the same concepts and differ in no concept by `APART` of the score or more.

    Clusters named alike are ordered by the concept in which they differ most, so that each that stays is told apart
    from its neighbour by that concept's share.
    """
    labels = labels.copy()
    while (pair := _alike(vectors, labels)) is not None:
        labels[labels == pair[1]] = pair[0]
        labels[labels > pair[1]] -= 1
    return labels


def _alike(vectors: np.ndarray, labels: np.ndarray) -> tuple[int, int] | None:
    """Two clusters named alike that lie less than `APART` from each other in the concept that tells them apart."""
    means = _means(vectors, labels)
    for group in _namesakes(means):
        by_share = sorted(group, key=lambda label: means[label][_telling(means[group])])
        for one, other in pairwise(by_share):
            if abs(means[one] - means[other])[_telling(means[group])] < APART:
                return min(one, other), max(one, other)
    return None


def _means(vectors: np.ndarray, labels: np.ndarray) -> Float[np.ndarray, "clusters k"]:
    """Mean shares of each cluster."""
    return np.array([vectors[labels == label].mean(0) for label in range(int(labels.max()) + 1 if len(labels) else 0)])


def _rests_on(mean: Float[np.ndarray, " k"]) -> tuple[int, ...]:
    """The concepts of greatest mean share in favour, each at least half of the first; three at most."""
    order = np.argsort(-mean, kind="stable")[:3]
    return tuple(int(i) for i in order if mean[i] > 0 and mean[i] >= mean[order[0]] / 2)


def _namesakes(means: Float[np.ndarray, "clusters k"]) -> list[list[int]]:
    """Clusters that rest on the same set of concepts, where there are several."""
    groups: dict[frozenset[int], list[int]] = {}
    for label, mean in enumerate(means):
        groups.setdefault(frozenset(_rests_on(mean)), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def _telling(means: Float[np.ndarray, "m k"]) -> int:
    """The concept in which clusters differ most."""
    return int(np.ptp(means, axis=0).argmax())


def summaries(
    vectors: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], names: Sequence[str] | None = None
) -> list[str]:
    """A line for each cluster, such as "48%: concept 3 + concept 7".

    Named are the concepts with the greatest mean share in favour, each at least half of the first, three at most.
    Clusters that rest on the same concepts are told apart by the one in which they differ most: "48%: concept 3 (more
    concept 5)", or by its mean share where they are more than two.

    Args:
        vectors: signed shares.
        labels: of `clusters`.
        names: of the concepts; "concept 0" and so on if left out.
    """
    names = names or [f"concept {i}" for i in range(vectors.shape[1])]
    means = _means(vectors, labels)
    apart = {}
    for group in _namesakes(means):
        telling = _telling(means[group])
        most = max(group, key=lambda label: means[label][telling])
        for label in group:
            amount = "more" if label == most else "less"
            words = f"{amount} {names[telling]}" if len(group) == 2 else f"{names[telling]} {means[label][telling]:.0%}"
            apart[label] = f" ({words})"
    return [
        f"{100 * np.mean(labels == label):.0f}%:"
        f" {' + '.join(names[i] for i in _rests_on(mean)) or 'no concept in favour'}{apart.get(label, '')}"
        for label, mean in enumerate(means)
    ]


def important(top: Int[np.ndarray, " n"], k: int, *, threshold: int = FEW) -> Bool[np.ndarray, " k"]:
    """Which concepts are the most important one of `threshold` images or more."""
    return np.asarray(np.bincount(top, minlength=k) >= threshold)


def share_correlation(importance: Float[np.ndarray, " k"], top: Int[np.ndarray, " n"]) -> float:
    """Pearson correlation of concepts' global importance with the share of dots in their colour."""
    return pearson(importance, np.bincount(top, minlength=len(importance)) / max(len(top), 1))
