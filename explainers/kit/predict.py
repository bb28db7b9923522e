"""Run a network over many pictures in batches that fit."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from models import ModelHandle
from models.errors import InputError


def logits_of(model: ModelHandle, images: UInt8[np.ndarray, "n h w 3"], batch: int = 16) -> Float[Tensor, "n k"]:
    """Logits of pictures as the model sees them; the batch is halved when the device runs out of memory."""
    done: list[Tensor] = []
    start = 0
    with torch.inference_mode():
        while start < len(images):
            try:
                done.append(model.network(model.normalise(images[start : start + batch])))
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
    """Probability (softmax) of class ``target`` for each picture."""
    return logits_of(model, images, batch).softmax(1)[:, target].cpu().numpy()
