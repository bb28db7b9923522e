"""Pattern-producing networks: a genome worked out by hand, colours against the standard library, mutation for long."""

import colorsys
import math
from graphlib import TopologicalSorter

import numpy as np
import pytest
import torch

from explainers.kit import cppn
from explainers.kit.cppn_genome import FIRST, INPUTS, Genome
from explainers.kit.cppn_render import grid, render_on
from explainers.kit.hsv import to_rgb, to_rgb_on
from models.errors import InputError

SINE, SIGMOID, GAUSSIAN, LINEAR = range(4)


def by_hand(x: float, y: float, r: float) -> list[int]:
    """Hue sin(2 hidden), saturation sigmoid(x), brightness exp(-(0.5 r)^2); hidden = 0.5 y + 0.25, linear."""
    hidden = 0.5 * y + 0.25
    hue, saturation, brightness = math.sin(2 * hidden), 1 / (1 + math.exp(-x)), math.exp(-((0.5 * r) ** 2))
    colour = colorsys.hsv_to_rgb(min(1, abs(hue)), saturation, brightness)
    return [int(255 * part + 0.5) for part in colour]


def test_a_genome_draws_what_it_says() -> None:
    genome = Genome(
        np.array([SINE, SIGMOID, GAUSSIAN, LINEAR], np.int8),
        np.array([7, 0, 2, 1, 3], np.int16),
        np.array([4, 5, 6, 7, 7], np.int16),
        np.array([2, 1, 0.5, 0.5, 0.25], np.float32),
    )
    drawn = cppn.render([genome], 5)[0]
    inputs = grid(5, "unit").reshape(4, 5, 5)
    for row in range(5):
        for column in range(5):
            x, y, r, bias = inputs[:, row, column].tolist()
            assert (x, y, bias) == (column / 2 - 1, row / 2 - 1, 1)
            assert np.abs(drawn[row, column].astype(int) - by_hand(x, y, r)).max() <= 1
    assert inputs[2, 2, 2] == -1
    assert inputs[2, 0, 0] == pytest.approx(1)


def test_pixel_coordinates_count_pixels() -> None:
    x, y, r, _ = grid(4, "pixel").reshape(4, 4, 4)
    assert x[0].tolist() == [0, 1, 2, 3]
    assert y[:, 0].tolist() == [0, 1, 2, 3]
    assert r[0, 0] == pytest.approx(np.hypot(1.5, 1.5))


def test_colours_are_those_of_the_standard_library() -> None:
    hsv = np.random.default_rng(0).random((3, 500), np.float32)
    hsv[:, :6] = [[0, 1, 1 / 3, 2 / 3, 0.5, 0], [0, 1, 1, 1, 0, 1], [0, 1, 1, 1, 1, 1]]
    expected = [[int(255 * part + 0.5) for part in colorsys.hsv_to_rgb(*map(float, column))] for column in hsv.T]
    assert np.abs(to_rgb(hsv).astype(int) - expected).max() <= 1
    assert np.abs(to_rgb_on(torch.from_numpy(hsv)[None])[0].numpy().astype(int) - expected).max() <= 1


def test_long_mutation_keeps_a_network_without_circles() -> None:
    rng = np.random.default_rng(1)
    genome = cppn.random(rng)
    grown = 0
    for _ in range(800):
        genome = cppn.mutate(genome, rng)
        pairs = set(zip(genome.source.tolist(), genome.target.tolist(), strict=True))
        before: dict[int, set[int]] = {}
        for source, target in pairs:
            before.setdefault(target, set()).add(source)
        list(TopologicalSorter(before).static_order())  # raises on a circle
        assert len(pairs) == len(genome.weight)
        assert all(target >= INPUTS and (source < INPUTS or source >= FIRST) for source, target in pairs)
        assert all(end < genome.nodes for pair in pairs for end in pair)
        assert np.abs(genome.weight).max(initial=0) <= 10
        grown = max(grown, genome.nodes)
    assert FIRST + 5 < grown <= 64


def test_a_device_draws_the_same() -> None:
    rng = np.random.default_rng(2)
    genomes = [cppn.random(rng) for _ in range(6)]
    for _ in range(30):
        genomes = [cppn.mutate(genome, rng) for genome in genomes]
    batch = render_on(genomes, 32, "unit", torch.device("cpu")).numpy().reshape(6, 32, 32, 3)
    apart = np.abs(cppn.render(genomes, 32).astype(int) - batch)
    assert (apart > 1).mean() < 0.01  # the sine of a large sum turns on the last bit


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="at least one pixel"):
        cppn.render([], 0)
    with pytest.raises(InputError, match="between 0 and 1"):
        cppn.mutate(cppn.random(np.random.default_rng(0)), np.random.default_rng(0), cppn.Mutation(add_node=2.0))


@pytest.mark.parametrize("coords", ["unit", "pixel"])
def test_the_brightness_alone_is_the_greatest_channel(coords: str) -> None:
    rng = np.random.default_rng(3)
    genomes = [cppn.random(rng) for _ in range(12)]
    for _ in range(20):
        genomes = [cppn.mutate(genome, rng) for genome in genomes]
    whole = cppn.render(genomes, 28, coords=coords)
    assert np.array_equal(cppn.render_grey(genomes, 28, coords), whole.max(3))
    assert cppn.render_grey([], 28).shape == (0, 28, 28)
