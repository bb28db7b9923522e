"""Cut a network in two at a layer: ``body(x) -> activation`` and ``tail(activation) -> logits``.

No graph is traced, so any module can be cut: the body stops at the layer, and the tail runs the network with
everything that finished before the layer answered by free zeros of the right shape. Whether the layer really is
a cut, with no path around it, is checked by running both once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from models.errors import InputError
from models.layers import find_layers


class _ReachedError(Exception):
    """Carries the layer's output out of the forward pass."""

    def __init__(self, output: Tensor) -> None:
        super().__init__("reached")
        self.output = output


@contextmanager
def _answering(answers: dict[nn.Module, Callable[..., Any]]) -> Iterator[None]:
    """Let each module answer through its function instead of its own forward, until the block ends."""
    try:
        for module, answer in answers.items():
            module.forward = answer
        yield
    finally:
        for module in answers:
            module.__dict__.pop("forward", None)


class Body:
    """The first part of the network: (B, 3, H, W) -> the layer's own output, stopping there."""

    def __init__(self, network: nn.Module, layer: nn.Module) -> None:
        self._network, self._layer = network, layer

    def __call__(self, x: Tensor) -> Tensor:
        """Run up to the layer; (B, 3, H, W) -> its output."""

        def stop(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            raise _ReachedError(output)

        hook = self._layer.register_forward_hook(stop)
        try:
            self._network(x)
        except _ReachedError as reached:
            return reached.output
        finally:
            hook.remove()
        raise InputError("The network ended without running this layer; choose another layer.")


class Tail:
    """The rest of the network: the layer's output, any batch size -> logits (B, K). Differentiable."""

    def __init__(self, network: nn.Module, layer: nn.Module, probe: Tensor) -> None:
        self._network, self._layer, self._probe = network, layer, probe
        self._shapes = _finished_before(network, layer, probe)

    def __call__(self, activation: Tensor) -> Tensor:
        """Run from the layer on; its output -> logits (B, K)."""
        batch = activation.shape[0]
        answers = {module: _zeros(shape, batch) for module, shape in self._shapes.items()}
        with _answering({**answers, self._layer: lambda *_a, **_k: activation}):
            logits: Tensor = self._network(self._probe.expand(batch, -1, -1, -1))
        return logits


def split(network: nn.Module, name: str, probe: Tensor, known: Sequence[str] = ()) -> tuple[Body, Tail]:
    """Cut ``network`` at layer ``name``.

    Args:
        network: in eval mode.
        name: of the layer.
        probe: a varied input (1, 3, H, W) on its device.
        known: layers of which one is named where this one is no cut, in the order they finish; all by default.

    Raises:
        InputError: a path leads around the layer, so that its output alone does not fix the answer.
    """
    layer = network.get_submodule(name)
    body, tail = Body(network, layer), Tail(network, layer, probe)
    if not _is_whole(network, body, tail, probe):
        instead = _instead(network, name, probe, known)
        raise InputError(f"Layer '{name}' lies inside a block whose shortcut leads around it; {instead}.")
    return body, tail


def _is_whole(network: nn.Module, body: Body, tail: Tail, probe: Tensor) -> bool:
    """Whether the layer's output alone fixes the answer, as one run of both parts shows."""
    with torch.inference_mode():
        whole, activation = network(probe), body(probe)
        try:
            return _same(whole, tail(activation))
        except (RuntimeError, IndexError):  # what meets behind the layer are parts of two pictures, of other shapes
            return False


def _same(whole: Tensor, again: Tensor) -> bool:
    return torch.allclose(whole, again, rtol=1e-3, atol=1e-4 * float(whole.abs().max() + 1))


def _instead(network: nn.Module, name: str, probe: Tensor, among: Sequence[str]) -> str:
    """What to choose instead of a layer: the smallest block about it, else the last layer, that can be cut; tried."""
    parts = name.split(".")
    blocks = [".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
    known = among or [layer.name for layer in find_layers(network, probe)]
    for other in [*(block for block in blocks if block in known), *reversed(known)]:
        layer = network.get_submodule(other)
        if other == name:
            continue
        if _is_whole(network, Body(network, layer), Tail(network, layer, probe), probe):
            return f"choose the block itself ('{other}')" if other in blocks else f"choose '{other}'"
    return "no other layer of this network can be cut, so choose a method of pixels, such as saliency"


def _zeros(shape: Any, batch: int) -> Callable[..., Any]:
    """Answers of the recorded shapes that take no memory: one zero, seen everywhere."""

    def answer(*_args: object, **_kwargs: object) -> Any:
        return tree_map(lambda t: t.new_zeros(()).expand(batch, *t.shape[1:]) if isinstance(t, Tensor) else t, shape)

    return answer


def _finished_before(network: nn.Module, layer: nn.Module, probe: Tensor) -> dict[nn.Module, Any]:
    """The outermost modules that ended for good before ``layer`` began, with empty outputs that keep their shapes."""
    before: dict[nn.Module, Any] = {}
    after: set[nn.Module] = set()

    def begin(_module: nn.Module, _inputs: object) -> None:
        after.add(layer)

    def end(module: nn.Module, _inputs: object, output: Any) -> None:
        if after:
            after.add(module)
        else:
            before[module] = tree_map(lambda t: t.new_empty((0, *t.shape[1:])) if isinstance(t, Tensor) else t, output)

    handles = [m.register_forward_hook(end) for m in network.modules() if m not in (network, layer)]
    handles.append(layer.register_forward_pre_hook(begin))
    try:
        with torch.no_grad():
            network(probe)
    finally:
        for handle in handles:
            handle.remove()
    ended = {module: out for module, out in before.items() if module not in after}
    inner = {child for module in ended for child in module.modules() if child is not module}
    return {module: out for module, out in ended.items() if module not in inner}
