"""How a model looks at many pictures for one class: its maps, and what each channel gives to the score."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from explainers.attribution.methods import cams
from explainers.attribution.methods.maps import activations_of
from explainers.attribution.methods.problem import Problem
from explainers.kit.linear_head import linear_head
from explainers.kit.targets import of_classes
from models import ModelHandle


@dataclass(frozen=True)
class Statistics:
    """How a model looks at pictures for one class.

    Attributes:
        maps: (B, h, w), signed, each picture's map over its own largest value.
        given: (B, C), what each channel gives to the score: its importance times its sum over the map.
        peak: (B, C), largest activation of each channel. cell: int (B, C), where that is, row by row.
        logits: (B, K).
        head: (K, C), weights of the linear head that follows; None where there is none.
    """

    maps: Float[np.ndarray, "b h w"]
    given: Float[np.ndarray, "b c"]
    peak: Float[np.ndarray, "b c"]
    cell: Int[np.ndarray, "b c"]
    logits: Float[np.ndarray, "b k"]
    head: Float[Tensor, "k c"] | None


def statistics(
    model: ModelHandle, x: Float[Tensor, "b colours y x"], target: int, layer: str | None = None
) -> Statistics:
    """Look at a batch for one class.

    Raises:
        InputError: the class or layer is not there.
        UnfitError: no gradient reaches the layer.
    """
    place, chosen = model.layer(layer), model.card.check_target(target)
    problem = Problem(model, x, of_classes(torch.full((len(x),), chosen)), place)
    activations, gradients, logits = activations_of(problem)
    alpha = cams.gradcam(activations, gradients)
    cam = cams.signed_map(activations, alpha)
    scaled = cam / cam.abs().amax((1, 2), keepdim=True).clamp(min=1e-30)
    peak, cell = activations.flatten(2).max(2)
    given = (alpha * activations.sum((2, 3))).double()
    head = linear_head(model, activations, logits)
    weights = None if head is None else head.weight.detach().float()
    arrays = [each.cpu().numpy() for each in (scaled.float(), given, peak.float(), cell, logits.float())]
    return Statistics(arrays[0], arrays[1], arrays[2], arrays[3], arrays[4], weights)


def shuffled_effects(
    given: Float[np.ndarray, "n c"], member: Bool[np.ndarray, " n"], rng: np.random.Generator, draws: int
) -> Float[np.ndarray, " d"]:
    """Largest |d| over all channels when membership of the groups is dealt out at random: what chance alone reaches."""
    centred = given - given.mean(0)
    square, ours = (centred**2).sum(0), int(member.sum())
    theirs = len(member) - ours
    dealt = np.stack([rng.permutation(member) for _ in range(draws)]).astype(np.float64)
    sums = dealt @ centred  # the other group's sums are minus these
    pooled = (square - sums**2 / ours - sums**2 / theirs) / max(1, len(member) - 2)
    means = sums / ours + sums / theirs
    varies = pooled > 1e-12 * np.maximum(square, 1e-300)
    effect = np.divide(np.abs(means), np.sqrt(np.where(varies, pooled, 1)), out=np.zeros_like(means), where=varies)
    return effect.max(1)
