"""Examine a network by running it: two forward passes, one backward pass, and at most two forward passes more.

The third where the answers differ or the network draws chance; the fourth where a way leads around the last map.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.examination import cells
from models.examination.answers import check, kind_of
from models.examination.asking import ask
from models.examination.default import Measured
from models.examination.findings import Findings
from models.examination.trunk import cuts
from models.layers import Layer, layers_of_shapes

PICTURE = ""  # beside the layers, whose names are not empty
SAME = 1e-3  # of the largest answer; kernels for one and for several pictures differ by far less


def examine(network: nn.Module, x: Float[Tensor, "3 colours y x"], name: str) -> Findings:
    """Run a network and write down what it is.

    Args:
        network: in eval mode; left exactly as found.
        x: normalised `cells.pictures`.
        name: of the model, for what is said.

    Raises:
        InputError: it cannot read such pictures, or does not answer with a row of numbers a picture.
    """
    first, several = dict[str, Tensor](), dict[str, Tensor]()
    runs = Counter[str]()
    with torch.inference_mode(False), torch.enable_grad(), _outputs(network, first, runs):  # whoever asks, and how
        picture = x[:1].detach().clone().requires_grad_()
        answer = check(ask(network, picture, name), name)
        whole, slopes = cuts(answer, picture, first), _slopes(answer, {PICTURE: picture, **first})
    chance = _chance(x.device)
    with torch.no_grad(), _outputs(network, several, Counter()):
        rows = ask(network, x, name)
    finite = bool(torch.isfinite(rows).all())
    alone = not finite or _same(answer, rows[:1])
    # Dropout over a few logits draws the same twice once in eight: whoever draws at all is asked about all once more.
    steady = alone and torch.equal(chance, _chance(x.device))
    repeatable = steady or not finite or _same(rows, _again(network, x, name))
    maps = _maps(network, first, several, runs, (int(x.shape[2]), int(x.shape[3])))
    measured = Measured(
        layers=maps.ordered,
        dead=frozenset(layer.name for layer in maps.ordered if not _alive(layer, slopes)),
        whole=whole & {layer.name for layer in maps.ordered},
        mixed=frozenset(layer.name for layer in maps.ordered if cells.mixed(layer, several[layer.name])),
        carried=lambda layer: _carried(network, layer, x, rows, several[layer.name]),
        named=getattr(network, "default_layer", ""),
    )
    choice = measured.choose()
    return Findings(
        layers=tuple(replace(layer, default=layer.name == choice.name) for layer in maps.ordered),
        answers=kind_of(answer, rows) if finite else "logits",
        count=int(rows.shape[1]),
        whole=measured.whole,
        dead=measured.dead,
        refused=maps.refused,
        repeated=maps.repeated,
        why=choice.why,
        sloped=PICTURE in slopes,
        finite=finite,
        repeatable=repeatable,
        alone=alone or not repeatable,
        scripted=any(isinstance(module, torch.jit.ScriptModule) for module in network.modules()),
    )


class _Maps(NamedTuple):
    """Layers shaped like maps: those whose cells lie in order, and the names of those that run twice or do not."""

    ordered: list[Layer]
    refused: tuple[str, ...]
    repeated: tuple[str, ...]


def _maps(
    network: nn.Module,
    first: dict[str, Tensor],
    several: dict[str, Tensor],
    runs: "Counter[str]",
    size: tuple[int, int],
) -> _Maps:
    sequences = cells.sequences(several, size)
    prefixes = {tokens: known.prefix for tokens, known in sequences.items()}
    shaped = layers_of_shapes(network, {name: tuple(output.shape) for name, output in first.items()}, size, prefixes)
    refused = _unordered(shaped, several, {tokens for tokens, known in sequences.items() if known.clear})
    ordered = [layer for layer in shaped if layer.name not in refused]
    repeated = tuple(layer.name for layer in ordered if runs[layer.name] > 1)
    return _Maps([layer for layer in ordered if layer.name not in repeated], refused, repeated)


def _chance(device: torch.device) -> Tensor:
    """The state of the generator that layers draw from."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _again(network: nn.Module, x: Tensor, name: str) -> Tensor:
    with torch.no_grad():
        return ask(network, x, name)


