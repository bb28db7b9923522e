"""Whether a network holds a patch in its place at a layer: told by exchanging parts of the map, without a gradient."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

import models
from models.layers import Layer
from tests.survey.families import PLACES


def held(handle: models.ModelHandle, layer: Layer, shown: np.ndarray) -> int:
    """How many patches stand in their own quarter of the layer's map.

    In the map of one patch a quarter is exchanged for the mean of that quarter in the maps of the other patches of the
    same picture. A patch stands where that moves the answer most; where nothing lies in a place, one of four does.

    Args:
        handle: of a network that answers to patches.
        layer: of it.
        shown: pictures (n, y, x, 3) with a patch in each of `PLACES`, one after the other.
    """
    x = handle.normalise(shown)
    return sum(_held(handle, layer, four) for four in x.split(len(PLACES)))


def _held(handle: models.ModelHandle, layer: Layer, four: Tensor) -> int:
    kept: list[Tensor] = []
    logits = _answer(handle, layer, four, lambda output: kept.append(output.clone()))
    moved = torch.zeros(len(PLACES), len(PLACES))
    for place in PLACES:
        others = layer.as_map(kept[0])[[other for other in PLACES if other != place]].mean(0)
        for quarter in PLACES:
            mended = kept[0][place : place + 1].clone()
            rows, columns = (_part(side, end) for side, end in zip(layer.shape[1:], divmod(quarter, 2), strict=True))
            layer.as_map(mended)[0, :, rows, columns] = others[:, rows, columns]
            again = _answer(handle, layer, four[place : place + 1], lambda _output, put=mended: put)
            moved[place, quarter] = (again[0] - logits[place]).abs()
    return sum(bool(moved[place].argmax() == place and moved[place].max() > 0) for place in PLACES)


def _part(side: int, end: int) -> slice:
    return slice(side - side // 2, side) if end else slice(0, side // 2)


def _answer(handle: models.ModelHandle, layer: Layer, x: Tensor, change: Callable[[Tensor], Tensor | None]) -> Tensor:
    hook = handle.network.get_submodule(layer.name).register_forward_hook(lambda _module, _inputs, out: change(out))
    try:
        with torch.inference_mode():
            return handle.network(x)[:, 1]
    finally:
        hook.remove()
