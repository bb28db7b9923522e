"""Maps from the attention of vision transformers: rollout, attention weighed by its gradient, single heads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from explainers.attribution.methods.problem import Attribution, Problem
from explainers.kit.hooks import frozen, record_output
from models import Layer
from models.errors import InputError, UnfitError
from models.layers import is_attention

UNFIT = (
    "This method needs a transformer whose blocks attend over the whole picture (ViT, DeiT, DINOv2, DINOv3);"
    " for this model choose gradcam."
)


def rollout(problem: Problem) -> Attribution:
    """Attention rollout: R = prod_l (mean_heads(A_l) + I) / 2, read at the answer's row (Abnar and Zuidema 2020).

    It asks for no class: it shows what the answer has access to, not what supports it.
    """
    with torch.no_grad(), attention(problem.model.network) as seen:
        logits = problem.model.network(problem.x)
    _check(problem, seen)
    mixed = _eye(seen[0])
    for weights in seen:
        mixed = (weights.mean(1) @ mixed + mixed) / 2
    return _read(problem, mixed, logits)


def gradient_attention(problem: Problem) -> Attribution:
    """R <- R + mean_heads(ReLU(dy/dA_l * A_l)) R from R = I, block by block.

    The rules for self-attention of Chefer et al. 2021 (arXiv 2103.15679, equations 5 and 6).
    """
    network = problem.model.network
    with (
        frozen(network),
        torch.enable_grad(),
        attention(network) as seen,
        record_output(network, problem.target.at) as scored,
    ):
        logits = network(problem.x.detach().clone().requires_grad_())
        rows = torch.arange(len(problem.x), device=problem.x.device)
        score = problem.target.score(problem.target.scored(logits, scored), rows).sum()
        _check(problem, seen)
        gradients = torch.autograd.grad(score, seen, allow_unused=True)
    mixed = start = _eye(seen[0])
    for weights, gradient in zip(seen, gradients, strict=True):
        if gradient is not None:  # None: a block after the last one that the score depends on
            mixed = mixed + (gradient * weights.detach()).clamp(min=0).mean(1) @ mixed
    return _read(
        problem, mixed - start, logits.detach(), patches=problem.target.at in {layer.name for layer in _tokens(problem)}
    )


def of_head(problem: Problem) -> Attribution:
    """What one head attends to from the row that the answer is read from (Caron et al. 2021, arXiv 2104.14294).

    Of the block that holds the layer looked at, the last one by default; the mean of all heads where none is chosen. It
    asks for no class.

    Raises:
        InputError: there is no such head.
        UnfitError: no block attends over the whole picture.
    """
    network = problem.model.network
    with torch.no_grad(), attention(network) as seen:
        logits = network(problem.x)
    _check(problem, seen)
    weights, head = seen[_block(problem)], problem.head
    heads = weights.shape[1]
    if head is not None and not 0 <= head < heads:
        raise InputError(f"This block has the heads 0 to {heads - 1}; got {head}.")
    return _read(problem, weights.mean(1) if head is None else weights[:, head], logits)


def _block(problem: Problem) -> int:
    """The block that holds the layer; the last one where none does."""
    names = [name.rpartition(".")[0] for name, module in problem.model.network.named_modules() if is_attention(module)]
    where = problem.where.name
    inside = [index for index, name in enumerate(names) if f"{where}.".startswith(f"{name}.")]
    return inside[-1] if inside else len(names) - 1


def _eye(attended: Float[Tensor, "b heads n n"]) -> Float[Tensor, "b n n"]:
    return torch.eye(attended.shape[-1], device=attended.device).expand(len(attended), -1, -1)


@contextmanager
def attention(network: nn.Module) -> Iterator[list[Tensor]]:
    """Collect every block's attention (B, heads, N, N), in order; fused kernels never form it and rest meanwhile.

    In timm the attention after its softmax is what the module ``attn_drop`` is given.
    """
    seen: list[Tensor] = []
    blocks: list[Any] = [module for module in network.modules() if is_attention(module)]
    fused = [bool(block.fused_attn) for block in blocks]

    def hook(_module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        seen.append(inputs[0])

    handles = []
    try:
        for block in blocks:
            block.fused_attn = False
            handles.append(block.attn_drop.register_forward_hook(hook))
        yield seen
    finally:
        for handle in handles:
            handle.remove()
        for block, before in zip(blocks, fused, strict=True):
            block.fused_attn = before


def token_layer(problem: Problem) -> Layer:
    """A layer that knows the grid of the tokens."""
    tokens = _tokens(problem)
    if not tokens:
        raise UnfitError(UNFIT)
    return tokens[-1]


def _tokens(problem: Problem) -> list[Layer]:
    return [layer for layer in problem.model.layers() if layer.layout == "tokens"]


def _check(problem: Problem, seen: list[Tensor]) -> None:
    """Refuse networks without attention, and those whose windows attend to themselves only."""
    layer = token_layer(problem)
    tokens = layer.shape[1] * layer.shape[2] + layer.prefix
    if not seen or any(each.shape[0] != len(problem.x) or each.shape[2:] != (tokens, tokens) for each in seen):
        raise UnfitError(UNFIT)


def _read(problem: Problem, mixed: Float[Tensor, "b n n"], logits: Tensor, *, patches: bool = False) -> Attribution:
    """The row of the token that the head reads, its patches as a map; the mean of all rows where all are read.

    What is asked of a layer inside is read off all ``patches``.
    """
    layer = token_layer(problem)
    _, h, w = layer.shape
    reads_one = layer.prefix > 0 and layer.name in problem.model.findings.dead  # its patches do not matter at the end
    row = mixed[:, 0] if reads_one and not patches else mixed[:, layer.prefix :].mean(1)
    cam = row[:, layer.prefix :].unflatten(1, (h, w))
    return Attribution(cam, cam.new_zeros((len(cam), 0)), logits)
