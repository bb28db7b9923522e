"""Fine-tuning, the joint stage of Chen et al. 2019: the backbone learns together with add-on layers and prototypes.

It begins where the warm stage ended, at the paper's rates: 1e-4 for the backbone, 3e-3 for the rest. Statistics of
batch normalisation stay as they were, for batches here are small. The cosine variant keeps only the backbone that came
of it. It runs wherever the model lies, on a GPU as on a CPU; the model that was given is left as it was.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from explainers.base import Run
from explainers.prototypes.learn import distance
from explainers.prototypes.learn.distance import Distances
from models import ModelHandle
from models.layers import Layer
from models.split import Body

BATCH, BACKBONE, REST = 32, 1e-4, 3e-3


@dataclass(frozen=True)
class Lessons:
    """Pictures to learn from, as the model sees them.

    Attributes:
        images: uint8 (n, H, W, 3).
        labels: int (n,).
    """

    images: UInt8[np.ndarray, "n h w 3"]
    labels: Int[np.ndarray, " n"]


def tune(model: ModelHandle, layer: Layer, lessons: Lessons, warm: Distances, stage: tuple[int, Run]) -> ModelHandle:
    """The model with a backbone that has learnt for so many epochs; ``warm`` learns with it and ends on the CPU."""
    epochs, run = stage
    tuned = model.under(copy.deepcopy(model.network).eval())
    backbone = list(tuned.network.requires_grad_(True).parameters())
    rest = list(warm.to(model.device).requires_grad_(True).parameters())
    groups = [{"params": backbone, "lr": BACKBONE}, {"params": rest, "lr": REST}]
    optimiser = torch.optim.Adam(groups)
    body = Body(tuned.network, tuned.network.get_submodule(layer.name))
    for epoch in range(epochs):
        right = 0
        for pick in np.array_split(run.rng.permutation(len(lessons.labels)), -(-len(lessons.labels) // BATCH)):
            maps = layer.as_map(body(_input(tuned, lessons.images[pick], run)))
            truth = torch.from_numpy(lessons.labels[pick]).to(model.device)
            loss, logits = distance.cost(warm, maps, truth)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            right += int((logits.argmax(1) == truth).sum())
        words = f"epoch {epoch + 1} of {epochs} with the backbone: {right / len(lessons.labels):.1%}"
        run.report((epoch + 1) / epochs, f"{words} of the training pictures")
    tuned.network.requires_grad_(False)
    warm.cpu().requires_grad_(False)
    return tuned


def _input(model: ModelHandle, images: np.ndarray, run: Run) -> Float[Tensor, "b c h w"]:
    """Half of the pictures mirrored."""
    mirrored = run.rng.random(len(images)) < 0.5
    return model.normalise(np.where(mirrored[:, None, None, None], images[:, :, ::-1], images))
