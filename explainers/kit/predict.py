"""Run a network over many pictures in batches that fit."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from models import ModelHandle
from models.errors import InputError

CPU_PIXELS = 4 * 224**2  # of EfficientNet-Lite0 a picture takes 22 ms in fours and 26 ms in sixteens, beyond the cache


def logits_of(model: ModelHandle, images: UInt8[np.ndarray, "n h w 3"], batch: int = 16) -> Float[Tensor, "n k"]:
    """Logits of pictures as the model sees them; the batch is halved when the device runs out of memory."""
    return answers_of(model, images, model.network, batch)


def answers_of(
    model: ModelHandle, images: UInt8[np.ndarray, "n h w 3"], answer: Callable[[Tensor], Tensor], batch: int = 16
) -> Float[Tensor, "n *k"]:
    """As `logits_of`, of anything that answers normalised inputs (N, 3, H, W) row by row."""
    done: list[Tensor] = []
    start = 0
    if model.device.type == "cpu":
        batch = min(batch, max(1, CPU_PIXELS // (images.shape[1] * images.shape[2])))
    with torch.inference_mode():
        while start < len(images):
            try:
                done.append(answer(model.normalise(images[start : start + batch])))
                start += batch
            except torch.cuda.OutOfMemoryError as error:
                if batch == 1:
                    raise InputError(
                        "One picture is already too much for this device's memory; use the CPU."
                    ) from error
                batch //= 2
    return torch.cat(done)


def probabilities(
    model: ModelHandle, images: UInt8[np.ndarray, "n h w 3"], target: int, batch: int = 16
) -> Float[np.ndarray, " n"]:
    """Probability of class ``target`` for each picture."""
    return model.chances(logits_of(model, images, batch))[:, target].cpu().numpy()
