"""Lend a network to code that may not give it back as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

TABLES = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_pre_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_modules",
)


@contextmanager
def restore_after(network: nn.Module) -> Iterator[None]:
    """Hooks, replaced modules, attributes, mode and gradients are put back when the block ends, however it ends.

    Inside the block no activation works in place, which hooks on activations need.
    """
    # TorchScript modules take no hooks, and their tables cannot be written.
    modules = [module for module in network.modules() if not isinstance(module, torch.jit.ScriptModule)]
    before = [(module, dict(module.__dict__), _tables(module)) for module in modules]
    gradients = [(parameter, parameter.grad, parameter.requires_grad) for parameter in network.parameters()]
    try:
        for module in modules:
            if getattr(module, "inplace", False) is True:
                setattr(module, "inplace", False)  # noqa: B010 - a module has no such attribute for types
        yield
    finally:
        for module, attributes, tables in before:
            _restore(module, attributes, tables)
        for parameter, gradient, required in gradients:
            parameter.grad = gradient
            parameter.requires_grad_(required)


def _tables(module: nn.Module) -> dict[str, dict[Any, Any]]:
    return {name: dict(getattr(module, name)) for name in TABLES if hasattr(module, name)}


def _restore(module: nn.Module, attributes: dict[str, Any], tables: dict[str, dict[Any, Any]]) -> None:
    module.__dict__.clear()
    module.__dict__.update(attributes)
    for name, table in tables.items():
        current = getattr(module, name)
        current.clear()
        current.update(table)
