"""Guided backpropagation and deconvolution: a backward pass whose rectifiers let only positive gradients through."""

from collections import Counter
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from explainers.attribution.methods import cams
from explainers.attribution.methods.maps import by_gradient
from explainers.attribution.methods.problem import Attribution, Problem, of_pixels
from explainers.attribution.methods.rescale.rules import rule_known
from explainers.kit.hooks import frozen
from explainers.kit.intercept import Call, Intercept
from models.errors import UnfitError

RECTIFIERS = frozenset(("relu", "relu6"))
CLAMPS = frozenset(("hardtanh", "clamp", "clamp_min", "clip"))
SMOOTH = frozenset(
    ("gelu", "silu", "mish", "hardswish", "elu", "selu", "celu", "leaky_relu", "prelu", "rrelu", "softplus", "tanh")
)
INSTEAD = "choose smoothgrad or integrated_gradients."


def guided_backprop(problem: Problem) -> Attribution:
    """dy/dx where each ReLU passes only positive gradients of units that fired (Springenberg et al. 2014)."""
    return of_pixels(_ruled(problem, masked=True))


def deconvolution(problem: Problem) -> Attribution:
    """dy/dx where each ReLU passes positive gradients, whether or not the unit fired (Zeiler and Fergus 2013)."""
    return of_pixels(_ruled(problem, masked=False))


def guided_gradcam(problem: Problem) -> Attribution:
    """Guided backpropagation times the enlarged ReLU(Grad-CAM) (Selvaraju et al. 2017, section 3.2)."""
    cam = by_gradient(cams.gradcam)(problem).cam[:, None].clamp(min=0)
    large = F.interpolate(cam, size=problem.x.shape[2:], mode="bilinear", align_corners=False)[0]
    return of_pixels(_ruled(problem, masked=True) * large)


def _ruled(problem: Problem, *, masked: bool) -> Float[Tensor, "colours y x"]:
    """dy/dx by the rule.

    Raises:
        UnfitError: the network has no rectifier, or activations that the papers have no rule for.
    """
    problem.report(0.1, f"running {problem.model.card.title}")
    rules = Rectify(masked=masked)
    with frozen(problem.model.network), torch.enable_grad():
        leaf = problem.x.detach().clone().requires_grad_()
        with rules:
            score = problem.score(leaf).sum()
        rules.check()
        (gradient,) = torch.autograd.grad(score, leaf)
    return gradient[0]


class Rectify(Intercept):
    """Gives every rectifier the rule, module or function, and counts the activations that have none.

    A rectifier is a ReLU, a ReLU6 or a clamp from 0 on. Sigmoids and softmaxes are gates, not activations, and keep
    their derivative. x * sigmoid(x) is SiLU, however it is written.
    """

    def __init__(self, *, masked: bool) -> None:
        super().__init__()
        self.masked = masked
        self.rectifiers = 0
        self.others: Counter[str] = Counter()
        self._gates: list[tuple[Tensor, Tensor]] = []  # what a sigmoid gave, and what it was given

    def answer(self, call: Call) -> Tensor | None:
        """The rectifier with its rule; None for everything else."""
        if call.name in RECTIFIERS or (call.name in CLAMPS and _from_zero(call)):
            self.rectifiers += 1
            with torch.no_grad():
                value = call.plain()
            result: Tensor = _Ruled.apply(call.tracked[0], value, self.masked)
            return result
        if call.name in SMOOTH or call.name == "hardtanh" or not rule_known(call.name):
            self.others[call.name] += 1
        if call.name == "sigmoid":
            result = call.plain()
            self._gates.append((result, call.tracked[0]))
            return result
        if call.name == "mul" and self._is_gated_by_itself(call.tracked):
            self.others["silu"] += 1
        return None

    def _is_gated_by_itself(self, factors: list[Tensor]) -> bool:
        given = {id(result): id(value) for result, value in self._gates}
        return len(factors) == 2 and any(given.get(id(one)) == id(other) for one, other in (factors, reversed(factors)))

    def check(self) -> None:
        """Refuse a network that the rule does not cover.

        Raises:
            UnfitError: there is no rectifier, or there are other activations.
        """
        if self.others:
            names = ", ".join(f"{count} of {name}" for name, count in sorted(self.others.items()))
            raise UnfitError(
                f"This method has a rule for ReLUs only, and this model calls other activations ({names}); {INSTEAD}"
            )
        if not self.rectifiers:
            raise UnfitError(f"This method needs ReLUs, and this model has none; {INSTEAD}")


def _from_zero(call: Call) -> bool:
    low = call.args[1] if len(call.args) > 1 else call.kwargs.get("min_val", call.kwargs.get("min"))
    return not isinstance(low, Tensor) and low == 0


class _Ruled(torch.autograd.Function):
    """A rectifier that lets only positive gradients back: guided backpropagation, or deconvolution without the mask."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, value: Tensor, masked: bool) -> Tensor:
        ctx.mask = (x > 0) & (x == value) if masked else None  # neither cut off below nor above
        return value.clone()  # not a view: what follows may work in place

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        positive = gradients[0].clamp(min=0)
        return positive if ctx.mask is None else positive * ctx.mask, None, None
