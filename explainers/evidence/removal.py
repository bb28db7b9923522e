"""More ways to take pixels away: average drop and increase, ROAD, muFidelity."""

import numpy as np
from jaxtyping import Float, UInt8
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from explainers.evidence.faithfulness import Predict, baseline_image, pixel_ranks, unordered

NEIGHBOURS = tuple((dy, dx, 1 / 6 if dy * dx == 0 else 1 / 12) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx)


def drop_and_increase(
    predict: Predict, image: UInt8[np.ndarray, "h w 3"], heatmap: Float[np.ndarray, "h w"]
) -> tuple[float, float]:
    """Share of the probability lost, and whether any was won, when the picture is dimmed by the map.

    Drop is max(0, y - o) / y and increase 1 if o > y, o the score of image * heatmap (Chattopadhay et al. 2018, section
    5.1.1). Both NaN for a map without an order, or a score of zero.
    """
    if unordered(heatmap):
        return float("nan"), float("nan")
    scaled = (np.clip(heatmap, 0, None) / max(float(heatmap.max()), 1e-12))[..., None]
    dimmed = (image * scaled).round().astype(np.uint8)
    whole, kept = (float(score) for score in predict(np.stack([image, dimmed])))
    return (max(0.0, whole - kept) / whole if whole > 0 else float("nan")), float(kept > whole)


def road(
    predict: Predict,
    image: UInt8[np.ndarray, "h w 3"],
    heatmap: Float[np.ndarray, "h w"],
    rng: np.random.Generator,
    shares: tuple[float, ...] = (0.2, 0.4, 0.6, 0.8),
) -> Float[np.ndarray, " n"]:
    """Score after the brightest shares of pixels are filled in from their neighbours (Rong et al. 2022, ROAD).

    Filled pixels solve x_i = weighted mean of their neighbours (1/6 beside, 1/12 across a corner) plus little noise, so
    that the shape of the hole tells the model nothing. NaN for a map without an order.
    """
    if unordered(heatmap):
        return np.full(len(shares), np.nan)
    ranks = pixel_ranks(heatmap)
    filled = [imputed(image, ranks < round(share * heatmap.size), rng) for share in shares]
    return np.asarray(predict(np.stack(filled)), dtype=np.float64)


def imputed(
    image: UInt8[np.ndarray, "h w 3"], hole: np.ndarray, rng: np.random.Generator, noise: float = 2.5
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with ``hole`` (H, W) filled by noisy linear imputation; ``noise`` is a deviation in grey levels."""
    number = np.full(hole.shape, -1)
    number[hole] = np.arange(int(hole.sum()))
    ys, xs = np.nonzero(hole)
    rows, columns, entries = [number[ys, xs]], [number[ys, xs]], [np.zeros(len(ys))]
    right = np.zeros((len(ys), 3))
    for dy, dx, weight in NEIGHBOURS:
        y, x = ys + dy, xs + dx
        inside = (y >= 0) & (y < hole.shape[0]) & (x >= 0) & (x < hole.shape[1])
        column, y, x = number[ys, xs][inside], y[inside], x[inside]
        entries[0][column] += weight  # so that weights add up at the border too
        unknown = hole[y, x]
        rows.append(column[unknown])
        columns.append(number[y, x][unknown])
        entries.append(np.full(int(unknown.sum()), -weight))
        np.add.at(right, column[~unknown], weight * image[y, x][~unknown].astype(float))
    out = image.astype(float)
    if len(ys) and not hole.all():
        system = coo_matrix((np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns)))).tocsr()
        out[hole] = spsolve(system, right).reshape(-1, 3)
        out[hole] += rng.normal(0, noise, (len(ys), 3))
    elif len(ys):
        out[:] = image.mean((0, 1))
    filled: np.ndarray = out.round().clip(0, 255).astype(np.uint8)
    return filled


def mu_fidelity(
    predict: Predict,
    image: UInt8[np.ndarray, "h w 3"],
    heatmap: Float[np.ndarray, "h w"],
    rng: np.random.Generator,
    subsets: int = 64,
) -> float:
    """Pearson correlation between the map's sum over random places and the score lost without them.

    Bhatt et al. 2020, equation 2, on a grid of 9 x 9 cells, a fifth of them taken away at a time, blur where they were.
    NaN for a map without an order or a score that never changes.
    """
    if unordered(heatmap):
        return float("nan")
    cells = [np.arange(side) * 9 // side for side in heatmap.shape]
    taken = (rng.random((subsets, 9, 9)) < 0.2)[:, cells[0][:, None], cells[1][None, :]]
    other = baseline_image(image, "blur")
    scores = np.asarray(predict(np.concatenate([image[None], np.where(taken[..., None], other, image)])), np.float64)
    lost, mass = scores[0] - scores[1:], (taken * heatmap).sum((1, 2))
    return float(np.corrcoef(lost, mass)[0, 1]) if np.ptp(lost) > 0 and np.ptp(mass) > 0 else float("nan")
