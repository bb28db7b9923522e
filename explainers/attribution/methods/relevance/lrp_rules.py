"""The rules of layer-wise relevance propagation, as surrogates whose gradient is a relevance over an activation.

Where R_j = z_j c_j, a layer z_j = sum_i a_i w_ij hands R_i = a_i c_i down with c_i = sum_j w_ij c_j: LRP-0 is input x
gradient. Every other rule changes what stands for w, and divides by what the changed sum gives: c_j z_j / z'_j.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from explainers.kit.intercept import valued

EPSILON, GAMMA = 1e-6, 0.25
Map = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""A linear layer: (activations, weights, bias or None) -> z."""


def ratio(above: Tensor, below: Tensor) -> Tensor:
    """Above / below, kept from 0 by epsilon; 0 where both are 0."""
    return above / (below + EPSILON * torch.where(below < 0, -1.0, 1.0))


def epsilon(layer: Map, a: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """R_i = sum_j a_i w_ij / (z_j + eps sign z_j) R_j (Bach et al. 2015, equation 58); the bias keeps its own part."""
    z = layer(a, weight, bias)
    value = z.detach()
    return valued(z, value, ratio(value, value))


def gamma(layer: Map, a: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Contributions of the sign of z_j count 1 + gamma times (Montavon et al. 2019, section 10.2.1).

    For inputs of both signs as well, by what a_i w_ij is (Andeol et al. 2021, equation 8).
    """
    positive, negative = weight.clamp(min=0), weight.clamp(max=0)
    up, down = a.clamp(min=0), a.clamp(max=0)
    offset = torch.zeros_like(weight[:, 0].flatten(1)[:, 0]) if bias is None else bias
    supports, opposes = layer(up, positive, offset.clamp(min=0)), layer(up, negative, offset.clamp(max=0))
    if bool((a < 0).any()):
        supports, opposes = supports + layer(down, negative, None), opposes + layer(down, positive, None)
    value = (supports + opposes).detach()
    share = torch.where(value > 0, (1 + GAMMA) * supports + opposes, supports + (1 + GAMMA) * opposes)
    return valued(share, value, ratio(value, share.detach()))


def box(layer: Map, a: Tensor, weight: Tensor, bias: Tensor | None, ends: tuple[Tensor, Tensor]) -> Tensor:
    """z^B for pixels: (a_i - l w+ - h w-) (Montavon et al. 2017, equation 13), what lies between black and white.

    The relevance of a pixel is a * c plus, of both ends, l * c_l and h * c_h.
    """
    low, high = ends
    z = layer(a, weight, None) - layer(low, weight.clamp(min=0), None) - layer(high, weight.clamp(max=0), None)
    value = layer(a, weight, bias).detach()
    return valued(z, value, ratio(value, z.detach()))


class _Late(torch.autograd.Function):
    """A value, whose rule is worked out on the way back, where relevance comes by at all."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, value: Tensor, rule: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.x, ctx.rule = x.detach(), rule
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        with torch.enable_grad():
            leaf = ctx.x.requires_grad_()
            (gradient,) = torch.autograd.grad(ctx.rule(leaf), leaf, gradients[0])
        return gradient, None, None


def late(rule: Callable[[Tensor], Tensor], x: Tensor, value: Tensor) -> Tensor:
    """``value``, which is what ``rule`` makes of x: a convolution's is lost where a normalisation takes its place."""
    result: Tensor = _Late.apply(x, value, rule)
    return result


def half(product: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> Tensor:
    """Both factors of a product get half of its relevance (Achtibat et al. 2024, equation 15)."""
    return valued((product(a, b.detach()) + product(a.detach(), b)) / 2, product(a.detach(), b.detach()))


def identity(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Activations hand relevance down as it is: c_i = c_j f(x_i) / x_i."""
    value = function(x.detach())
    slope = function(torch.full_like(x, EPSILON).detach()) / EPSILON
    near = x.detach().abs() < EPSILON
    return valued(x, value, torch.where(near, slope, value / torch.where(near, 1.0, x.detach())))
