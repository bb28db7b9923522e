"""Maps that need no network, so that it is known beforehand what they are worth: most know nothing, two know all."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.ndimage import gaussian_filter, sobel
from torch.nn.functional import adaptive_avg_pool2d

from explainers.calibration.benchmark import REGIONS, Benchmark
from explainers.evidence import centre_map, random_map
from explainers.kit.resize import enlarged

CONTROLS = ("oracle", "oracle_grid", "silhouette", "silhouette_blurred", "random_parts", "edges", "centre", "random")
SOFT = 0.06
"""Sigma of the blurred silhouette, in shares of the side: about a cell of an 8x8 grid wide."""


@dataclass(frozen=True)
class Control:
    """A map that is drawn without asking the network.

    Attributes:
        name: as in files and links.
        title: as people call it.
        draw: (benchmark, row) -> map (S, S).
        cost_forwards: nothing.
    """

    name: str
    title: str
    draw: Callable[[Benchmark, int], np.ndarray]
    cost_forwards: float = 0.0


def controls(seed: int, grid: tuple[int, int] = (8, 8)) -> dict[str, Control]:
    """Every control by name.

    Args:
        seed: starts the random ones; a picture gets the same map in every batch.
        grid: rows and columns of the layer that the truth is drawn on for ``oracle_grid``.
    """

    def at_random(benchmark: Benchmark, row: int) -> np.ndarray:
        return random_map(np.random.default_rng((seed, row)), benchmark.owners.shape[1:], 16)

    def random_parts(benchmark: Benchmark, row: int) -> np.ndarray:
        values = np.random.default_rng((seed, row // 2, 1)).random(len(REGIONS))
        return _painted(benchmark, row, 1 - values if row % 2 else values)  # in pairs, so that chance evens out sooner

    drawers = {
        "oracle": ("Oracle: the truth itself", _truth),
        "oracle_grid": (
            f"The truth on the layer's {grid[0]}×{grid[1]} grid",
            lambda b, row: on_grid(_truth(b, row), grid),
        ),
        "silhouette": ("Silhouette of the animal", _silhouette),
        "silhouette_blurred": ("Silhouette, blurred", _silhouette_blurred),
        "random_parts": ("Random numbers on parts", random_parts),
        "edges": ("Edges of the picture", _edges),
        "centre": ("Centre of the picture", lambda b, _: centre_map(b.owners.shape[1:])),
        "random": ("Random map", at_random),
    }
    return {name: Control(name, title, draw) for name, (title, draw) in drawers.items()}


def on_grid(heat: Float[np.ndarray, "s s"], grid: tuple[int, int]) -> Float[np.ndarray, "s s"]:
    """A map as a layer of ``grid`` cells could show it at best: the mean of each cell, enlarged like any map."""
    cells = adaptive_avg_pool2d(torch.from_numpy(heat)[None], grid)
    return enlarged(cells, heat.shape)[0]


def _painted(benchmark: Benchmark, row: int, values: np.ndarray) -> np.ndarray:
    """Every region in its value, the rest 0."""
    return np.concatenate([[0.0], values])[benchmark.owners[row]].astype(np.float32)


def _truth(benchmark: Benchmark, row: int) -> np.ndarray:
    return _painted(benchmark, row, np.nan_to_num(benchmark.truth[row]))


def _silhouette(benchmark: Benchmark, row: int) -> np.ndarray:
    return (benchmark.owners[row] > 0).astype(np.float32)


def _silhouette_blurred(benchmark: Benchmark, row: int) -> np.ndarray:
    return gaussian_filter(_silhouette(benchmark, row), SOFT * benchmark.owners.shape[1])


def _edges(benchmark: Benchmark, row: int) -> np.ndarray:
    grey = gaussian_filter(benchmark.images[row].mean(2), 1.0)
    return np.hypot(sobel(grey, 0), sobel(grey, 1)).astype(np.float32)
