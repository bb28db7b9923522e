"""How a search goes: as the paper's, or with settings that reach more within the same evaluations.

Tuned against the paper's on the Fashion-MNIST LeNet (direct) and EfficientNet-Lite0 (CPPN); what it is worth stands in
docs/fooling.md. Generations are smaller, so that a child's parent is seldom out of date. With few classes and pictures
that improve step by step (direct) the classes that lag behind have most of the children; with many classes and pictures
that jump (CPPN) those have them that get anywhere.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from explainers.kit import polynomial
from explainers.kit.cppn import PAPER as MUTATION
from explainers.kit.cppn import Mutation

Search = Literal["tuned", "paper"]
Way = Literal["cppn", "direct"]
Parents = Literal["uniform", "lagging", "confident"]
SETTLED, FLOOR = 0.99, 0.05  # confidence from which a class is settled; weight of a class without any
SURE = 0.5  # confidence from which the network is fooled
LAGGING = 1 / 6  # how often the champion of a settled class is a parent, for every once that another is


@dataclass(frozen=True, kw_only=True)
class Moves:
    """How a child of the direct encoding differs from its parent; the defaults are those of the paper.

    Attributes:
        rate: share of the values that move.
        halved: generations after which the rate is halved, again and again; 0 for never.
        eta: of the polynomial mutation; larger is smaller steps.
    """

    rate: float = 0.1
    halved: int = 1000
    eta: float = polynomial.ETA

    def at(self, generation: int) -> float:
        """The rate in a generation."""
        return self.rate * 0.5 ** (generation // self.halved) if self.halved else self.rate


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of a search.

    Attributes:
        children: a generation.
        first: generations that are drawn at random, before the first child.
        parents: of which classes champions are chosen: of all alike; mostly of those that are not settled; or the more
            often, the more confident they are.
        moves: of the direct encoding. mutation: of the networks that draw.
    """

    children: int
    first: int = 1
    parents: Parents = "uniform"
    moves: Moves = Moves()
    mutation: Mutation = MUTATION

    def chances(self, confidence: Float[np.ndarray, " f"]) -> Float[np.ndarray, " f"] | None:
        """The chance of each class to give the parent of a child; they sum to 1; None where all are alike."""
        if self.parents == "uniform":
            return None
        weight = np.where(confidence < SETTLED, 1.0, LAGGING) if self.parents == "lagging" else FLOOR + confidence
        return weight / weight.sum()


SETTINGS: dict[Search, dict[Way, Settings]] = {
    "paper": {"cppn": Settings(children=400), "direct": Settings(children=200)},
    "tuned": {
        "cppn": Settings(children=100, first=4, parents="confident", mutation=replace(MUTATION, spread=100.0)),
        "direct": Settings(children=50, parents="lagging", moves=Moves(rate=0.02, halved=0, eta=3.0)),
    },
}
