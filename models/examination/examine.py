"""Examine a network by running it: two forward passes, a third where they differ, and one backward pass."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.errors import InputError
from models.examination import cells
from models.examination.answers import kind_of
from models.examination.findings import Findings
from models.examination.trunk import cuts
from models.layers import Layer, layers_of_shapes

READERS = 3  # blocks of class attention that timm's networks end with, and a norm
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
    scripted = any(isinstance(module, torch.jit.ScriptModule) for module in network.modules())
    first: dict[str, Tensor] = {}
    several: dict[str, Tensor] = {}
    runs: Counter[str] = Counter()
    with torch.inference_mode(False), torch.enable_grad(), _outputs(network, first, runs):  # whoever asks, and how
        picture = x[:1].detach().clone().requires_grad_()
        answer = _answer(network, picture, name)
        whole = cuts(answer, picture, first)
        slopes = _slopes(answer, first)
    chance = _chance(x.device)
    with torch.no_grad(), _outputs(network, several, Counter()):
        rows = _answer(network, x, name)
    drew = not torch.equal(chance, _chance(x.device))
    finite = bool(torch.isfinite(rows).all())
    alone = not finite or _same(answer, rows[:1])
    # Dropout over a few logits draws the same twice once in eight: whoever draws at all is asked about all once more.
    repeatable = (alone and not drew) or not finite or _same(rows, _again(network, x, name))
    shapes, size = {name: tuple(output.shape) for name, output in first.items()}, (int(x.shape[2]), int(x.shape[3]))
    maps = layers_of_shapes(network, shapes, size, cells.prefixes(several, size))
    refused = _unordered(maps, several)
    repeated = tuple(layer.name for layer in maps if runs[layer.name] > 1)
    kept = [layer for layer in maps if layer.name not in (*refused, *repeated)]
    dead = frozenset(layer.name for layer in kept if not _alive(layer, slopes))
    mixed = frozenset(layer.name for layer in kept if cells.mixed(layer, several[layer.name]))
    return Findings(
        layers=_with_default(kept, dead, whole, mixed, getattr(network, "default_layer", "")),
        answers=kind_of(answer, rows) if finite else "logits",
        count=int(rows.shape[1]),
        whole=whole & {layer.name for layer in kept},
        dead=dead,
        refused=refused,
        repeated=repeated,
        finite=finite,
        repeatable=repeatable,
        alone=alone or not repeatable,
        scripted=scripted,
    )


def _answer(network: nn.Module, x: Tensor, name: str) -> Tensor:
    try:
        answer: Any = network(x)
    except Exception as error:  # whatever somebody's own network raises: the picture does not suit it
        first = (str(error).strip().splitlines() or [""])[-1]
        raise InputError(
            f"{name} cannot read {len(x)} picture{'s' if len(x) > 1 else ''} of {'×'.join(map(str, x.shape[1:]))}"
            f" (channels, rows, columns); give its own input_size ({type(error).__name__}: {first[:160]})."
        ) from error
    if not isinstance(answer, Tensor) or answer.ndim != 2 or len(answer) != len(x) or not answer.is_floating_point():
        shape = str(tuple(answer.shape)) if isinstance(answer, Tensor) else type(answer).__name__
        raise InputError(f"The network must answer with logits (batch, classes); it gave {shape}.")
    return answer


def _chance(device: torch.device) -> Tensor:
    """The state of the generator that layers draw from."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _again(network: nn.Module, x: Tensor, name: str) -> Tensor:
    with torch.no_grad():
        return _answer(network, x, name)


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


def _unordered(maps: tuple[Layer, ...], several: dict[str, Tensor]) -> tuple[str, ...]:
    """Layers whose cells do not follow the picture's.

    Deep in a network with random weights a map may look mixed through; what is laid out as rows and columns is refused
    only where it is finer than the map before it, as a matrix of tokens by tokens is.
    """
    refused, side = [], max(max(layer.shape[1:]) for layer in maps) if maps else 0
    for layer in maps:
        finer = layer.layout == "tokens" or max(layer.shape[1:]) > side
        if not _batched(layer, several) or (finer and not _ordered(layer, several)):
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


def _with_default(
    layers: list[Layer], dead: frozenset[str], whole: frozenset[str], mixed: frozenset[str], named: str
) -> tuple[Layer, ...]:
    """Mark the default layer: the last map that all goes through which the answer knows of the picture.

    Where a class token goes along with the patches from the beginning there is none but the stem: then it is the last
    layer whose map the answer depends on. Behind it come dead layers as wide as the trunk, and it is the last live one
    of that width, rather than the three times wider projection inside the last attention. Where so much is mixed there
    that the cells do not follow the picture's any more, it is the last cut before in which they do. A network that is
    more than a classifier, of two towers or with prototypes, says by itself which one (``named``).
    """
    live = [layer for layer in layers if layer.name not in dead]
    width = next((layer.shape[0] for layer in reversed(layers) if layer.name in dead and layer.prefix), 0)
    wide = [layer for layer in live if layer.shape[0] == width]
    late = [layer for layer in (_trunk_end(live, whole),) if layer]
    chosen = (late or wide or live or layers)[-1].name if layers else ""
    if chosen in mixed:
        clear = [layer.name for layer in live if layer.name in whole - mixed]
        chosen = (clear or [chosen])[-1]
    if named in [layer.name for layer in live]:
        chosen = named
    if not live:
        chosen = next((layer.name for layer in layers if layer.default), chosen)
    return tuple(replace(layer, default=layer.name == chosen) for layer in layers)


def _trunk_end(live: list[Layer], whole: frozenset[str]) -> Layer | None:
    """The last whole cut that holds patches alone, in the second half of the network; None where there is none.

    Behind it a few blocks may read it with a class token, as in CaiT, XCiT and VOLO; where many do, the patches still
    change and it is the stem.
    """
    places = [index for index, layer in enumerate(live) if layer.name in whole and not layer.prefix]
    if not places or 2 * places[-1] < len(live):
        return None
    behind = [layer for layer in live[places[-1] + 1 :] if layer.name in whole]
    return live[places[-1]] if len(behind) <= READERS else None
