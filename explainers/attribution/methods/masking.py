"""Score-CAM and Ablation-CAM: no gradients, but many answers; masks are made batch by batch, in place."""

import math
from contextlib import AbstractContextManager

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from explainers.attribution.methods import cams
from explainers.attribution.methods.maps import weighed
from explainers.attribution.methods.problem import Attribution, Problem
from explainers.kit.ablate import modify_output
from explainers.kit.hooks import record_output
from explainers.kit.linear_head import linear_head
from explainers.kit.targets import Target
from models.errors import InputError, UnfitError
from models.split import Body, Tail

BATCH = 16  # half as many would take a third longer on a CPU: every call brings the weights into order again
TAIL_VALUES = 2**23  # activations that a batch of the tail may hold: 32 MB


def score_cam(problem: Problem) -> Attribution:
    """Score-CAM: the picture seen through each channel's map, one forward pass a channel or group of channels.

    With groups, channels whose maps look alike (k-means on maps scaled to [0, 1]) share the score of their mean map:
    an approximation, named as such.
    """
    with torch.inference_mode():
        activations, logits, target, _ = _first(problem)
        scores = torch.stack([_channel_scores(problem, activations, target, row) for row in range(len(problem.x))])
        return weighed(activations, cams.scorecam(scores), logits)


def _first(problem: Problem) -> tuple[Tensor, Tensor, Target, Tensor]:
    """Activations and logits of the pictures themselves; the target with their first answers written down; scores."""
    with (
        record_output(problem.model.network, problem.where.name) as seen,
        record_output(problem.model.network, problem.target.at) as scored,
    ):
        logits = problem.model.network(problem.x)
    target, rows = problem.target.resolve_top1(logits), torch.arange(len(problem.x), device=problem.x.device)
    return problem.where.as_map(seen.taken()), logits, target, target.score(target.scored(logits, scored), rows)


def _channel_scores(problem: Problem, activations: Tensor, target: Target, row: int) -> Float[Tensor, " c"]:
    """Score of picture ``row`` seen through the map of each channel (C,)."""
    maps, member = activations[row], None
    if 0 < problem.groups < len(maps):
        member = group_channels(maps, problem.groups, problem.rng)
        maps = torch.stack([unit(maps[member == group]).mean(0) for group in range(int(member.max()) + 1)])
    batches = []
    for start in range(0, len(maps), BATCH):
        share = (row + start / len(maps)) / len(problem.x)
        problem.report(share, f"looking through mask {start + 1} of {len(maps)}")
        masks = F.interpolate(
            maps[None, start : start + BATCH], problem.x.shape[2:], mode="bilinear", align_corners=False
        )
        seen = unit(masks[0])[:, None] * problem.x[row]
        batches.append(score_of(problem, target, seen, torch.full((len(seen),), row, device=problem.x.device)))
    scores = torch.cat(batches)
    return scores if member is None else scores[member.to(scores.device)]


def score_of(problem: Problem, target: Target, x: Tensor, rows: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The target's score of other inputs that belong to the pictures ``rows``."""
    return target.of_inputs(problem.model.network, x.contiguous(memory_format=problem.model.memory_format), rows)


def unit(maps: Float[Tensor, "n h w"]) -> Float[Tensor, "n h w"]:
    """Each map scaled to [0, 1]; a constant map becomes 0."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-12)


def group_channels(maps: Float[Tensor, "c h w"], groups: int, rng: np.random.Generator) -> Int[Tensor, " c"]:
    """Group of each channel, 0 to groups - 1 without gaps, by k-means on maps scaled to [0, 1]."""
    from sklearn.cluster import KMeans

    rows = unit(maps).flatten(1).float().cpu().numpy()
    distinct = len(np.unique(rows, axis=0))
    means = KMeans(min(groups, distinct), n_init=1, random_state=int(rng.integers(2**31)))
    _, member = np.unique(means.fit_predict(rows), return_inverse=True)
    return torch.from_numpy(member.astype(np.int64))


def ablation_cam(problem: Problem) -> Attribution:
    """Ablation-CAM: the score with each channel set to zero, running only the network's tail from the layer on.

    Before mean pooling and a linear head the answer has a closed form: the logits lose w_k mean(A_k). Elsewhere, and
    for what is asked inside the network, the tail runs once a channel, in batches.
    """
    with torch.inference_mode():
        activations, logits, target, score = _first(problem)
        head = None if target.at else linear_head(problem.model, activations, logits)
        without = _closed(activations, logits, target, head) if head is not None else _by_tail(problem, target)
        return weighed(activations, cams.ablationcam(score, without), logits)


def _closed(activations: Tensor, logits: Tensor, target: Target, head: nn.Linear) -> Float[Tensor, "b c"]:
    """Score without each channel: logits minus w_k mean(A_k), K numbers a channel instead of a forward pass."""
    means, weight = activations.mean((2, 3)), head.weight.detach().to(activations)
    batches = []
    for row, mean in enumerate(means):
        changed = logits[row][None] - weight.T * mean[:, None]
        batches.append(target.score(changed, torch.full((len(changed),), row, device=logits.device)))
    return torch.stack(batches)


def _by_tail(problem: Problem, target: Target) -> Float[Tensor, "b c"]:
    body, tail = _last_cut(problem)
    outputs, channels = body(problem.x), problem.where.shape[0]
    step = max(1, min(channels, TAIL_VALUES // max(outputs[0].numel(), math.prod(problem.where.shape))))
    batches = []
    for row, output in enumerate(outputs):
        scores = []
        for start in range(0, channels, step):
            problem.report((row + start / channels) / len(outputs), f"without channel {start + 1} of {channels}")
            group = torch.arange(start, min(start + step, channels), device=output.device)
            with _without(problem, group), record_output(problem.model.network, target.at) as seen:
                logits = tail(output.expand(len(group), *output.shape))
            scores.append(target.score(target.scored(logits, seen), torch.full_like(group, row)))
        batches.append(torch.cat(scores))
    return torch.stack(batches)


def _last_cut(problem: Problem) -> tuple[Body, Tail]:
    """The network cut at the layer, or at the last stage or block before it that has no path around it."""
    layers = problem.model.layers()
    earlier = (layer for layer in layers[: layers.index(problem.where)] if layer.main)
    before = [layer for layer in earlier if not layer.name.endswith(("norm1", "ln_1"))]
    for layer in (problem.where, *reversed(before)):
        try:
            return problem.model.split(layer.name)
        except InputError:
            continue  # a shortcut leads around this one
    raise UnfitError(f"Nothing before layer '{problem.where.name}' can be cut off; choose scorecam or gradcam.")


def _without(problem: Problem, channels: Int[Tensor, " n"]) -> AbstractContextManager[None]:
    """In row n of the batch, channel ``channels[n]`` of the layer is zero at every place of its map."""

    def change(maps: Tensor) -> None:
        maps[torch.arange(len(channels), device=maps.device), channels] = 0

    return modify_output(problem.model.network, problem.where, change)
