"""Which methods are compared: every lens's, found by their hook.

The hook: a lens that can say where a network looks has a file ``explainers/LENS/methods/table.py`` with a function
``methods() -> Mapping[str, Candidate]``. Nothing else is edited.
"""

import importlib
import importlib.util
import pkgutil
from typing import Protocol, runtime_checkable

import numpy as np
from torch import Tensor

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


def chosen(names: tuple[str, ...] | None) -> dict[str, Candidate]:
    """The methods named, or all."""
    known = candidates()
    return {name: known[name] for name in names or known}


def drawn(maps: np.ndarray) -> np.ndarray:
    """Maps (..., H, W) -> uint8 as they would be drawn: positive part over its 99.5th percentile, or its maximum."""
    positive = np.clip(np.nan_to_num(maps), 0, None)
    bright, top = np.percentile(positive, 99.5, (-2, -1), keepdims=True), positive.max((-2, -1), keepdims=True)
    scale = np.where(bright > 0, bright, np.where(top > 0, top, 1))
    return np.asarray((255 * np.clip(positive / scale, 0, 1)).round().astype(np.uint8))