def _same(answer: Tensor, again: Tensor) -> bool:
    return torch.allclose(answer.detach(), again, rtol=SAME, atol=SAME * float(again.abs().max()) + 1e-6)


@contextmanager
def _outputs(network: nn.Module, seen: dict[str, Tensor], runs: "Counter[str]") -> Iterator[None]:
    """Keep, in the order they finish, the output of every module that gives one tensor; count how often each runs."""

    def note(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            seen.pop(name, None)
            runs[name] += 1
            if isinstance(output, Tensor) and output.ndim in (3, 4):
                seen[name] = output if output.requires_grad else output.clone()  # later steps may work in place

        return hook

    handles = [
        module.register_forward_hook(note(name))
        for name, module in network.named_modules()
        if name and not isinstance(module, nn.Identity | nn.Dropout | torch.jit.ScriptModule)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _slopes(answer: Tensor, seen: dict[str, Tensor]) -> dict[str, Tensor]:
    """Gradient of one mixture of the answers at every output; a plain sum would not move behind a softmax."""
    names = [name for name, output in seen.items() if output.requires_grad]
    if not answer.requires_grad or not names:
        return {}
    mixture = torch.linspace(1, 2, answer.shape[1], device=answer.device, dtype=answer.dtype).mul(7).sin()
    gradients = torch.autograd.grad((answer * mixture).sum(), [seen[name] for name in names], allow_unused=True)
    return {name: slope for name, slope in zip(names, gradients, strict=True) if slope is not None}


def _alive(layer: Layer, slopes: dict[str, Tensor]) -> bool:
    return layer.name in slopes and bool(layer.as_map(slopes[layer.name]).any())


def _unordered(maps: tuple[Layer, ...], several: dict[str, Tensor], clear: set[int]) -> tuple[str, ...]:
    """Layers whose cells do not follow the picture's.

    Deep in a network with random weights a map may look mixed through; what is laid out as rows and columns is refused
    only where it is finer than the map before it, as a matrix of tokens by tokens is. Of sequences those are maps whose
    length is one at which cells clearly lie in order somewhere (``clear``).
    """
    refused, side = [], max(max(layer.shape[1:]) for layer in maps) if maps else 0
    for layer in maps:
        finer = layer.layout == "tokens" or max(layer.shape[1:]) > side
        fits = _batched(layer, several) and (layer.layout != "tokens" or several[layer.name].shape[1] in clear)
        if not fits or (finer and not _ordered(layer, several)):
            refused.append(layer.name)
        else:
            side = max(layer.shape[1:])
    return tuple(refused)


def _batched(layer: Layer, several: dict[str, Tensor]) -> bool:
    output = several.get(layer.name)
    return output is not None and len(output) == 3


def _ordered(layer: Layer, several: dict[str, Tensor]) -> bool:
    """Whether its cells move where the picture does."""
    return (
        not cells.order(layer, several[layer.name]) < cells.ORDERED
    )  # NaN where nothing moved: the shape alone speaks


def _carried(network: nn.Module, layer: Layer, x: Tensor, rows: Tensor, kept: Tensor) -> float:
    """How much of what another picture changes in the answers goes through a layer: what is lost where it is held.

    Args:
        network: examined.
        layer: of it.
        x: two pictures or more; the layer is held at its output for the first while the second is answered.
        rows: the answers to them.
        kept: the layer's outputs for them.
    """
    handle = network.get_submodule(layer.name).register_forward_hook(lambda *_: kept[:1])
    try:
        with torch.no_grad():
            held = network(x[1:2])
    finally:
        handle.remove()
    return 1 - float((held - rows[:1]).norm() / (rows[1:2] - rows[:1]).norm().clamp(min=1e-12))
