"""FullGrad: what the pixels and every bias of the network add to the score, which together are the score."""

from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from explainers.attribution.methods.problem import Attribution, Problem, of_pixels
from explainers.attribution.methods.rescale.rules import ELEMENTWISE, LINEAR
from explainers.kit.hooks import frozen
from explainers.kit.intercept import Call, Intercept
from models.errors import UnfitError

GAP, ROUNDING = 0.01, 1e-4
CONSTANTS = frozenset(
    (
        *("add", "sub", "subtract", "__rsub__", "addcmul", "cat", "concat", "concatenate", "stack", "where"),
        *("masked_fill", "pad", "conv_transpose2d", "batch_norm"),
    )
)
"""Linear functions that may add a constant."""
WEIGHED = frozenset(("conv1d", "conv2d", "conv3d", "linear"))


@dataclass(frozen=True)
class Parts:
    """The score, taken apart.

    Attributes:
        pixels: (C, H, W), x * dy/dx.
        biases: of every operation with a bias, bias * dy/dout, in the shape of what it gives.
        score: what all of it should add up to.
    """

    pixels: Float[Tensor, "colours y x"]
    biases: list[Tensor]
    score: float

    @property
    def total(self) -> float:
        """What all parts add up to."""
        return float(self.pixels.double().sum()) + sum(float(part.double().sum()) for part in self.biases)


def fullgrad(problem: Problem) -> Attribution:
    """sum_c psi(x * dy/dx) + sum_l sum_c psi(b_l * dy/db_l) (Srinivas and Fleuret 2019, arXiv 1905.00780, equation 8).

    psi takes the size, scales a layer to [0, 1] and enlarges it. The bias of an operation is what it gives less its
    linear part, out - J x: the bias of a convolution, the shift of a normalisation, and the implicit bias of any
    activation that is not a ReLU (section 3.2). Biases without a place in the picture are left out of the map, as in
    the authors' code, and so are those in the windows of Swin.

    Raises:
        UnfitError: pixels and biases do not add up to the score within 1%.
    """
    parts = take_apart(problem)
    size = sum(float(part.double().abs().sum()) for part in (parts.pixels, *parts.biases))
    if abs(parts.total - parts.score) > max(GAP * abs(parts.score), ROUNDING * size):
        raise UnfitError(
            f"FullGrad's parts add up to {parts.total:.3g} where the score is {parts.score:.3g}: an operation of this"
            " model cannot be taken apart; choose integrated_gradients."
        )
    total = _psi(parts.pixels[None], problem)
    for part in parts.biases:
        maps = _as_maps(part, problem)
        if maps is not None:
            total += _psi(maps, problem)
    colours = problem.x.shape[1]
    return of_pixels((total / colours).expand(colours, -1, -1))


def take_apart(problem: Problem) -> Parts:
    """Input gradient and bias gradients (equation 4): for any network f(x) = x . df/dx + sum_l b_l . df/db_l."""
    problem.report(0.1, f"running {problem.model.card.title}")
    biases = Biases()
    with frozen(problem.model.network), torch.enable_grad():
        leaf = problem.x.detach().clone().requires_grad_()
        with biases:
            score = problem.score(leaf)[0]
        problem.report(0.5, "asking every bias")
        (gradient,) = torch.autograd.grad(score, leaf)
    return Parts((leaf * gradient)[0].detach(), biases.parts, float(score.detach()))


@dataclass(eq=False)
class Biases(Intercept):
    """Finds the bias of every operation on the way there, and what it adds on the way back.

    Attributes:
        parts: bias * gradient, of the last operation first.
    """

    parts: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def answer(self, call: Call) -> Tensor | None:
        """The same value, with its bias in the graph; None where there is none."""
        if call.name in LINEAR - CONSTANTS - WEIGHED:
            return None
        value = call.plain()
        if not isinstance(value, Tensor) or not value.requires_grad or not value.is_floating_point():
            return None
        bias = bias_of(call, value)
        result: Tensor = value if bias is None else _Biased.apply(value, bias, self.parts)
        return result


def bias_of(call: Call, value: Tensor) -> Tensor | None:
    """What a call gives less its linear part; None where there is none."""
    if call.name in WEIGHED and len(call.tracked) == 1:
        bias = call.args[2] if len(call.args) > 2 else call.kwargs.get("bias")
        last = call.name == "linear"
        return None if bias is None else bias.view(-1, *[1] * (0 if last else value.ndim - 2)).expand_as(value)
    if call.name in CONSTANTS:
        with torch.no_grad():
            return call.exchanged(torch.zeros_like).plain()
    return value.detach() - linear_part(call)


def linear_part(call: Call) -> Tensor:
    """J x of a call, x all that it is given that depends on the picture.

    J' u is linear in u, so its own derivative for u, backward along x, is J x.
    """
    if call.name == "scaled_dot_product_attention":
        call = Call("attention", _attention, call.args, call.kwargs)  # the fused kernel has no second derivative
    with torch.enable_grad():
        leaves = {id(value): value.detach().requires_grad_() for value in call.tracked}
        value = call.exchanged(lambda tensor: leaves[id(tensor)]).plain()
        along = torch.zeros_like(value, requires_grad=True)
        inputs = list(leaves.values())
        if call.name in ELEMENTWISE:  # some have no second derivative
            return inputs[0].detach() * torch.autograd.grad(value.sum(), inputs)[0]
        back = torch.autograd.grad(value, inputs, along, create_graph=True)
        (part,) = torch.autograd.grad(back, along, [leaf.detach() for leaf in inputs])
    return part


def _attention(q: Tensor, k: Tensor, v: Tensor, attn_mask: Tensor | None = None, *_: Any, **more: Any) -> Tensor:
    logits = q @ k.transpose(-2, -1) * (more.get("scale") or q.shape[-1] ** -0.5)
    if attn_mask is not None:
        logits = logits.masked_fill(~attn_mask, -torch.inf) if attn_mask.dtype == torch.bool else logits + attn_mask
    return logits.softmax(-1) @ v


class _Biased(torch.autograd.Function):
    """A value as it is; on the way back its gradient times its bias is noted."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, bias: Tensor, parts: list[Tensor]) -> Tensor:
        ctx.bias, ctx.parts = bias, parts
        return value.clone()  # not a view: what follows may work in place

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        ctx.parts.append(gradients[0] * ctx.bias)
        return gradients[0], None, None


def _psi(maps: Float[Tensor, "1 c h w"], problem: Problem) -> Float[Tensor, "y x"]:
    size = maps.abs()
    low, high = size.min(), size.max()
    unit = ((size - low) / (high - low).clamp(min=1e-30)).sum(1, keepdim=True)
    return F.interpolate(unit, problem.x.shape[2:], mode="bilinear", align_corners=False)[0, 0]


def _as_maps(part: Tensor, problem: Problem) -> Float[Tensor, "1 c h w"] | None:
    """What has places as maps: of the picture's own proportions, channels first or last, or the tokens of a ViT."""
    rows, columns = problem.x.shape[2:]
    if part.ndim == 4 and len(part) == 1:
        for maps in (part, part.permute(0, 3, 1, 2)):
            h, w = maps.shape[2:]
            if h > 1 and w > 1 and abs(h * columns - w * rows) < max(rows, columns):
                return maps
    tokens = [layer for layer in problem.model.layers() if layer.layout == "tokens"]
    if part.ndim == 3 and len(part) == 1 and tokens:
        _, h, w = tokens[-1].shape
        if part.shape[1] == h * w + tokens[-1].prefix:
            return part[:, tokens[-1].prefix :].transpose(1, 2).unflatten(2, (h, w))
    return None
