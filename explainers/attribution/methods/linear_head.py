"""Networks that end in mean pooling and one linear layer, where many answers are a matrix product."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from models import ModelHandle


def linear_head(
    model: ModelHandle, activation: Float[Tensor, "b c h w"], logits: Float[Tensor, "b k"]
) -> nn.Linear | None:
    """The linear layer that turns the mean over places of ``activation`` into ``logits``; None when there is none.

    It is not recognised by its name but tried: a layer is the head if it gives these very logits.
    """
    shape = (logits.shape[-1], activation.shape[1])
    heads = [
        module
        for module in model.network.modules()
        if isinstance(module, nn.Linear) and (module.out_features, module.in_features) == shape
    ]
    means = activation.mean((2, 3))
    scale = 1e-4 * float(logits.abs().max()) + 1e-6
    with torch.no_grad():
        fits = [head for head in heads if torch.allclose(_apply(head, means), logits, rtol=1e-3, atol=scale)]
    return fits[-1] if fits else None


def _apply(head: nn.Linear, means: Tensor) -> Tensor:
    """Not by calling it: hooks of the user's own must not see this."""
    return F.linear(means.to(head.weight), head.weight, head.bias)
