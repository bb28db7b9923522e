"""Lend a network to code that may not give it back as it was."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

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


class _Ruled(torch.autograd.Function):
    """A rectifier that lets only positive gradients back: guided backpropagation, or deconvolution without the mask."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, top: float, masked: bool) -> Tensor:
        ctx.mask = (x > 0) & (x < top) if masked else None
        return x.clamp(0, top)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        positive = gradients[0].clamp(min=0)
        return positive if ctx.mask is None else positive * ctx.mask, None, None


@contextmanager
def guided_relu(network: nn.Module, *, masked: bool) -> Iterator[int]:
    """Every ReLU and ReLU6 passes only positive gradients back; gives how many there are.

    Args:
        network: left as found.
        masked: True for guided backpropagation, where the unit must have fired too; False for deconvolution.
    """
    rectifiers = [module for module in network.modules() if isinstance(module, nn.ReLU | nn.ReLU6)]
    forwards = [module.__dict__.get("forward") for module in rectifiers]
    try:
        for module in rectifiers:
            module.__dict__["forward"] = _rule(6.0 if isinstance(module, nn.ReLU6) else float("inf"), masked)
        yield len(rectifiers)
    finally:
        for module, forward in zip(rectifiers, forwards, strict=True):
            module.__dict__.pop("forward", None)
            if forward is not None:
                module.__dict__["forward"] = forward


def _rule(top: float, masked: bool) -> Callable[[Tensor], Tensor]:
    def rule(x: Tensor) -> Tensor:
        out: Tensor = _Ruled.apply(x, top, masked)
        return out

    return rule
