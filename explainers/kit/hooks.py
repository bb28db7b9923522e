"""Look inside a network for the length of one call, and leave it as it was found."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models import Layer
from models.errors import UnfitError


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Parameters ask for no gradient inside the block, so nothing is recorded before the first leaf of ours."""
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    try:
        for parameter in trainable:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


@dataclass(frozen=True)
class Site:
    """A place between modules.

    Attributes:
        name: of a module; empty for the network's own answer.
        input: whether what the module is given counts, rather than what it gives.
    """

    name: str = ""
    input: bool = False


@dataclass
class Recorded:
    """What passed by during a forward pass.

    Attributes:
        name: of the module.
        output: what it gave, or was given; None until the network has run it.
    """

    name: str
    output: Tensor | None = None

    def taken(self) -> Tensor:
        """The output.

        Raises:
            UnfitError: the network does not run that layer.
        """
        if self.output is None:
            raise UnfitError(f"The network does not run layer '{self.name}'; choose another layer.")
        return self.output


@contextmanager
def grad_leaf(network: nn.Module, name: str) -> Iterator[Recorded]:
    """Start recording at layer ``name``: its output becomes a leaf, everything before it stays unrecorded.

    The network goes on with a copy, so that a later in-place operation changes neither leaf nor record. Parameters are
    left as they are: freezing them would take a fortieth of a small network's forward, and gradients are asked for the
    leaf alone.
    """
    seen = Recorded(name)

    def hook(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        torch.set_grad_enabled(True)  # until the block ends
        seen.output = output.detach().requires_grad_()
        return seen.output.clone()

    handle = network.get_submodule(name).register_forward_hook(hook)
    try:
        with torch.no_grad():
            yield seen
    finally:
        handle.remove()


@contextmanager
def record_output(network: nn.Module, at: Site | str) -> Iterator[Recorded]:
    """Keep what passes by a site, or what the module of that name gives; nothing is recorded for an empty name."""
    site = at if isinstance(at, Site) else Site(at)
    seen = Recorded(site.name)

    def hook(_module: nn.Module, inputs: tuple[Any, ...], output: Tensor | None = None) -> None:
        passed = inputs[0] if output is None else output
        seen.output = passed.clone()  # a later in-place operation must not change what was seen

    module = network.get_submodule(site.name) if site.name else None
    begin = None if module is None else module.register_forward_pre_hook if site.input else module.register_forward_hook
    handles = [] if begin is None else [begin(hook)]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def layer_activations(
    network: nn.Module, layer: Layer, x: Float[Tensor, "b colours y x"]
) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b *k"]]:
    """One forward pass: activations at ``layer`` as maps, and the network's answer.

    Raises:
        UnfitError: the network does not run that layer.
    """
    with record_output(network, layer.name) as seen:
        answer = network(x)
    return layer.as_map(seen.taken()), answer


def activations_and_gradients(
    network: nn.Module,
    layer: Layer,
    x: Float[Tensor, "b colours y x"],
    score: Callable[[Tensor], Tensor],
    at: Site | str = "",
) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b c h w"], Float[Tensor, "b *k"]]:
    """One forward pass, and one backward pass from the scores down to ``layer`` and no further.

    Args:
        network: in eval mode; left exactly as found, also after an exception.
        layer: where to look.
        x: normalised inputs.
        score: logits (B, K), or the output of ``at``, -> one scalar a picture (B,).
        at: what is scored: a site, or the output of the module of that name; the network's own answer by default.

    Returns:
        Activations A, gradients G = d score / dA, both as maps; and the network's answer.

    Raises:
        UnfitError: the network does not run this layer, or no gradient leads from the score to its map.
    """
    with grad_leaf(network, layer.name) as seen, record_output(network, at) as scored:
        logits = network(x)
        leaf = seen.taken()
        value = score(logits if scored.output is None else scored.output).sum()
        gradient = slope(value, leaf, layer.name)
    return layer.as_map(leaf.detach()), layer.as_map(gradient), logits.detach()


def slope(value: Tensor, leaf: Tensor, name: str, *, again: bool = False) -> Tensor:
    """Gradient of a score at a layer's output.

    Args:
        value: one number, with its graph.
        leaf: the output.
        name: of the layer.
        again: whether the graph is kept, for another one.

    Raises:
        UnfitError: no gradient leads from the score to the layer.
    """
    gradient = None
    if value.requires_grad:
        (gradient,) = torch.autograd.grad(value, leaf, allow_unused=True, retain_graph=again)
    if gradient is None:
        raise UnfitError(
            f"No gradient leads from the answer to layer '{name}': where it lies beside the way, choose an earlier"
            " layer; where the network computes inside torch.no_grad or with quantised weights, choose scorecam or"
            " ablationcam."
        )
    return gradient
