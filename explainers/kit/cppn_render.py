"""Draw what a pattern-producing network says, as a picture of 8 bits a channel.

On the CPU one genome at a time, all pixels at once, only the nodes that count for the picture; on another device a
batch of genomes node by node, each at its place in the order, so that nothing goes back and forth.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8
from scipy.special import expit
from torch import Tensor

from explainers.kit.cppn_genome import INPUTS, OUTPUTS, Genome
from explainers.kit.hsv import to_levels, to_rgb, to_rgb_on
from models.errors import InputError

COLOURS, BRIGHTNESS = range(INPUTS, INPUTS + OUTPUTS), range(INPUTS + OUTPUTS - 1, INPUTS + OUTPUTS)
BATCH = 64  # genomes drawn at once on a device that is no CPU


def render(
    genomes: Sequence[Genome], size: int, *, coords: Literal["unit", "pixel"] = "unit", device: str = "cpu"
) -> UInt8[np.ndarray, "b s s 3"]:
    """Draw genomes.

    Args:
        genomes: b of them.
        size: s, rows and columns of a picture.
        coords: "unit": x, y and r run from -1 to 1. "pixel": x and y count pixels and r their distance from the
            middle, as the published code did, which draws fine gratings.
        device: where to draw; the same picture up to a rounding step of 8 bits.

    Returns:
        uint8 (b, s, s, 3), RGB.

    Raises:
        InputError: a size below 1.
    """
    if size < 1:
        raise InputError(f"A picture needs at least one pixel; size is {size}.")
    if torch.device(device).type == "cpu":
        pictures = [to_rgb(_draw(genome, size, coords, COLOURS)) for genome in genomes]
        drawn = np.stack(pictures) if pictures else np.zeros((0, size * size, 3), np.uint8)
    else:
        parts = [genomes[at : at + BATCH] for at in range(0, len(genomes), BATCH)]
        drawn = np.concatenate([render_on(part, size, coords, torch.device(device)).cpu().numpy() for part in parts])
    return drawn.reshape(-1, size, size, 3)


def render_grey(genomes: Sequence[Genome], size: int, coords: str = "unit") -> UInt8[np.ndarray, "b s s"]:
    """Only the brightness of genomes, the greatest channel of what `render` draws; hue and saturation are left out."""
    levels = [to_levels(_draw(genome, size, coords, BRIGHTNESS)[0]) for genome in genomes]
    return (np.stack(levels) if levels else np.zeros((0, size * size), np.uint8)).reshape(-1, size, size)


@lru_cache(maxsize=8)
def grid(size: int, coords: str) -> Float[np.ndarray, "4 p"]:
    """What the inputs are at every pixel: x, y, r and a bias of 1."""
    places = np.arange(size, dtype=np.float32)
    middle = (size - 1) / 2
    unit = (places - middle) / max(middle, 0.5)
    across = places if coords == "pixel" else unit
    x, y = (part.ravel() for part in np.meshgrid(across, across))
    far = np.hypot(x - middle, y - middle)
    r = far if coords == "pixel" else np.hypot(x, y) * np.sqrt(2) - 1  # 0 in the middle, sqrt 2 in the corners
    return np.stack([x, y, r, np.ones_like(x)]).astype(np.float32)


def order(genome: Genome, outputs: range = COLOURS) -> dict[int, list[int]]:
    """The nodes that count for some outputs, inputs aside, each after all that it takes in; and its connections."""
    inward: dict[int, list[int]] = {}
    sources = genome.source.tolist()
    for edge, target in enumerate(genome.target.tolist()):
        inward.setdefault(target, []).append(edge)
    done: dict[int, list[int]] = {}
    waiting = list(reversed(outputs))
    while waiting:
        node = waiting[-1]
        edges = inward.get(node, [])
        before = [sources[edge] for edge in edges if sources[edge] >= INPUTS and sources[edge] not in done]
        if before and node not in done:
            waiting += before
        else:
            done[waiting.pop()] = edges
    return done


def _draw(genome: Genome, size: int, coords: str, outputs: range) -> Float[np.ndarray, "o p"]:
    """Values of some outputs at every pixel, from 0 to 1: their size, at most 1."""
    inputs = grid(size, coords)
    values = np.zeros((genome.nodes, inputs.shape[1]), np.float32)
    values[:INPUTS] = inputs
    for node, edges in order(genome, outputs).items():
        if edges:
            values[node] = genome.weight[edges] @ values[genome.source[edges]]
        _activate(values[node], int(genome.activation[node - INPUTS]))
    return np.minimum(np.abs(values[outputs.start : outputs.stop]), 1)


def _activate(values: Float[np.ndarray, " p"], kind: int) -> None:
    """Apply sine, sigmoid, Gaussian or nothing, in place."""
    if kind == 0:
        np.sin(values, out=values)
    elif kind == 1:
        expit(values, out=values)
    elif kind == 2:
        np.square(values, out=values)
        np.negative(values, out=values)
        np.exp(values, out=values)


def render_on(genomes: Sequence[Genome], size: int, coords: str, device: torch.device) -> UInt8[Tensor, "b p 3"]:
    """Draw a batch on a device and leave it there."""
    orders = [list(order(genome)) for genome in genomes]
    depth = max(map(len, orders))
    weights, kinds, outputs = _tables(genomes, orders, depth)
    inputs = torch.from_numpy(grid(size, coords)).to(device)
    values = torch.zeros(len(genomes), INPUTS + depth, inputs.shape[1], device=device)
    values[:, :INPUTS] = inputs
    w, kind = torch.from_numpy(weights).to(device), torch.from_numpy(kinds).to(device)
    for at in range(depth):
        total = torch.bmm(w[:, at : at + 1, : INPUTS + at], values[:, : INPUTS + at])[:, 0]
        values[:, INPUTS + at] = _activated(total, kind[:, at : at + 1])
    rows = torch.from_numpy(outputs).to(device)[:, :, None].expand(-1, -1, inputs.shape[1])
    return to_rgb_on(values.gather(1, rows).abs().clamp(max=1))


def _tables(
    genomes: Sequence[Genome], orders: list[list[int]], depth: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dense weights (b, depth, 4 + depth), activations (b, depth), and the rows that hold the three outputs."""
    weights = np.zeros((len(genomes), depth, INPUTS + depth), np.float32)
    kinds = np.full((len(genomes), depth), 3, np.int64)
    outputs = np.zeros((len(genomes), OUTPUTS), np.int64)
    for at, (genome, nodes) in enumerate(zip(genomes, orders, strict=True)):
        place = {**{node: node for node in range(INPUTS)}, **{node: INPUTS + i for i, node in enumerate(nodes)}}
        for source, target, weight in zip(
            genome.source.tolist(), genome.target.tolist(), genome.weight.tolist(), strict=True
        ):
            if target in place and source in place:
                weights[at, place[target] - INPUTS, place[source]] = weight
        kinds[at, : len(nodes)] = genome.activation[np.array(nodes) - INPUTS]
        outputs[at] = [place[node] for node in range(INPUTS, INPUTS + OUTPUTS)]
    return weights, kinds, outputs


def _activated(total: Float[Tensor, "b p"], kind: Tensor) -> Float[Tensor, "b p"]:
    """Each row by its own activation."""
    curved = torch.where(kind == 0, total.sin(), torch.where(kind == 1, total.sigmoid(), (-total * total).exp()))
    return torch.where(kind == 3, total, curved)
