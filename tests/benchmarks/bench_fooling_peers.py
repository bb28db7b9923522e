"""The archive beside pyribs', and drawing beside neat-python's: ``python -m tests.benchmarks.bench_fooling_peers``.

Both do the same work: all children against all classes, with the index of a child for a genome; and one picture of 128
pixels a side by a grown network, every pixel through neat-python's own feed-forward network. The answers are compared
first.
"""

import math

import numpy as np
from neat.nn import FeedForwardNetwork
from ribs.archives import GridArchive

from explainers.kit import cppn
from explainers.kit.cppn_genome import INPUTS, OUTPUTS, Genome
from explainers.kit.cppn_render import grid, order, render
from explainers.kit.elites import Elites
from explainers.kit.hsv import to_rgb
from tests.benchmarks.measure import interleaved

GENERATIONS, CHILDREN, CLASSES = 60, 100, 1000
SIZE, NODES = 128, 12
ACTIVATIONS = (math.sin, lambda x: 1 / (1 + math.exp(-x)), lambda x: math.exp(-x * x), lambda x: x)


def archive() -> tuple[str, dict[str, float]]:
    """Seconds of the comparison with the champions of all classes, from an empty archive on."""
    tables = np.random.default_rng(0).dirichlet(np.full(CLASSES, 0.05), (GENERATIONS, CHILDREN))
    cells = np.tile(np.arange(CLASSES), CHILDREN)[:, None] + 0.5
    who = np.repeat(np.arange(CHILDREN), CLASSES)[:, None]

    def ours() -> Elites[int]:
        elites: Elites[int] = Elites(CLASSES)
        for table in tables:
            elites.tell(range(CHILDREN), table)
        return elites

    def theirs() -> GridArchive:
        grid = GridArchive(solution_dim=1, dims=[CLASSES], ranges=[(0, CLASSES)])
        for table in tables:
            grid.add(who, table.ravel(), cells)
        return grid

    kept, elites = theirs().data(["index", "objective", "solution"]), ours()
    assert np.allclose(elites.confidence[kept["index"]], kept["objective"])
    assert [elites.champion(at) for at in kept["index"]] == kept["solution"][:, 0].tolist()
    title = f"{GENERATIONS} generations of {CHILDREN} children against {CLASSES} classes"
    return title, interleaved({"ours": ours, "pyribs": theirs})


def drawing() -> tuple[str, dict[str, float]]:
    """Seconds of a picture."""
    rng = np.random.default_rng(1)
    genome = cppn.random(rng)
    while len(order(genome)) < NODES:
        genome = cppn.mutate(genome, rng)
    network = peer(genome)
    apart = np.abs(render([genome], SIZE)[0].astype(int) - by_peer(network)) > 1
    assert apart.mean() < 0.01  # the sine of a large sum turns on the last bit
    calls = {"ours": lambda: render([genome], SIZE), "neat-python": lambda: by_peer(network)}
    return f"a picture of {SIZE} pixels by {len(order(genome))} nodes", interleaved(calls, rounds=5)


def peer(genome: Genome) -> FeedForwardNetwork:
    """The same network as neat-python holds it."""
    nodes = []
    for node in order(genome):
        into = np.flatnonzero(genome.target == node)
        links = list(zip(genome.source[into].tolist(), genome.weight[into].tolist(), strict=True))
        nodes.append((node, ACTIVATIONS[genome.activation[node - INPUTS]], sum, 0.0, 1.0, links))
    return FeedForwardNetwork(list(range(INPUTS)), list(range(INPUTS, INPUTS + OUTPUTS)), nodes)


def by_peer(network: FeedForwardNetwork) -> np.ndarray:
    """A picture, pixel by pixel; colours in one go, as ours."""
    values = np.array([network.activate(place) for place in grid(SIZE, "unit").T.tolist()], np.float32)
    return to_rgb(np.minimum(np.abs(values.T), 1)).reshape(SIZE, SIZE, 3)


def main() -> None:
    """A line each."""
    for title, seconds in (archive(), drawing()):
        ours, (name, theirs) = seconds.pop("ours"), *seconds.items()
        print(f"{title}: {1000 * ours:.2f} ms, {name} {1000 * theirs:.1f} ms, {theirs / ours:.0f} times as long")


if __name__ == "__main__":
    main()
