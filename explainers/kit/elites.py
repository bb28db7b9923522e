"""An archive of the best picture for every class: MAP-Elites whose cells are the classes of a network.

Mouret and Clune 2015, "Illuminating search spaces by mapping elites" (arXiv:1504.04909), as Nguyen et al. 2015 (CVPR,
section 2.2) use it. Every child is compared with the champion of *every* class, not only of the class that it is taken
for: a picture that is a second-best bagel is often the best pretzel so far.
"""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int

from models.errors import InputError

G = TypeVar("G")


class Taken(NamedTuple):
    """Which cells changed hands.

    Attributes:
        cells: int (u,), the cells, in ascending order.
        children: int (u,), the child that took each.
    """

    cells: Int[np.ndarray, " u"]
    children: Int[np.ndarray, " u"]


class Elites(Generic[G]):
    """The champions.

    Attributes:
        confidence: float64 (k,), the champions' probabilities; 0 in an empty cell.
        updates: int (k,), how often each cell changed hands.
        champions: k genomes; None in an empty cell.
    """

    def __init__(self, k: int) -> None:
        """Make ``k`` empty cells; `InputError` for fewer than one."""
        if k < 1:
            raise InputError(f"An archive needs at least one class; got {k}.")
        self.confidence: Float[np.ndarray, " k"] = np.zeros(k)
        self.updates: Int[np.ndarray, " k"] = np.zeros(k, np.int64)
        self.champions: list[G | None] = [None] * k

    @property
    def filled(self) -> Int[np.ndarray, " f"]:
        """The cells that have a champion."""
        taken: Bool[np.ndarray, " k"] = self.updates > 0
        return np.flatnonzero(taken)

    def champion(self, cell: int) -> G:
        """The best of a class so far; `InputError` while there is none."""
        genome = self.champions[cell]
        if genome is None:
            raise InputError(f"Class {cell} has no champion yet; let more pictures be evaluated.")
        return genome

    def tell(self, children: Sequence[G], probabilities: Float[np.ndarray, "b k"]) -> Taken:
        """Compare children with all champions; a child takes every cell in which it is strictly better.

        Args:
            children: b genomes, of any kind.
            probabilities: (b, k), of every child for every class.

        Returns:
            The cells that changed hands, and the child that took each: the best, the first of equals.

        Raises:
            InputError: another number of children or classes, or probabilities that are not finite.
        """
        if probabilities.shape != (len(children), len(self.confidence)):
            raise InputError(
                f"{len(children)} children and {len(self.confidence)} classes need probabilities of that shape; got"
                f" {probabilities.shape}."
            )
        if not len(children):
            return Taken(np.zeros(0, np.int64), np.zeros(0, np.int64))
        value = probabilities.max(0)  # of a column that holds a NaN it is NaN
        if not np.isfinite(value).all():
            raise InputError("The network answers with probabilities that are not finite; take another model.")
        cells = np.flatnonzero(value > self.confidence)
        best = probabilities[:, cells].argmax(0)
        self.confidence[cells] = value[cells]
        self.updates[cells] += 1
        for cell, child in zip(cells.tolist(), best.tolist(), strict=True):
            self.champions[cell] = children[child]
        return Taken(cells, best)
