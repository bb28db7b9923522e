"""Change what a layer gives, channel by channel, for the length of a block."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models import Layer


@contextmanager
def modify_output(network: nn.Module, layer: Layer, change: Callable[[Tensor], object]) -> Iterator[None]:
    """Inside the block the layer gives a copy of its output on which ``change`` worked, as a map (B, C, h, w)."""

    def hook(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        changed = output.clone(memory_format=torch.contiguous_format)
        change(layer.as_map(changed))  # a view of the copy
        return changed

    handle = network.get_submodule(layer.name).register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def ablate_channels(network: nn.Module, layer: Layer, kept: Float[Tensor, "b c"]) -> Iterator[None]:
    """Inside the block, channel c of the layer is multiplied by ``kept[b, c]`` at every place, picture by picture."""
    with modify_output(network, layer, lambda maps: maps.mul_(kept[:, :, None, None])):
        yield
