"""Layer-wise relevance propagation by a composite of rules, over whatever a network calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from explainers.attribution.methods.problem import Attribution, Problem, of_pixels
from explainers.attribution.methods.relevance import lrp_rules as rules
from explainers.attribution.methods.rescale.rules import ELEMENTWISE, PRODUCTS, rule_known
from explainers.kit.hooks import frozen
from explainers.kit.intercept import Call, Intercept, valued
from models.errors import UnfitError

GATES = frozenset(("softmax", "sigmoid", "hardsigmoid", "rsqrt", "sqrt", "reciprocal", "exp", "norm"))
CONVOLUTIONS = frozenset(("conv1d", "conv2d", "conv3d"))
BLOCKED = "No relevance reaches the pixels: the score is 0 or gates block its way; choose integrated_gradients."
NORMALISATION = ("input", "running_mean", "running_var", "weight", "bias", "training")
SMALL = 1e-5
"""Torch's own below the spread of a normalisation."""
PLACES = frozenset(("pad", "_pad", "contiguous", "clone", "to"))
"""What hands pixels on as they are."""


def lrp(problem: Problem) -> Attribution:
    """LRP, composite: z^B on pixels, gamma on convolutions, epsilon on dense layers (Bach et al. 2015; Montavon 2019).

    Batch normalisation is folded into the convolution before it. Activations hand relevance down as it is. Gates,
    softmax and the spread in normalisations are constants (Ali et al. 2022, arXiv 2202.07304); two factors that both
    carry signal get half each. Biases keep their part, so relevance adds up to the score less what they keep.

    Raises:
        UnfitError: no relevance reaches the pixels, as in networks whose activations are sigmoids; or the network calls
            a function that has no rule.
    """
    problem.report(0.1, f"running {problem.model.card.title}")
    x = problem.x.detach().clone().contiguous(memory_format=problem.model.memory_format)
    with frozen(problem.model.network), torch.enable_grad():
        leaf = x.requires_grad_()
        composite = Composite(leaf, _ends(problem))
        with composite:
            score = problem.score(leaf)[0]
        if composite.missed:
            names = ", ".join(sorted(composite.missed))
            raise UnfitError(f"LRP has no rule for {names} in this model; choose integrated_gradients.")
        problem.report(0.5, "handing relevance down")
        relevance = composite.of_pixels(score)
    if not bool(relevance.any()):
        raise UnfitError(BLOCKED)
    return of_pixels(relevance[0].detach())


