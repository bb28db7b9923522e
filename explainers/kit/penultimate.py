"""The features that a classifier's last linear layer reads: found by running the network, not by a name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from explainers.kit.hooks import Site, record_output
from explainers.kit.predict import answers_of
from models import ModelHandle
from models.errors import UnfitError


@dataclass(frozen=True)
class LastLayer:
    """The linear layer that gives the logits.

    Attributes:
        name: of the module.
        module: the layer; weight (K, D), bias (K,).
    """

    name: str
    module: nn.Linear


def answering_layer(network: nn.Module, x: Float[Tensor, "b c h w"]) -> str:
    """Name of the linear layer whose output is the network's own answer; empty when there is none."""
    gave: dict[str, Tensor] = {}

    def note(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            gave[name] = output

        return hook

    handles = [
        module.register_forward_hook(note(name))
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear)
    ]
    try:
        with torch.inference_mode():
            answer = network(x)
    finally:
        for handle in handles:
            handle.remove()
    return next((name for name, output in gave.items() if output.shape == answer.shape and output.equal(answer)), "")


def last_layer(model: ModelHandle) -> LastLayer:
    """The linear layer whose output is the network's answer.

    Raises:
        UnfitError: there is none; the text says what would do.
    """
    probe = torch.linspace(-1, 1, int(np.prod(model.card.input_size)), device=model.device).sin()
    name = answering_layer(model.network, probe.reshape(1, *model.card.input_size))
    module = model.network.get_submodule(name) if name else None
    if not isinstance(module, nn.Linear):
        raise UnfitError(
            f"{model.card.title} does not end in one linear layer, so its last features cannot be read; choose an"
            " EfficientNet-Lite or a menagerie network."
        )
    return LastLayer(name, module)


def features_and_logits(
    model: ModelHandle, images: UInt8[np.ndarray, "n h w 3"], layer: LastLayer
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n k"]]:
    """What the last layer reads of each picture, and what the network answers; one forward pass a picture."""
    width = layer.module.in_features
    if len(images) == 0:
        return np.zeros((0, width), np.float32), np.zeros((0, layer.module.out_features), np.float32)
    both = answers_of(model, images, partial(_both, model.network, layer.name)).float().cpu().numpy()
    return both[:, :width], both[:, width:]


def _both(network: nn.Module, name: str, x: Tensor) -> Tensor:
    with record_output(network, Site(name, input=True)) as seen:
        logits = network(x)
    return torch.cat([seen.taken().flatten(1), logits], 1)
