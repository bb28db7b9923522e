"""A network of your own comes in."""

from collections.abc import Iterable, Mapping, Set
from copy import deepcopy
from dataclasses import replace

import torch
from torch import nn

from models import labels as names_of
from models import weights
from models.card import ModelCard, by_channel
from models.errors import InputError
from models.handle import ModelHandle


def wrap(  # noqa: PLR0913 - the public signature of DESIGN section 2
    network: nn.Module | Mapping[str, object],
    *,
    input_size: tuple[int, int, int],
    mean: float | Iterable[float] = (0.5, 0.5, 0.5),
    std: float | Iterable[float] = (0.5, 0.5, 0.5),
    labels: Iterable[object] | None = (),
    name: str = "own model",
    device: str = "auto",
) -> ModelHandle:
    """Make a handle of any classifier of yours: (B, 3, H, W), or (B, 1, H, W) of grey, -> (B, K).

    The network is put in eval mode and on ``device``; nothing else of it is changed. It is examined by running it:
    logits, probabilities (of a softmax or sigmoid inside) and one logit are told apart. Weights in other than float32
    are explained in a copy of that type.

    Args:
        network: of yours.
        input_size: channels, rows, columns.
        mean: of each channel, for pixels in [0, 1].
        std: of each channel, for pixels in [0, 1].
        labels: names of the classes in their order, or a table of them by number; one name where there is one logit, of
            what a positive logit means; None for a network without a classifier, whose answers are features.
        name: of the model.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.

    Raises:
        InputError: the network does not answer with a row of numbers a picture, their count is not that of the labels,
            or what it answers cannot be explained; the text says why.
    """
    if not isinstance(network, nn.Module):
        raise InputError(
            f"wrap takes a network (an nn.Module), not a {type(network).__name__}; build the network and put the"
            " weights in with network.load_state_dict(...)."
        )
    place, size = weights.device(device), _size(input_size)
    module = _float32(_filled(network).to(place)).eval()
    card = ModelCard(
        name=name,
        title=name,
        labels=(),
        input_size=size,
        mean=by_channel("mean", mean, size[0]),
        std=by_channel("std", std, size[0]),
        build=lambda: module,
        fill=lambda _network, _path: None,
        source="yours",
    )
    if min(card.std) <= 0:
        raise InputError(f"std divides the pixels, so each must be above 0; got {card.std}.")
    findings = ModelHandle(module, card, place).findings
    called = names_of.NONE if labels is None else _named(_listed(labels), findings.count)
    card = replace(card, labels=called)
    card.__dict__["layers"] = findings.layers
    handle = ModelHandle(module, card, place)
    handle.__dict__["findings"] = findings
    return handle


def _listed(labels: Iterable[object]) -> tuple[str, ...]:
    """Names in the order of the classes; a table of them goes by its numbers, as "0" or 0."""
    if isinstance(labels, str | bytes | Set):
        raise InputError(f"labels are a list of names in the order of the classes, as ['cat', 'dog']; got {labels!r}.")
    if not isinstance(labels, Mapping):
        return tuple(map(str, labels))
    numbers = {str(key): str(name) for key, name in labels.items()}
    order = [str(index) for index in range(len(numbers))]
    if set(numbers) != set(order):
        raise InputError(
            f"A table of labels has the keys 0 to {len(numbers) - 1}; give a list of the names in the order of the"
            " classes instead."
        )
    return tuple(numbers[key] for key in order)


def _named(labels: tuple[str, ...], count: int) -> tuple[str, ...]:
    names = labels or names_of.numbered(count)
    if len(names) != count:
        raise InputError(f"The network has {count} classes, but {len(names)} labels were given.")
    return names_of.sides(names[0]) if count == 1 else names


def _size(input_size: tuple[int, ...]) -> tuple[int, int, int]:
    try:
        size = tuple(map(int, input_size))
    except (TypeError, ValueError):
        size = ()
    if len(size) != 3 or min(size) < 1:
        raise InputError(f"input_size is (channels, rows, columns), as (3, 224, 224); got {input_size!r}.")
    if size[0] not in (1, 3) and size[2] in (1, 3):
        raise InputError(f"input_size has the channels first; give ({size[2]}, {size[0]}, {size[1]}), not {size}.")
    if size[0] not in (1, 3):
        raise InputError(
            f"Pictures have three colours, or one where they are grey, and this network takes {size[0]} channels; put a"
            " layer before it that makes them of three, as nn.Sequential(nn.Conv2d(3, "
            f"{size[0]}, 1), network)."
        )
    return (size[0], size[1], size[2])


def _filled(network: nn.Module) -> nn.Module:
    if any(tensor.is_meta for tensor in (*network.parameters(), *network.buffers())):
        raise InputError(
            "The network has no weights yet (it is on the meta device); call network.to_empty(device='cpu') and then"
            " network.load_state_dict(...)."
        )
    return network


def _float32(network: nn.Module) -> nn.Module:
    kinds = {tensor.dtype for tensor in (*network.parameters(), *network.buffers()) if tensor.is_floating_point()}
    return network if kinds <= {torch.float32} else deepcopy(network).float()
