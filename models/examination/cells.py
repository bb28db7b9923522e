"""Whether the cells of a map follow those of the picture: change one half of the picture, and see which cells move.

The picture is cut along its diagonal. Where a layer is a map, changing the upper right half moves the upper right cells
most, and changing the lower left half the lower left ones; a matrix of tokens by tokens shows no such thing.
"""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from models.layers import Layer, grids

ORDERED = 0.15  # rank of a random matrix is 0, of a map before any mixing 1
FOLLOWED = 0.25  # of the last layers of trained networks 0.5 and more
JUDGED = 4  # cells a side, below which chance alone gives as much
CLEAR = 0.5  # of tokens that no block has mixed yet
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


def prefixes(outputs: Mapping[str, Tensor], size: tuple[int, int]) -> dict[int, int]:
    """Tokens before the patches, by the number of all tokens: those without which the cells best follow the picture's.

    Measured where a sequence of that length is first seen, before the blocks have mixed it; where it is mixed already,
    there are as few as there can be.

    Args:
        outputs: of layers for `pictures`, in the order they finish.
        size: rows and columns of the picture.
    """
    measured: dict[int, int] = {}
    for name, output in outputs.items():
        if output.ndim != 3 or len(output) != 3 or output.shape[1] in measured:
            continue
        tokens, channels = output.shape[1:]
        fits = [
            Layer(name=name, shape=(channels, h, w), layout="tokens", prefix=extra)
            for h, w, extra in grids(tokens, size, range(MOST_PREFIX + 1))
        ]
        if fits:
            orders = [float(np.nan_to_num(order(layer, output), nan=-1)) for layer in fits]
            measured[tokens] = fits[int(np.argmax(orders)) if max(orders) >= CLEAR else 0].prefix
    return measured
