"""The plane of the strategic cluster graph: images near each other when their concepts weigh alike.

A layout depends on the set of vectors alone: rows are put in a canonical order first and equal rows share one dot, so
the same images in another order land on the same places, exactly. t-SNE: van der Maaten and Hinton 2008.
"""

import importlib
import importlib.util
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.errors import InputError, NotReadyError

PERPLEXITY = 30


def normalised(contributions: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
    """Signed shares, `c_ni / sum_j |c_nj|`; a row of zeros stays."""
    contributions = contributions.astype(np.float64)
    size = np.abs(contributions).sum(1, keepdims=True)
    return np.asarray(contributions / np.where(size > 0, size, 1))


def distinct(vectors: Float[np.ndarray, "n k"]) -> tuple[Float[np.ndarray, "m k"], Int[np.ndarray, " n"]]:
    """The different rows in a canonical order, and where each row of `vectors` is among them."""
    rows, place = np.unique(vectors + 0.0, axis=0, return_inverse=True)
    return rows, place.reshape(-1)


def layout(name: str, vectors: Float[np.ndarray, "n k"], *, seed: int = 0) -> Float[np.ndarray, "n 2"]:
    """Lay vectors out on a plane.

    Args:
        name: "tsne" or "umap" (cosine distance), or "pca".
        vectors: signed importance, as `normalised` gives it.
        seed: of the layout.

    Returns:
        Positions, centred, with the farther extent at 1. The same on every run; permuting rows permutes them.

    Raises:
        InputError: an unknown name, no rows, or values that are not finite.
        NotReadyError: UMAP is not installed.
    """
    if name not in LAYOUTS:
        raise InputError(f"There is no layout {name!r}: choose one of {', '.join(LAYOUTS)}.")
    if len(vectors) == 0 or not np.isfinite(vectors).all():
        raise InputError("A layout needs at least one image, and importance that is finite.")
    rows, index = distinct(vectors)
    with threadpool_limits(1):  # sums over threads have no fixed order
        flat = LAYOUTS[name](rows, seed) if len(rows) > 4 else _pca(rows, seed)
    flat = flat.astype(np.float64)
    flat -= flat.mean(0)
    extent = float(np.abs(flat).max())
    return np.asarray((flat / extent if extent > 0 else flat)[index])


def _pca(rows: Float[np.ndarray, "m k"], seed: int) -> Float[np.ndarray, "m 2"]:
    """The first two principal axes, the largest loading of each positive; axes that do not exist are zero."""
    del seed
    centred = rows - rows.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], axis=1)
    flat = centred @ (axes * np.sign(largest)).T
    return np.pad(flat, ((0, 0), (0, 2 - len(axes))))


def _tsne(rows: Float[np.ndarray, "m k"], seed: int) -> Float[np.ndarray, "m 2"]:
    """t-SNE on cosine distances, started from the principal axes."""
    from sklearn.manifold import TSNE

    first = _pca(rows, seed)
    first = first / max(float(first[:, 0].std()), 1e-12) * 1e-4
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    plane = TSNE(perplexity=perplexity, init=first.astype(np.float32), metric="cosine", random_state=seed)
    return np.asarray(plane.fit_transform(rows))


def _umap(rows: Float[np.ndarray, "m k"], seed: int) -> Float[np.ndarray, "m 2"]:
    """UMAP on cosine distances, when umap-learn is there."""
    if importlib.util.find_spec("umap") is None:
        raise NotReadyError("The UMAP layout needs umap-learn: run `pip install umap-learn`, or choose t-SNE or PCA.")
    umap = importlib.import_module("umap")

    near = min(15, len(rows) - 1)
    plane = umap.UMAP(n_neighbors=near, metric="cosine", random_state=seed, n_jobs=1, init=_pca(rows, seed))
    return np.asarray(plane.fit_transform(rows))


LAYOUTS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {"tsne": _tsne, "umap": _umap, "pca": _pca}


def place(
    vector: Float[np.ndarray, " k"],
    vectors: Float[np.ndarray, "n k"],
    positions: Float[np.ndarray, "n 2"],
    *,
    neighbours: int = 5,
) -> Float[np.ndarray, " 2"]:
    """Where a new image lands in a finished layout: the mean of its nearest dots, weighted by closeness.

    A vector that is in the graph lands on its own dot.
    """
    from sklearn.metrics import pairwise_distances

    distances = pairwise_distances(vector[None], vectors, metric="cosine")[0]
    nearest = np.argsort(distances, kind="stable")[:neighbours]
    weights = 1 / (distances[nearest] + 1e-9)
    return np.asarray(weights @ positions[nearest] / weights.sum())


def edges(vectors: Float[np.ndarray, "n k"], *, neighbours: int = 3) -> Int[np.ndarray, "e 2"]:
    """Pairs of images of which one is among the other's nearest by cosine; each pair once, smaller index first."""
    from sklearn.neighbors import NearestNeighbors

    if len(vectors) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    near = min(neighbours, len(vectors) - 1)
    nearest = NearestNeighbors(n_neighbors=near, metric="cosine").fit(vectors).kneighbors(return_distance=False)
    pairs = np.stack([np.repeat(np.arange(len(vectors)), near), nearest.ravel()], 1)
    return np.asarray(np.unique(np.sort(pairs, axis=1), axis=0))


def purity(positions: Float[np.ndarray, "n 2"], colours: Int[np.ndarray, " n"], *, neighbours: int = 5) -> float:
    """Mean share of each dot's nearest dots that have its colour; 1 for a single dot."""
    from sklearn.neighbors import NearestNeighbors

    if len(positions) < 2:
        return 1.0
    near = min(neighbours, len(positions) - 1)
    nearest = NearestNeighbors(n_neighbors=near).fit(positions).kneighbors(return_distance=False)
    return float((colours[nearest] == colours[:, None]).mean())
