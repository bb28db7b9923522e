"""A value beside its reference, and the rules that carry a difference between the two through one operation.

Every rule gives the operation's own value, and a backward pass through it multiplies by dOut/dIn as a difference, not
as a derivative: m with sum(m * (x - x0)) = f(x) - f(x0), exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from explainers.kit.intercept import valued

CLOSE = 1e-6
"""Below this difference of inputs the derivative stands for the quotient of differences."""
Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Pair:
    """What passes by for the picture, in the graph, and for the reference, outside it."""

    now: Tensor
    before: Tensor

    @property
    def middle(self) -> Tensor:
        """Half way between the two."""
        return (self.now.detach() + self.before) / 2


def constant(value: Tensor) -> Pair:
    """What does not depend on the picture."""
    return Pair(value, value)


def affine(function: Function, x: Pair) -> Pair:
    """What is linear but for a constant needs no rule of its own."""
    return Pair(function(x.now), function(x.before))


def rescale(function: Function, x: Pair) -> Pair:
    """An elementwise function: m = (f(x) - f(x0)) / (x - x0) (Shrikumar et al. 2017, section 3.5.1)."""
    with torch.no_grad():
        now, before = function(x.now), function(x.before)
        multiplier = _quotient(now - before, x.now - x.before, lambda: _slope(function, x.middle))
    return Pair(valued(x.now, now, multiplier), before)


def _quotient(above: Tensor, below: Tensor, slope: Callable[[], Tensor]) -> Tensor:
    close = below.abs() < CLOSE
    ratio = (above / below).nan_to_num(0, 0, 0)  # masked attention is minus infinity in both
    return torch.where(close, slope(), ratio) if bool(close.any()) else ratio


def _slope(function: Function, x: Tensor) -> Tensor:
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(function(leaf).sum(), leaf)
    return slope


def times(product: Callable[[Tensor, Tensor], Tensor], x: Pair, y: Pair) -> Pair:
    """A product, elementwise, of matrices or a convolution: each factor times the other half way.

    xy - x0 y0 = (x - x0) (y + y0) / 2 + (y - y0) (x + x0) / 2: the Shapley values of the two factors. The paper has no
    rule for products; this one is exact and symmetric.
    """
    with torch.no_grad():
        now, before = product(x.now, y.now), product(x.before, y.before)
    return Pair(valued(product(x.now, y.middle) + product(x.middle, y.now), now), before)


def over(x: Pair, inverse: Pair) -> Pair:
    """X * r, where 1/r is x's own size: dx takes the smaller r of the two, and dr the x of the other side.

    As exact as `times`. Half way between the two, 1 / sigma of a reference without contrast would be all that counts.
    """
    with torch.no_grad():
        now, before = x.now * inverse.now, x.before * inverse.before
        smaller = inverse.now.abs() <= inverse.before.abs()
        steady = torch.where(smaller, inverse.now, inverse.before)
        other = torch.where(smaller, x.before, x.now)
    return Pair(valued(x.now * steady + other * inverse.now, now), before)


def softmax(x: Pair, dim: int) -> Pair:
    """dp_i = L_i (dx_i - sum_j L_j dx_j / sum_j L_j), L the logarithmic mean of p and p0.

    It is the rescale rule for p = exp(x - z), and z, the log of the sum, takes what keeps sum p = 1.
    """
    with torch.no_grad():
        now, before = x.now.softmax(dim), x.before.softmax(dim)
        logs = x.now.log_softmax(dim) - x.before.log_softmax(dim)
        mean = _quotient(now - before, logs, lambda: (now + before) / 2)
        share = (mean / mean.sum(dim, keepdim=True)).nan_to_num(0)
    finite = x.now.masked_fill(x.now.isinf(), 0)
    return Pair(valued(mean * (finite - (share * finite).sum(dim, keepdim=True)), now), before)


def highest(pool: Callable[[Tensor], tuple[Tensor, Tensor]], x: Pair) -> Pair:
    """Max-pooling: the difference of the maxima goes to the place of the larger maximum.

    There the input differs by at least as much, so 0 <= m <= 1.

    Args:
        pool: gives the maxima and the index of each in the flattened plane (rows by columns).
        x: (..., H, W).
    """
    with torch.no_grad():
        (now, place), (before, other) = pool(x.now), pool(x.before)
        chosen = torch.where(now >= before, place, other).flatten(-2)
        step = (_at(x.now, chosen) - _at(x.before, chosen)).view_as(now)
        multiplier = _quotient(now - before, step, lambda: torch.ones_like(step))
    return Pair(valued(_at(x.now, chosen).view_as(now), now, multiplier), before)


def _at(plane: Tensor, index: Tensor) -> Tensor:
    return plane.flatten(-2).gather(-1, index)
