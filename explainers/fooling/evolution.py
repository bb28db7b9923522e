"""One generation after the other: children of champions, what the network says of them, and who takes which class."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Float, Int, UInt8

from explainers.fooling.encodings import Encoding
from explainers.fooling.settings import Settings
from explainers.kit.elites import Elites, Taken

G = TypeVar("G")
QUANTILES = (0, 25, 50, 75, 100)
Judge = Callable[[UInt8[np.ndarray, "b s s 3"]], Float[np.ndarray, "b k"]]


@dataclass(frozen=True, eq=False)
class Individual(Generic[G]):
    """A genome and where it came from.

    Attributes:
        genome: what is mutated.
        parent: whose child it is; None for the first, and where ancestors are not kept.
        cell: the class whose champion the parent was; -1 for the first.
    """

    genome: G
    parent: "Individual[G] | None" = None
    cell: int = -1


class Evolution(Generic[G]):
    """The archive and how it came about. Every generation has randomness of its own, so a pause changes nothing.

    Attributes:
        elites: the champions.
        switches: int (k,), how often a class was taken by a child of another class's champion.
        history: per generation, quantiles of confidence over the classes (`QUANTILES`).
    """

    def __init__(self, encoding: Encoding[G], k: int, seed: int, settings: Settings) -> None:
        """Begin with nothing."""
        self.encoding, self.seed, self.settings = encoding, seed, settings
        self.elites: Elites[Individual[G]] = Elites(k)
        self.switches: Int[np.ndarray, " k"] = np.zeros(k, np.int64)
        self.history: list[Float[np.ndarray, " 5"]] = []

    def step(self, judge: Judge) -> Taken:
        """One generation."""
        children = self.breed(np.random.default_rng([self.seed, len(self.history)]))
        pictures = self.encoding.render([child.genome for child in children])
        taken = self.elites.tell(children, judge(pictures))
        cells = np.array([child.cell for child in children])[taken.children]
        self.switches[taken.cells] += (cells >= 0) & (cells != taken.cells)
        self.history.append(np.percentile(self.elites.confidence, QUANTILES))
        return taken

    def breed(self, rng: np.random.Generator) -> list[Individual[G]]:
        """Children of champions drawn over the classes that have one, as the settings say."""
        filled, count = self.elites.filled, self.settings.children
        if not len(filled) or len(self.history) < self.settings.first:
            return [Individual(self.encoding.random(rng)) for _ in range(count)]
        chances = self.settings.chances(self.elites.confidence[filled])
        return [self._child(int(cell), rng) for cell in rng.choice(filled, count, p=chances)]

    def _child(self, cell: int, rng: np.random.Generator) -> Individual[G]:
        parent = self.elites.champion(cell)
        genome = self.encoding.mutate(parent.genome, rng, len(self.history))
        return Individual(genome, parent if self.encoding.lineage else None, cell)
