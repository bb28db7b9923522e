"""Networks that end in mean pooling and one linear layer, where many answers are a matrix product.

Such a head is not recognised by its name but by trying: it must give the network's own logits from the means over
places. A linear layer is tried first; where several layers together are linear (a batch norm before it, say), the
matrix that they amount to is found by feeding one channel at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from models import ModelHandle

BATCH = 64
Answers = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Head:
    """A linear head: `logits = mean_p(A_p) weight^T + bias`; weight (K, C), bias (K,)."""

    weight: np.ndarray
    bias: np.ndarray


def linear_head(
    model: ModelHandle, activation: Float[Tensor, "b c h w"], logits: Float[Tensor, "b k"]
) -> nn.Linear | None:
    """The linear layer that turns the mean over places of ``activation`` into ``logits``; None when there is none."""
    shape = (logits.shape[-1], activation.shape[1])
    heads = [
        module
        for module in model.network.modules()
        if isinstance(module, nn.Linear) and (module.out_features, module.in_features) == shape
    ]
    means = activation.mean((2, 3))
    with torch.no_grad():
        fits = [head for head in heads if _close(_apply(head, means), logits)]
    return fits[-1] if fits else None


def composed_head(
    answers: Answers,
    maps: Float[np.ndarray, "n c h w"],
    logits: Float[np.ndarray, "n k"],
    report: Callable[[float], None],
) -> Head | None:
    """The matrix that the layers after ``maps`` amount to; None when they are not linear in the mean over places.

    Args:
        answers: logits of maps. Asked for flat maps first, which tells most networks apart at once.
        maps: real activations, and
        logits: what the network answers to them.
        report: hears the share of the channels that were fed.
    """
    channels, h, w = maps.shape[1:]
    target = torch.from_numpy(logits)
    flat = np.broadcast_to(maps.mean((2, 3), keepdims=True), maps.shape)
    if not _close(torch.from_numpy(answers(flat)), target):
        return None
    bias = answers(np.zeros((1, channels, h, w), np.float32))[0]
    rows = []
    for start in range(0, channels, BATCH):
        basis = np.zeros((min(BATCH, channels - start), channels, h, w), np.float32)
        basis[np.arange(len(basis)), start + np.arange(len(basis))] = 1
        rows.append(answers(basis) - bias)
        report(start / channels)
    weight = np.concatenate(rows).T
    return Head(weight, bias) if _close(torch.from_numpy(maps.mean((2, 3)) @ weight.T + bias), target) else None


def _apply(head: nn.Linear, means: Tensor) -> Tensor:
    """Not by calling it: hooks of the user's own must not see this."""
    return F.linear(means.to(head.weight), head.weight, head.bias)


def _close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-3, atol=1e-4 * float(b.abs().max()) + 1e-6)
