"""Whether the cells of a map follow those of the picture: change one half of the picture, and see which cells move.

The picture is cut along its diagonal. Where a layer is a map, changing the upper right half moves the upper right cells
most, and changing the lower left half the lower left ones; a matrix of tokens by tokens shows no such thing.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from models.layers import Layer, grids

ORDERED = 0.15  # rank of a random matrix is 0, of a map before any mixing 1
FOLLOWED = 0.35  # of the last layers of trained networks 0.48 and more
JUDGED = 4  # cells a side, below which chance alone gives as much
CLEAR, SURE = 0.6, 0.9  # of cells that no block has mixed yet: many of them; few, of which chance alone orders some
DEVIATIONS = 2.4  # that a sequence's order must stand above chance
MOST_PREFIX = 16  # a class token, a distillation token, and registers


def pictures(size: tuple[int, int, int]) -> Float[Tensor, "3 colours y x"]:
    """A picture, and it with the half above and the half below its diagonal turned into its negative; in [0, 1]."""
    channels, rows, columns = size
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.random((1, channels, 8, 8), dtype=np.float32))
    smooth = torch.nn.functional.interpolate(coarse, size=(rows, columns), mode="bilinear", align_corners=False)[0]
    fine = torch.from_numpy(rng.random(size, dtype=np.float32))
    picture = 0.7 * smooth + 0.3 * fine
    above = _above((rows, columns))
    return torch.stack([picture, torch.where(above, 1 - picture, picture), torch.where(above, picture, 1 - picture)])


def _above(grid: tuple[int, int]) -> Tensor:
    rows, columns = ((torch.arange(side) + 0.5) / side for side in grid)
    return columns[None] > rows[:, None]


def order(layer: Layer, output: Float[Tensor, "3 ..."]) -> float:
    """Correlation between where the halves were changed and where cells moved; NaN where nothing moved.

    What all cells have in common is left out: global attention moves every cell by the mean of what it read.
    """
    maps = layer.as_map(output.detach().float())
    moved = maps[1:] - maps[:1]
    first, second = (moved - moved.mean((2, 3), keepdim=True)).square().sum(1)
    total = first + second
    if float(total.sum()) <= 1e-12 * float(maps.square().sum()):
        return float("nan")
    contrast = (first - second) / total.clamp(min=1e-30)
    sides = _above((layer.shape[1], layer.shape[2])).to(contrast) * 2 - 1
    rows, columns = ((torch.arange(side) + 0.5) / side for side in layer.shape[1:])
    off = (columns[None] - rows[:, None]).abs().to(contrast) > 0.5 / min(layer.shape[1:])
    if not bool(off.any()):
        return float("nan")
    return float(torch.nan_to_num((contrast[off] * sides[off]).mean() / contrast[off].square().mean().sqrt(), 0.0))


def mixed(layer: Layer, output: Float[Tensor, "3 ..."]) -> bool:
    """Whether so much is mixed in a map that its cells do not follow the picture's any more."""
    return min(layer.shape[1:]) >= JUDGED and order(layer, output) < FOLLOWED


class Sequence(NamedTuple):
    """What sequences of one length are: tokens before the patches, and the best order in which their cells lie."""

    prefix: int
    order: float
    clear: bool


def sequences(outputs: Mapping[str, Tensor], size: tuple[int, int]) -> dict[int, Sequence]:
    """What is known of sequences, by the number of their tokens.

    Measured at the layer where the cells follow the picture's best, before the blocks have mixed them. A sequence in
    which they nowhere clearly do is no map, whatever its length: hidden states, channels before cells, windows that
    were padded, patches in another order.

    Args:
        outputs: of layers for `pictures`, in the order they finish.
        size: rows and columns of the picture.
    """
    known: dict[int, Sequence] = {}
    for name, output in outputs.items():
        if output.ndim != 3 or len(output) != 3 or known.get(output.shape[1], Sequence(0, 0, False)).order >= SURE:
            continue
        tokens, channels = output.shape[1:]
        for h, w, extra in grids(tokens, size, range(min(MOST_PREFIX, (tokens - 1) // 2) + 1)):
            layer = Layer(name=name, shape=(channels, h, w), layout="tokens", prefix=extra)
            lies = float(np.nan_to_num(order(layer, output), nan=-1))
            if tokens not in known or lies > known[tokens].order:
                known[tokens] = Sequence(extra, lies, lies >= _needed(h, w))
    return known


def _needed(rows: int, columns: int) -> float:
    return float(np.clip(DEVIATIONS / (rows * columns - min(rows, columns)) ** 0.5, CLEAR, SURE))
