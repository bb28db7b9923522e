"""Who takes part in the benchmark: every lens's methods, found by their hook, and three controls of known metrics.

The hook: a lens that can say where a network looks has a file ``explainers/LENS/methods/table.py`` with a function
``methods() -> Mapping[str, Candidate]``. Nothing else is edited.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from explainers.calibration.benchmark import Benchmark
from explainers.evidence import centre_map, random_map
from models import ModelHandle


@runtime_checkable
class Candidate(Protocol):
    """A method under examination."""

    @property
    def name(self) -> str:
        """As in files and links."""
        ...

    @property
    def title(self) -> str:
        """As people call it."""
        ...

    @property
    def cost_forwards(self) -> float:
        """What one picture costs, in forward passes."""
        ...

    def map(self, model: ModelHandle, x: Tensor, targets: Tensor) -> Tensor:
        """Signed maps (B, h, w) of normalised inputs (B, 3, H, W) for classes (B,)."""
        ...


def candidates() -> dict[str, Candidate]:
    """The methods of all lenses that have the hook, by name."""
    package = importlib.import_module("explainers")
    known: dict[str, Candidate] = {}
    for lens in pkgutil.iter_modules(package.__path__):
        folder = f"explainers.{lens.name}.methods"
        if lens.ispkg and importlib.util.find_spec(folder):
            known.update(importlib.import_module(f"{folder}.table").methods())
    return known


@dataclass(frozen=True)
class Control:
    """A map that needs no network: its marks are known beforehand.

    Attributes:
        name, title: as a contestant's.
        draw: (benchmark, row) -> map (S, S).
    """

    name: str
    title: str
    draw: Callable[[Benchmark, int], np.ndarray]
    cost_forwards: float = 0.0


def controls(seed: int) -> dict[str, Control]:
    """Random and centre maps, which know nothing, and the oracle, which is painted from the truth."""
    rngs: dict[int, Any] = {}

    def at_random(benchmark: Benchmark, row: int) -> np.ndarray:
        rng = rngs.setdefault(row, np.random.default_rng((seed, row)))
        return random_map(rng, benchmark.owners.shape[1:], 16)

    def in_the_centre(benchmark: Benchmark, _row: int) -> np.ndarray:
        return centre_map(benchmark.owners.shape[1:])

    def from_the_truth(benchmark: Benchmark, row: int) -> np.ndarray:
        painted: np.ndarray = np.concatenate([[0.0], np.nan_to_num(benchmark.truth[row])])[benchmark.owners[row]]
        return painted.astype(np.float32)

    return {
        "random": Control("random", "Random map", at_random),
        "centre": Control("centre", "Centre of the picture", in_the_centre),
        "oracle": Control("oracle", "Oracle: the truth itself", from_the_truth),
    }


def drawn(maps: np.ndarray) -> np.ndarray:
    """Maps (..., H, W) -> uint8 as they would be drawn: positive part over its 99.5th percentile, or its maximum."""
    positive = np.clip(np.nan_to_num(maps), 0, None)
    bright, top = np.percentile(positive, 99.5, (-2, -1), keepdims=True), positive.max((-2, -1), keepdims=True)
    scale = np.where(bright > 0, bright, np.where(top > 0, top, 1))
    grey: np.ndarray = (255 * np.clip(positive / scale, 0, 1)).round().astype(np.uint8)
    return grey
