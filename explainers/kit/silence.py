"""Turn channels of a layer down for the length of a block."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models import Layer


@contextmanager
def silenced(network: nn.Module, layer: Layer, kept: Float[Tensor, "b c"]) -> Iterator[None]:
    """Inside the block, channel c of the layer is multiplied by ``kept[b, c]`` at every place, picture by picture."""

    def hook(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        changed = output.clone(memory_format=torch.contiguous_format)
        layer.as_map(changed).mul_(kept[:, :, None, None])  # a view of the copy
        return changed

    handle = network.get_submodule(layer.name).register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()
