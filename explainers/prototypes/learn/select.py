"""Which training patches become prototypes: k-means of a class's own patches, and the unique push."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment

ROUNDS = 20
Nearness = Callable[[np.ndarray, np.ndarray], np.ndarray]
PATCHES = 6000  # of a class, for k-means; more change the centres little


@dataclass(frozen=True)
class Chosen:
    """Prototypes of one class, each a real training patch.

    Attributes:
        image: int (k,), row of the picture among those of the class; no two are the same.
        cell: int (k, 2), row and column of the patch on the layer's grid.
        vector: float32 (k, D), the patch's features.
    """

    image: Int[np.ndarray, " k"]
    cell: Int[np.ndarray, "k 2"]
    vector: Float[np.ndarray, "k d"]


def unit(rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """Rows of length 1; a row of zeros stays."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def centres(rows: Float[np.ndarray, "n d"], k: int, rng: np.random.Generator) -> Float[np.ndarray, "k d"]:
    """Spherical k-means (Dhillon and Modha 2001) of rows of length 1, begun as k-means++ does."""
    rows = rows[rng.permutation(len(rows))[:PATCHES]]
    middles = rows[_spread(rows, k, rng)]
    for _ in range(ROUNDS):
        nearest = (rows @ middles.T).argmax(1)
        sums = np.stack([rows[nearest == at].sum(0) if (nearest == at).any() else middles[at] for at in range(k)])
        moved = unit(sums)
        if np.allclose(moved, middles, atol=1e-5):
            break
        middles = moved
    return middles


def _spread(rows: np.ndarray, k: int, rng: np.random.Generator) -> list[int]:
    first = int(rng.integers(len(rows)))
    chosen, apart = [first], 1 - rows @ rows[first]
    while len(chosen) < k:
        weight = np.clip(apart, 0, None)
        total = float(weight.sum())
        following = int(rng.choice(len(rows), p=weight / total)) if total > 0 else int(rng.integers(len(rows)))
        chosen.append(following)
        apart = np.minimum(apart, 1 - rows @ rows[following])
    return chosen


def push(maps: Float[np.ndarray, "n d h w"], wanted: Float[np.ndarray, "k d"], similarity: Nearness) -> Chosen:
    """Make every prototype the nearest training patch, no two from one picture (an assignment, so the sum is best).

    Args:
        maps: features of the class's pictures.
        wanted: where the prototypes were; at most as many as there are pictures.
        similarity: (rows (m, d), wanted (k, d)) -> (m, k).
    """
    n, d, h, w = maps.shape
    rows = maps.transpose(0, 2, 3, 1).reshape(-1, d).astype(np.float32)
    near = similarity(rows, wanted).reshape(n, h * w, len(wanted))
    prototypes, images = linear_sum_assignment(-near.max(1).T)
    cells = near[images, :, prototypes].argmax(1)
    vector = rows.reshape(n, h * w, d)[images, cells]
    return Chosen(images, np.stack(np.divmod(cells, w), 1), vector)


def cosine(rows: Float[np.ndarray, "m d"], wanted: Float[np.ndarray, "k d"]) -> Float[np.ndarray, "m k"]:
    """Cosine similarity."""
    return unit(rows) @ unit(wanted).T


def nearness(rows: Float[np.ndarray, "m d"], wanted: Float[np.ndarray, "k d"]) -> Float[np.ndarray, "m k"]:
    """Minus the squared distance."""
    return 2 * rows @ wanted.T - (rows**2).sum(1)[:, None] - (wanted**2).sum(1)