def _parts(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _ends(problem: Problem) -> tuple[Float[Tensor, "1 colours 1 1"], Float[Tensor, "1 colours 1 1"]]:
    """Black and white, as the network sees them."""
    card = problem.model.card
    mean, std = (torch.tensor(values).to(problem.x)[None, :, None, None] for values in (card.mean, card.std))
    return (0 - mean) / std, (1 - mean) / std


@dataclass(frozen=True)
class Layer:
    """A convolution that was run: what it was given, in case a normalisation follows that folds into it."""

    call: Call
    output: Tensor


@dataclass(frozen=True)
class Pixels:
    """The picture, as it is or padded, and the ends of what its pixels can be: black and white, padded as well.

    Attributes:
        entered: in the graph of the picture.
        leaves: pixels and both ends, from which the first layer's graph begins.
    """

    entered: Tensor
    leaves: tuple[Tensor, Tensor, Tensor]

    def after(self, call: Call) -> "Pixels":
        """The same, handed on by a call."""
        pixels, low, high = (call.exchanged(lambda _, leaf=leaf: leaf).plain() for leaf in self.leaves)  # type: ignore[misc]
        return of_leaves(call.plain(), (pixels, low, high))


def of_leaves(entered: Tensor, values: tuple[Tensor, Tensor, Tensor]) -> Pixels:
    """Pixels and ends as fresh leaves."""
    pixels, low, high = (value.detach().clone().requires_grad_() for value in values)
    return Pixels(entered, (pixels, low, high))


@dataclass(eq=False)
class Composite(Intercept):
    """Answers every operation by its rule of relevance.

    Attributes:
        picture: the leaf.
        ends: black and white.
        missed: names of functions that have no rule, and whose derivative is none.
    """

    picture: Tensor
    ends: tuple[Tensor, Tensor]
    missed: set[str] = field(default_factory=set)
    _layers: dict[int, Layer] = field(default_factory=dict)
    _places: dict[int, Pixels] = field(default_factory=dict)
    _boxed: Pixels | None = None

    def __post_init__(self) -> None:
        super().__init__()
        low, high = (end.expand_as(self.picture) for end in self.ends)
        self._places[id(self.picture)] = of_leaves(self.picture, (self.picture, low, high))

    def of_pixels(self, score: Tensor) -> Tensor:
        """Relevance of each pixel: what it is times the gradient, with both ends where z^B was used.

        Raises:
            UnfitError: no relevance reaches the pixels.
        """
        if not score.requires_grad:
            raise UnfitError(BLOCKED)
        boxed = self._boxed
        if boxed is None:
            return self.picture * torch.autograd.grad(score, self.picture, materialize_grads=True)[0]
        gradients = torch.autograd.grad(score, boxed.leaves, allow_unused=True, materialize_grads=True)
        relevance = torch.zeros_like(boxed.entered)
        for leaf, gradient in zip(boxed.leaves, gradients, strict=True):
            relevance += leaf.detach() * gradient
        if boxed.entered is self.picture:
            return relevance
        return torch.autograd.grad(boxed.entered, self.picture, relevance)[0]  # past the padding

    def answer(self, call: Call) -> Tensor | None:
        """The same value, with its rule in the graph; None where the gradient is the rule."""
        if call.name in PLACES:
            return self._handed_on(call)
        if call.name in CONVOLUTIONS and len(call.tracked) == 1:
            return self._convolution(call)
        if call.name == "batch_norm":
            return self._folded(call)
        rule = _RULES.get(call.name)
        if rule is None and call.name in ELEMENTWISE and len(call.tracked) == 1:
            rule = _activation
        if rule is None and not rule_known(call.name):
            self._note(call)
        return None if rule is None else rule(call)

    def _note(self, call: Call) -> None:
        """Remember a function without a rule, where what it gives depends on the picture."""
        value = call.plain()
        if any(isinstance(part, Tensor) and part.requires_grad for part in _parts(value)):
            self.missed.add(call.name)

    def _handed_on(self, call: Call) -> Tensor | None:
        if id(call.args[0]) not in self._places:
            return None
        handed = self._places[id(call.args[0])].after(call)
        self._places[id(handed.entered)] = handed
        return handed.entered

    def _convolution(self, call: Call) -> Tensor:
        output = self._ruled(call, _gate(call), *_weights(call))
        self._layers[id(output)] = Layer(call, output)
        return output

    def _folded(self, call: Call) -> Tensor | None:
        """A convolution and the normalisation after it as one; None for a normalisation that stands alone."""
        x, mean, var, scale, shift, training = (_argument(call, *place) for place in enumerate(NORMALISATION))
        layer, eps = self._layers.get(id(x)), _argument(call, 7, "eps")
        if layer is None or training or mean is None:
            return None
        weight, bias = _weights(layer.call)
        factor = (var + (SMALL if eps is None else eps)).rsqrt() * (1 if scale is None else scale)
        moved = (0 if shift is None else shift) + ((0 if bias is None else bias) - mean) * factor
        return self._ruled(layer.call, _gate(call), weight * factor.view(-1, *[1] * (weight.ndim - 1)), moved)

    def _ruled(self, call: Call, value: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        layer, x = _layer(call), call.tracked[0]
        pixels = self._places.get(id(x))
        if pixels is None:
            return rules.late(lambda a: rules.gamma(layer, a, weight, bias), x, value)
        self._boxed = pixels
        leaf, low, high = pixels.leaves
        return rules.box(layer, leaf, weight, bias, (low, high))


def _argument(call: Call, place: int, name: str) -> Any:
    return call.args[place] if len(call.args) > place else call.kwargs.get(name)


def _weights(call: Call) -> tuple[Tensor, Tensor | None]:
    return _argument(call, 1, "weight"), _argument(call, 2, "bias")


def _layer(call: Call) -> rules.Map:
    """The call as a function of activations, weights and bias."""
    rest = call.args[3:]
    more = {name: value for name, value in call.kwargs.items() if name not in ("weight", "bias", "input")}
    return lambda a, weight, bias: call.function(a, weight, bias, *rest, **more)


def _dense(call: Call) -> Tensor | None:
    if len(call.tracked) > 1:
        return None
    return rules.epsilon(_layer(call), call.tracked[0], *_weights(call))


def _activation(call: Call) -> Tensor:
    x = call.tracked[0]
    return rules.identity(lambda value: call.exchanged(lambda _: value).plain(), x)


def _gate(call: Call) -> Tensor:
    """A constant: it weighs signals and is none."""
    value: Tensor = call.exchanged(Tensor.detach).plain()
    return value


def _product(call: Call) -> Tensor | None:
    if len(call.tracked) != 2 or call.name == "einsum":
        return None
    return rules.half(call.function, call.args[0], call.args[1])


def _quotient(call: Call) -> Tensor | None:
    below = call.args[1]
    return call.args[0] / below.detach() if isinstance(below, Tensor) and below.requires_grad else None


def _over_constant(x: Tensor, dims: list[int], eps: float | None) -> Tensor:
    """X over the root of its mean square, which is a constant."""
    return x / (x.detach().square().mean(dims, keepdim=True) + (SMALL if eps is None else eps)).sqrt()


def _centred(x: Tensor, dims: list[int]) -> Tensor:
    return x - x.mean(dims, keepdim=True)


def _layer_norm(call: Call, *, centred: bool = True) -> Tensor:
    x, shape, weight = call.args[0], _argument(call, 1, "normalized_shape"), _argument(call, 2, "weight")
    dims = list(range(-len(shape), 0))
    signal = _over_constant(_centred(x, dims) if centred else x, dims, _argument(call, 4 if centred else 3, "eps"))
    return _as_called(call, signal if weight is None else signal * weight)


def _group_norm(call: Call) -> Tensor:
    x, weight = call.args[0], _argument(call, 2, "weight")
    grouped = _centred(x.reshape(len(x), _argument(call, 1, "num_groups"), -1), [-1])
    signal = _over_constant(grouped, [-1], _argument(call, 4, "eps")).reshape(x.shape)
    return _as_called(call, signal if weight is None else signal * weight.view(-1, *[1] * (x.ndim - 2)))


def _normalize(call: Call) -> Tensor:
    x, dim, eps = call.args[0], _argument(call, 2, "dim"), _argument(call, 3, "eps")
    length = x.detach().norm(dim=1 if dim is None else dim, keepdim=True)
    return _as_called(call, x / length.clamp_min(1e-12 if eps is None else eps))


def _as_called(call: Call, signal: Tensor) -> Tensor:
    """The call's own value, with the gradient of ``signal``."""
    return valued(signal, _gate(call))


def _attention(call: Call) -> Tensor:
    """What is attended to carries the signal; where attention goes is a constant."""
    detached = call.exchanged(Tensor.detach)
    query, key = detached.args[:2]
    return call.function(query, key, *call.args[2:], **call.kwargs)


_RULES: Mapping[str, Callable[[Call], Tensor | None]] = {
    "linear": _dense,
    "scaled_dot_product_attention": _attention,
    "layer_norm": _layer_norm,
    "rms_norm": partial(_layer_norm, centred=False),
    "group_norm": _group_norm,
    "normalize": _normalize,
    "div": _quotient,
    **dict.fromkeys(GATES, _gate),
    **dict.fromkeys(PRODUCTS, _product),
}
