"""Networks and their optimisers as plain tensors under their names, and back: what a checkpoint of a training holds."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer


def packed(nets: Mapping[str, nn.Module], optimisers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
    """Everything that a later call needs to go on."""
    state = {f"net.{name}.{key}": value for name, net in nets.items() for key, value in net.state_dict().items()}
    for name, optimiser in optimisers.items():
        for index, entry in optimiser.state_dict()["state"].items():
            state |= {f"adam.{name}.{index}.{key}": value for key, value in entry.items()}
    return state


def unpack(tensors: Mapping[str, Tensor], nets: Mapping[str, nn.Module], optimisers: Mapping[str, Optimizer]) -> None:
    """Put back what `packed` gave."""
    for name, net in nets.items():
        net.load_state_dict(_below(tensors, f"net.{name}."))
        state: dict[int, dict[str, Any]] = {}
        for key, value in _below(tensors, f"adam.{name}.").items():
            index, field = key.split(".")
            state.setdefault(int(index), {})[field] = value
        optimisers[name].load_state_dict({**optimisers[name].state_dict(), "state": state})


def _below(tensors: Mapping[str, Tensor], mark: str) -> dict[str, Tensor]:
    return {key.removeprefix(mark): value for key, value in tensors.items() if key.startswith(mark)}
