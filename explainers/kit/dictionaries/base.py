"""What was learnt: atoms, and how activations are read in them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float

from explainers.kit import nnls
from models.errors import InputError

Pulse = Callable[[], None]  # called between rounds; raises to stop
Rule = Literal["nonnegative", "linear", "nearest", "topk"]
NOTHING = np.zeros(0)


def silent() -> None:
    """A no-op callback."""


@dataclass(frozen=True)
class Dictionary:
    """A dictionary of concepts. Arrays and plain values only, so that it can be kept and sent.

    Attributes:
        method: key of `METHODS` that made it.
        atoms: (k, c); unit rows, save for k-means, whose atoms are the centroids.
        rule: how codes are found, see `encode`.
        mean: (c,), taken away before encoding and put back by `decode`; empty where there is none.
        filters: (k, c) encoder of the rules "linear" and "topk".
        offset: (k,) added to the filters' answers under "topk".
        penalty: weight of the l1 norm under "nonnegative".
        active: how many codes are kept under "topk".
        converged: whether the learning settled before its limit of iterations.
    """

    method: str
    atoms: np.ndarray
    rule: Rule = "nonnegative"
    mean: np.ndarray = field(default_factory=NOTHING.copy)
    filters: np.ndarray = field(default_factory=NOTHING.copy)
    offset: np.ndarray = field(default_factory=NOTHING.copy)
    penalty: float = 0.0
    active: int = 0
    converged: bool = True

    @property
    def k(self) -> int:
        """Number of concepts."""
        return len(self.atoms)

    def encode(self, a: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n k"]:
        """Codes of activations; the same for the same input on every run.

        Raises:
            InputError: the number of channels is not that of the atoms.
        """
        if a.ndim != 2 or a.shape[1] != self.atoms.shape[1]:
            raise InputError(
                f"These concepts were learnt on {self.atoms.shape[1]} channels and the activations have the shape "
                f"{a.shape}: use the same model and layer."
            )
        x = a - self.mean if self.mean.size else a
        if self.rule == "nonnegative":
            return nnls.encode(x, self.atoms, penalty=self.penalty)
        if self.rule == "nearest":
            return _nearest(x, self.atoms)
        if self.rule == "topk":
            return keep_largest((x @ self.filters.T + self.offset).clip(0), self.active)
        return np.asarray(x @ self.filters.T)

    def decode(self, codes: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n c"]:
        """Activations that the codes stand for: `codes @ atoms`, and the mean where there is one."""
        a = codes @ self.atoms
        return np.asarray(a + self.mean if self.mean.size else a)


def checked(concept: int, count: int) -> int:
    """The number of a concept, of a bank of so many.

    Raises:
        InputError: the bank has no such concept.
    """
    if concept >= count:
        raise InputError(f"The bank has {count} concepts: choose one from 0 to {count - 1}.")
    return concept


def keep_largest(codes: Float[np.ndarray, "n k"], active: int) -> Float[np.ndarray, "n k"]:
    """Zero all but the `active` largest codes of each row; of equals the first are kept."""
    kept = np.zeros_like(codes)
    rank = np.argsort(-codes, axis=1, kind="stable")[:, :active]
    np.put_along_axis(kept, rank, np.take_along_axis(codes, rank, axis=1), axis=1)
    return kept


def unit(rows: Float[np.ndarray, "k c"]) -> Float[np.ndarray, "k c"]:
    """Rows of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1))


def _nearest(a: Float[np.ndarray, "n c"], atoms: Float[np.ndarray, "k c"]) -> Float[np.ndarray, "n k"]:
    """One-hot codes of the nearest atom."""
    closeness = a @ atoms.T - (atoms**2).sum(1) / 2
    return np.asarray(np.eye(len(atoms), dtype=a.dtype)[closeness.argmax(1)])
