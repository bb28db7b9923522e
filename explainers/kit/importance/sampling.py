"""Importance from switching concepts on and off: occlusion, Shapley, RISE, Sobol and HSIC.

All play the same game: a mask `m` in [0, 1]^k scales the concepts of one image, and `v(m) = y(m * U)` is the answer.
Sources: Zeiler and Fergus 2014; Shapley 1953, sampled by permutations as Castro, Gomez and Tejada 2009; Petsiuk, Das
and Saenko 2018; Fel et al. 2021 with Jansen's estimator; Novello, Fel and Vigouroux 2022.
"""

from collections.abc import Callable
from math import factorial

import numpy as np
from jaxtyping import Float
from scipy.stats import qmc

from explainers.kit import sobol as indices
from explainers.kit.importance.tail import ConceptHead

EXACT = 10
DESIGNS = 64
PERMUTATIONS = 64
MASKS = 1024
BATCH = 4096

Game = Callable[[Float[np.ndarray, "m k"]], Float[np.ndarray, " m"]]


def games(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"]) -> list[Game]:
    """One game an image. Masks are played in batches whose codes stay below some millions of numbers."""
    return [_game(tail, image) for image in codes]


def _game(tail: ConceptHead, image: Float[np.ndarray, "*p k"]) -> Game:
    size = max(1, BATCH * 64 // image.size)

    def play(masks: Float[np.ndarray, "m k"]) -> Float[np.ndarray, " m"]:
        shaped = masks.astype(image.dtype).reshape(len(masks), *[1] * (image.ndim - 1), -1)
        parts = [tail.logit(shaped[i : i + size] * image) for i in range(0, len(masks), size)]
        return np.concatenate(parts).astype(np.float64)

    return play


def occlusion(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int = 0) -> Float[np.ndarray, "n k"]:
    """How far the logit falls when one concept is taken away."""
    del seed
    k = codes.shape[-1]
    masks = np.concatenate([np.ones((1, k)), 1 - np.eye(k)])
    values = np.stack([play(masks) for play in games(tail, codes)])
    return np.asarray(values[:, :1] - values[:, 1:])


def shapley(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int = 0) -> Float[np.ndarray, "n k"]:
    """Shapley values against absence: exact up to `EXACT` concepts, beyond that from pairs of opposite orders.

    Both ways they add to `y(U) - y(0)`.
    """
    k = codes.shape[-1]
    if k <= EXACT:
        return np.stack([_exact(play, k) for play in games(tail, codes)])
    return np.stack([_permuted(play, k, np.random.default_rng(seed)) for play in games(tail, codes)])


def rise(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int = 0) -> Float[np.ndarray, "n k"]:
    """Mean answer over masks that hold the concept, `E[v(m) m_i] / E[m_i]`; every mask up to `EXACT` concepts."""
    masks = subsets(codes.shape[-1], seed)
    values = np.stack([play(masks) for play in games(tail, codes)])
    return np.asarray(values @ masks / masks.sum(0))


def sobol(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int = 0) -> Float[np.ndarray, "n k"]:
    """Total Sobol index of each concept; blind to sign. A linear tail gives `c_i^2 / sum c^2`."""
    k = codes.shape[-1]
    return np.stack([indices.total_indices(play, k, designs=DESIGNS, seed=seed) for play in games(tail, codes)])


def hsic(tail: ConceptHead, codes: Float[np.ndarray, "n *p k"], seed: int = 0) -> Float[np.ndarray, "n k"]:
    """Hilbert-Schmidt dependence of the answer on each concept's mask; zero or more, blind to sign.

    `tr(K H L H) / (m - 1)^2` for an RBF kernel on each side, whose width is the median distance.
    """
    points = qmc.Sobol(codes.shape[-1], rng=np.random.default_rng(seed)).random_base2(8)
    sides = [_centred(_kernel(column)) for column in points.T]
    scores = np.zeros((len(codes), codes.shape[-1]))
    for i, play in enumerate(games(tail, codes)):
        answer = _kernel(play(points))
        scores[i] = [(side * answer).sum() / (len(points) - 1) ** 2 for side in sides]
    return scores


def subsets(k: int, seed: int) -> Float[np.ndarray, "m k"]:
    """Masks of 0 and 1 with equal chances: all `2^k` up to `EXACT` concepts, else `MASKS` and their opposites."""
    if k <= EXACT:
        return ((np.arange(2**k)[:, None] >> np.arange(k)) & 1).astype(np.float64)
    half = np.random.default_rng(seed).integers(0, 2, (MASKS // 2, k)).astype(np.float64)
    return np.concatenate([half, 1 - half])


def _exact(play: Game, k: int) -> Float[np.ndarray, " k"]:
    """Shapley values from all subsets: `sum_S |S|! (k - |S| - 1)! / k! (v(S + i) - v(S))`."""
    masks = subsets(k, 0)
    values = play(masks)
    weights = np.array([factorial(size) * factorial(k - size - 1) / factorial(k) for size in range(k)])
    shapley = np.zeros(k)
    for i in range(k):
        without = np.flatnonzero(masks[:, i] == 0)
        gain = values[without + 2**i] - values[without]
        shapley[i] = weights[masks[without].sum(1).astype(int)] @ gain
    return shapley


def _permuted(play: Game, k: int, rng: np.random.Generator) -> Float[np.ndarray, " k"]:
    """Mean gain over orders of arrival, each order played forwards and backwards."""
    half = np.stack([rng.permutation(k) for _ in range(PERMUTATIONS // 2)])
    orders = np.concatenate([half, half[:, ::-1]])
    arrival = np.argsort(orders, axis=1)
    masks = (arrival[:, None, :] < np.arange(k + 1)[:, None]).astype(np.float64)
    values = play(masks.reshape(-1, k)).reshape(len(orders), k + 1)
    gains = np.diff(values, axis=1)
    return np.asarray(np.take_along_axis(gains, arrival, axis=1).mean(0))


def _kernel(x: Float[np.ndarray, " m"]) -> Float[np.ndarray, "m m"]:
    """RBF kernel of scalars; all ones where they do not differ."""
    distance = np.abs(x[:, None] - x[None])
    width = float(np.median(distance[distance > 0])) if distance.any() else 1.0
    return np.asarray(np.exp(-(distance**2) / (2 * width**2)))


def _centred(kernel: Float[np.ndarray, "m m"]) -> Float[np.ndarray, "m m"]:
    """`H K H` with `H = I - 1/m`."""
    return np.asarray(kernel - kernel.mean(0) - kernel.mean(1)[:, None] + kernel.mean())
