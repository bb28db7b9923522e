"""Compositional pattern-producing networks: small networks that draw a picture as a function of the place.

Stanley 2007, "Compositional pattern producing networks"; as in Nguyen et al. 2015 a genome maps column x, row y,
distance from the middle r and a bias to hue, saturation and brightness. It begins without hidden nodes, and mutation
adds and takes away nodes and connections, changes activations, and moves weights a little (NEAT-style: no speciation
and no crossover). Connections never form a circle.

What a genome is stands in `cppn_genome`, how it is drawn in `cppn_render`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from explainers.kit import polynomial
from explainers.kit.cppn_genome import ACTIVATIONS, FIRST, INPUTS, OUTPUTS, Genome
from explainers.kit.cppn_render import render as render
from explainers.kit.cppn_render import render_grey as render_grey
from models.errors import InputError

Coordinates = Literal["unit", "pixel"]


@dataclass(frozen=True)
class Mutation:
    """How a child differs from its parent; the defaults are those of the paper.

    Attributes:
        weights: chance that a weight moves. activations: chance that a node gets another activation.
        add_connection, drop_connection, add_node, drop_node: chances of each, once a child.
        spread: weights lie between minus and plus this.
        eta: of the polynomial mutation; larger is smaller steps.
        most: nodes, inputs and outputs among them, beyond which none is added.
    """

    weights: float = 0.1
    activations: float = 0.1
    add_connection: float = 0.5
    drop_connection: float = 0.3
    add_node: float = 0.5
    drop_node: float = 0.2
    spread: float = 10.0
    eta: float = polynomial.ETA
    most: int = 64


PAPER = Mutation()


def random(rng: np.random.Generator, how: Mutation = PAPER) -> Genome:
    """A first genome: every input joined to every output, weights uniform, activations by lot."""
    count = INPUTS * OUTPUTS
    return Genome(
        rng.integers(0, len(ACTIVATIONS), OUTPUTS).astype(np.int8),
        np.tile(np.arange(INPUTS, dtype=np.int16), OUTPUTS),
        np.repeat(np.arange(INPUTS, FIRST, dtype=np.int16), INPUTS),
        rng.uniform(-how.spread, how.spread, count).astype(np.float32),
    )


def mutate(genome: Genome, rng: np.random.Generator, how: Mutation = PAPER) -> Genome:
    """A child: structure first, then weights and activations.

    Raises:
        InputError: a chance outside 0 to 1.
    """
    if not all(0 <= chance <= 1 for chance in _chances(how)):
        raise InputError("Chances of mutation lie between 0 and 1.")
    draws = rng.random(4)
    if draws[0] < how.add_connection:
        genome = _add_connection(genome, rng, how)
    if draws[1] < how.drop_connection:
        genome = _drop_connection(genome, rng)
    if draws[2] < how.add_node and genome.nodes < how.most:
        genome = _add_node(genome, rng)
    if draws[3] < how.drop_node:
        genome = _drop_node(genome, rng)
    return _move(genome, rng, how)


def _chances(how: Mutation) -> tuple[float, ...]:
    return (how.weights, how.activations, how.add_connection, how.drop_connection, how.add_node, how.drop_node)


def _move(genome: Genome, rng: np.random.Generator, how: Mutation) -> Genome:
    """Move some weights by polynomial mutation; give some nodes another activation."""
    weight = genome.weight.copy()
    moved = np.flatnonzero(rng.random(len(weight)) < how.weights)
    weight[moved] += 2 * how.spread * polynomial.steps(len(moved), rng, eta=how.eta)
    np.clip(weight, -how.spread, how.spread, out=weight)
    activation = genome.activation.copy()
    other = np.flatnonzero(rng.random(len(activation)) < how.activations)
    activation[other] = rng.integers(0, len(ACTIVATIONS), len(other))
    return Genome(activation, genome.source, genome.target, weight)


def _add_connection(genome: Genome, rng: np.random.Generator, how: Mutation) -> Genome:
    """Join two nodes that are not joined, if the pair drawn makes no circle; outputs lead nowhere."""
    sources = [*range(INPUTS), *range(FIRST, genome.nodes)]
    source = sources[rng.integers(len(sources))]
    target = int(rng.integers(INPUTS, genome.nodes))
    weight = np.float32(rng.uniform(-how.spread, how.spread))
    joined = bool(((genome.source == source) & (genome.target == target)).any())
    if joined or source == target or _leads(genome, target, source):
        return genome
    return Genome(
        genome.activation,
        np.append(genome.source, np.int16(source)),
        np.append(genome.target, np.int16(target)),
        np.append(genome.weight, weight),
    )


def _leads(genome: Genome, start: int, end: int) -> bool:
    """Whether a path of connections leads from one node to another."""
    if start < FIRST or end < FIRST:  # outputs have no way on, inputs no way in
        return False
    onward: dict[int, list[int]] = {}
    for source, target in zip(genome.source.tolist(), genome.target.tolist(), strict=True):
        onward.setdefault(source, []).append(target)
    seen, waiting = {start}, [start]
    while waiting:
        for node in onward.get(waiting.pop(), []):
            if node == end:
                return True
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return False


def _drop_connection(genome: Genome, rng: np.random.Generator) -> Genome:
    if not len(genome.weight):
        return genome
    keep = np.ones(len(genome.weight), bool)
    keep[rng.integers(len(keep))] = False
    return Genome(genome.activation, genome.source[keep], genome.target[keep], genome.weight[keep])


def _add_node(genome: Genome, rng: np.random.Generator) -> Genome:
    """Put a node into a connection: weight 1 on the way in, the old weight on the way out."""
    if not len(genome.weight):
        return genome
    cut, node = int(rng.integers(len(genome.weight))), np.int16(genome.nodes)
    activation = np.int8(rng.integers(len(ACTIVATIONS)))
    target = genome.target.copy()
    end, target[cut] = target[cut], node
    weight = genome.weight.copy()
    old, weight[cut] = weight[cut], 1
    return Genome(
        np.append(genome.activation, activation),
        np.append(genome.source, node),
        np.append(target, end),
        np.append(weight, old),
    )


def _drop_node(genome: Genome, rng: np.random.Generator) -> Genome:
    """Take a hidden node away, and its connections."""
    if genome.nodes == FIRST:
        return genome
    node = int(rng.integers(FIRST, genome.nodes))
    keep = (genome.source != node) & (genome.target != node)
    source, target = genome.source[keep], genome.target[keep]
    return Genome(
        np.delete(genome.activation, node - INPUTS),
        np.where(source > node, source - 1, source).astype(np.int16),
        np.where(target > node, target - 1, target).astype(np.int16),
        genome.weight[keep],
    )
