"""How a picture is written down so that it can be mutated: pixel by pixel, or as a network that draws it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from explainers.fooling.settings import Moves
from explainers.kit import cppn, polynomial
from explainers.kit.cppn import Coordinates, Mutation
from explainers.kit.cppn_genome import Genome
from explainers.kit.hsv import to_rgb

G = TypeVar("G")
LEVELS = 255


@runtime_checkable
class Encoding(Protocol[G]):
    """What evolution needs of a way to write pictures down.

    Attributes:
        lineage: whether genomes are small enough to keep every ancestor of a champion.
    """

    lineage: bool

    def random(self, rng: np.random.Generator) -> G:
        """A first genome."""
        ...

    def mutate(self, genome: G, rng: np.random.Generator, generation: int) -> G:
        """A child."""
        ...

    def render(self, genomes: Sequence[G]) -> UInt8[np.ndarray, "b s s 3"]:
        """The pictures, 8 bits a channel."""
        ...

    def thumbnails(self, genomes: Sequence[G], side: int) -> UInt8[np.ndarray, "b t t 3"]:
        """The pictures small, about ``side`` pixels a side."""
        ...

    def pack(self, genomes: Sequence[G]) -> dict[str, np.ndarray]:
        """Genomes as arrays."""
        ...

    def unpack(self, arrays: Mapping[str, np.ndarray]) -> list[G]:
        """What `pack` packed."""
        ...


@dataclass(frozen=True)
class Direct:
    """Every pixel's hue, saturation and brightness, or its grey, 8 bits each.

    Some of the values move in a child, by polynomial mutation; positions are drawn with repetition, since a value that
    is drawn twice is rare.

    Attributes:
        size: rows and columns. grey: one value a pixel. moves: how many values, and how far.
    """

    size: int
    grey: bool
    moves: Moves
    lineage = False

    @property
    def shape(self) -> tuple[int, int]:
        """Values of a genome: one or three, times the pixels."""
        return (1 if self.grey else 3, self.size**2)

    def random(self, rng: np.random.Generator) -> UInt8[np.ndarray, "c p"]:
        """Uniform noise."""
        return rng.integers(0, LEVELS + 1, self.shape, np.uint8)

    def mutate(
        self, genome: UInt8[np.ndarray, "c p"], rng: np.random.Generator, generation: int
    ) -> UInt8[np.ndarray, "c p"]:
        """Move some values."""
        at = rng.integers(0, genome.size, max(1, round(self.moves.at(generation) * genome.size)))
        child = genome.copy().ravel()
        moved = child[at] + LEVELS * polynomial.steps(len(at), rng, eta=self.moves.eta)
        child[at] = np.clip(np.round(moved), 0, LEVELS).astype(np.uint8)
        return child.reshape(genome.shape)

    def render(self, genomes: Sequence[UInt8[np.ndarray, "c p"]]) -> UInt8[np.ndarray, "b s s 3"]:
        """As they are; hue, saturation and brightness to colours in closed form."""
        stack = np.stack(genomes) if len(genomes) else np.zeros((0, *self.shape), np.uint8)
        if self.grey:
            return np.repeat(stack.reshape(-1, self.size, self.size, 1), 3, axis=3)
        values = stack.transpose(1, 0, 2).reshape(3, -1).astype(np.float32) / LEVELS
        return to_rgb(values).reshape(-1, self.size, self.size, 3)

    def thumbnails(self, genomes: Sequence[UInt8[np.ndarray, "c p"]], side: int) -> UInt8[np.ndarray, "b t t 3"]:
        """Every nth pixel."""
        return _thinned(self.render(genomes), side)

    def pack(self, genomes: Sequence[UInt8[np.ndarray, "c p"]]) -> dict[str, np.ndarray]:
        """One array."""
        return {"values": np.stack(genomes) if len(genomes) else np.zeros((0, *self.shape), np.uint8)}

    def unpack(self, arrays: Mapping[str, np.ndarray]) -> list[UInt8[np.ndarray, "c p"]]:
        """One genome a row."""
        return list(arrays["values"])


@dataclass(frozen=True)
class Pattern:
    """A pattern-producing network; see `kit.cppn`.

    Attributes:
        size: rows and columns. grey: what it draws in colour is drawn in its brightness alone.
        coords: what its inputs count. how: chances of mutation.
    """

    size: int
    grey: bool
    coords: Coordinates
    how: Mutation
    lineage = True

    def random(self, rng: np.random.Generator) -> Genome:
        """No hidden node."""
        return cppn.random(rng, self.how)

    def mutate(self, genome: Genome, rng: np.random.Generator, _generation: int) -> Genome:
        """Structure, weights, activations."""
        return cppn.mutate(genome, rng, self.how)

    def render(self, genomes: Sequence[Genome]) -> UInt8[np.ndarray, "b s s 3"]:
        """All pixels of a genome at once."""
        if self.grey:
            return np.repeat(cppn.render_grey(genomes, self.size, self.coords)[..., None], 3, axis=3)
        return cppn.render(genomes, self.size, coords=self.coords)

    def thumbnails(self, genomes: Sequence[Genome], side: int) -> UInt8[np.ndarray, "b t t 3"]:
        """Drawn small; where pixels are counted, drawn whole and thinned."""
        if self.coords == "unit":
            return replace(self, size=min(side, self.size)).render(genomes)
        return _thinned(self.render(genomes), side)

    def pack(self, genomes: Sequence[Genome]) -> dict[str, np.ndarray]:
        """Nodes and connections of all, one after the other, with how many each has."""
        nodes = np.array([len(genome.activation) for genome in genomes], np.int64)
        edges = np.array([len(genome.weight) for genome in genomes], np.int64)
        fields = {name: [getattr(genome, name) for genome in genomes] for name in TYPES}
        joined = {name: np.concatenate(parts) if parts else np.zeros(0, TYPES[name]) for name, parts in fields.items()}
        return {"nodes": nodes, "edges": edges, **joined}

    def unpack(self, arrays: Mapping[str, np.ndarray]) -> list[Genome]:
        """Cut where one genome ends."""
        nodes, edges = (np.cumsum(arrays[name])[:-1] for name in ("nodes", "edges"))
        if not len(arrays["nodes"]):
            return []
        parts = (np.split(arrays[name], nodes if name == "activation" else edges) for name in TYPES)
        return [Genome(*fields) for fields in zip(*parts, strict=True)]


def _thinned(pictures: UInt8[np.ndarray, "b s s 3"], side: int) -> UInt8[np.ndarray, "b t t 3"]:
    step = max(1, -(-pictures.shape[1] // side))
    return pictures[:, ::step, ::step]


TYPES = {"activation": np.int8, "source": np.int16, "target": np.int16, "weight": np.float32}
