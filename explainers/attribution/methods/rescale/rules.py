"""Which rule each function of torch follows, by name; a rule takes what the function takes, pairs for tensors."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from explainers.attribution.methods.rescale.pairs import Pair, affine, constant, highest, over, rescale, softmax, times

_NUMBERS = """
relu relu6 hardtanh clamp clamp_min clamp_max clip threshold leaky_relu prelu rrelu elu selu celu gelu silu mish
softplus softsign softshrink hardshrink tanhshrink logsigmoid log_sigmoid sigmoid tanh hardsigmoid hardswish exp expm1
log log1p log2 sqrt rsqrt square reciprocal pow abs sin cos atan erf __rdiv__ __rtruediv__ __rpow__
"""
_PRODUCTS = "mul multiply matmul __matmul__ bmm mm einsum"
_LINEAR = """
__get__ __getitem__ __len__ __rsub__ _assert _pad adaptive_avg_pool1d adaptive_avg_pool2d add addcmul alpha_dropout
avg_pool1d avg_pool2d batch_norm broadcast_to cat channel_shuffle chunk clone concat concatenate contiguous conv1d
conv2d conv3d conv_transpose2d copy cumsum detach diagonal dim dropout dropout1d dropout2d expand expand_as
feature_dropout flatten flip float fold gather index_select interpolate is_contiguous linear masked_fill mean movedim
moveaxis narrow neg numel pad permute pixel_shuffle pixel_unshuffle repeat repeat_interleave requires_grad reshape
reshape_as roll rot90 select size split split_with_sizes squeeze stack stride sub subtract sum swapaxes tensor_split
tile to transpose type_as unbind unflatten unfold unsqueeze upsample view view_as where
"""
ELEMENTWISE, PRODUCTS, LINEAR = (frozenset(names.split()) for names in (_NUMBERS, _PRODUCTS, _LINEAR))
HOMOGENEOUS = frozenset(
    (
        *("max_pool1d", "max_pool2d", "max_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d", "lp_pool2d"),
        *("max", "amax", "min", "amin", "maximum", "minimum", "cummax", "sort", "topk", "median", "linalg_vector_norm"),
        *("detach", "item"),
    )
)
"""Functions whose inputs times their derivative are their value, so that the derivative hands down all relevance."""
Rule = Callable[..., Pair | None]


def as_pair(value: Pair | Tensor) -> Pair:
    """A pair, of a constant too."""
    return value if isinstance(value, Pair) else constant(value)


def elementwise(function: Callable[..., Tensor], x: Pair, *rest: Any, **more: Any) -> Pair | None:
    """The rescale rule of a function of one number; None where another argument depends on the picture too."""
    if not isinstance(x, Pair) or any(isinstance(value, Pair) for value in (*rest, *more.values())):
        return None
    return rescale(lambda value: function(value, *rest, **more), x)


def product(function: Callable[..., Tensor], *args: Any, **more: Any) -> Pair | None:
    """The rule for a product of two things that depend on the picture, what stands before them left as it is."""
    *first, x, y = args
    if not (isinstance(x, Pair) and isinstance(y, Pair)) or any(isinstance(value, Pair) for value in first):
        return None
    return times(lambda a, b: function(*first, a, b, **more), x, y)


def divided(x: Pair | Tensor | float, y: Pair | Tensor | float, *, rounding_mode: str | None = None) -> Pair | None:
    """A quotient is a product with the reciprocal; the divisor is a size, as in all normalisations."""
    if not isinstance(y, Pair) or rounding_mode is not None:
        return None
    below = rescale(torch.reciprocal, y)
    return over(x, below) if isinstance(x, Pair) else affine(lambda value: value * x, below)


def softmax_rule(x: Pair, dim: int = -1, *_: Any, **_more: Any) -> Pair:
    """See `pairs.softmax`."""
    return softmax(x, dim)


def attention(
    query: Pair | Tensor,
    key: Pair | Tensor,
    value: Pair | Tensor,
    attn_mask: Tensor | Pair | None = None,
    *rest: Any,
    **more: Any,
) -> Pair | None:
    """softmax(Q K' / sqrt(d) + mask) V as two products and a softmax."""
    more |= dict(zip(("dropout_p", "is_causal"), rest, strict=False))
    if more.get("is_causal") or more.get("enable_gqa"):
        return None
    q, k, v = map(as_pair, (query, key, value))
    scale = more.get("scale") or 1 / math.sqrt(q.now.shape[-1])
    logits = times(lambda a, b: scale * (a @ b.transpose(-2, -1)), q, k)
    if attn_mask is not None:
        mask = as_pair(attn_mask)
        logits = Pair(_masked(logits.now, mask.now), _masked(logits.before, mask.before))
    return times(torch.matmul, softmax(logits, -1), v)


def _masked(logits: Tensor, mask: Tensor) -> Tensor:
    return logits.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else logits + mask


def _scaled(x: Pair, dims: list[int], eps: float) -> Pair:
    """X / sqrt(mean of x^2 + eps): a square, a root and a product."""
    power = affine(lambda value: value.mean(dims, keepdim=True), rescale(torch.square, x))
    return over(x, rescale(lambda value: (value + eps).rsqrt(), power))


def _centred(x: Pair, dims: list[int]) -> Pair:
    return affine(lambda value: value - value.mean(dims, keepdim=True), x)


def layer_norm(
    x: Pair, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Pair:
    """Centred, then over the root of the mean square."""
    dims = list(range(-len(normalized_shape), 0))
    return _weighed(_scaled(_centred(x, dims), dims, eps), weight, bias)


def rms_norm(x: Pair, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Pair:
    """Over the root of the mean square."""
    dims = list(range(-len(normalized_shape), 0))
    return _weighed(_scaled(x, dims, torch.finfo(x.now.dtype).eps if eps is None else eps), weight, None)


def group_norm(
    x: Pair, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Pair:
    """As `layer_norm`, over groups of channels."""
    shape = x.now.shape
    grouped = affine(lambda value: value.reshape(shape[0], num_groups, -1), x)
    whole = affine(lambda value: value.reshape(shape), _scaled(_centred(grouped, [-1]), [-1], eps))
    channels = [-1, *[1] * (len(shape) - 2)]
    return _weighed(
        whole, weight if weight is None else weight.view(channels), bias if bias is None else bias.view(channels)
    )


def _weighed(x: Pair, weight: Tensor | None, bias: Tensor | None) -> Pair:
    scaled = x if weight is None else affine(lambda value: value * weight, x)
    return scaled if bias is None else affine(lambda value: value + bias, scaled)


def normalize(x: Pair, p: float = 2.0, dim: int = 1, eps: float = 1e-12, **_: Any) -> Pair | None:
    """X over its Euclidean length; None for other norms."""
    if p != 2:
        return None
    total = affine(lambda value: value.sum(dim, keepdim=True), rescale(torch.square, x))
    return over(x, rescale(lambda value: 1 / value.sqrt().clamp_min(eps), total))


def norm(x: Pair, p: Any = 2, dim: Any = None, keepdim: bool = False, **_: Any) -> Pair | None:
    """The Euclidean length; None for other norms."""
    if p not in (2, "fro") or dim is None:
        return None
    return rescale(torch.sqrt, affine(lambda value: value.sum(dim, keepdim=keepdim), rescale(torch.square, x)))


def glu(x: Pair, dim: int = -1) -> Pair:
    """One half times the sigmoid of the other."""
    one, gate = (affine(lambda value, part=part: value.chunk(2, dim)[part], x) for part in (0, 1))  # type: ignore[misc]
    return times(torch.mul, one, rescale(torch.sigmoid, gate))


def max_pool(pool: Callable[..., Any], x: Pair, *args: Any, return_indices: bool = False, **more: Any) -> Pair | None:
    """See `pairs.highest`; None where the places are asked for as well."""
    return None if return_indices else highest(lambda value: pool(value, *args, return_indices=True, **more), x)


_RULES: dict[str, Rule] = {
    "div": divided,
    "divide": divided,
    "true_divide": divided,
    "softmax": softmax_rule,
    "scaled_dot_product_attention": attention,
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    "group_norm": group_norm,
    "normalize": normalize,
    "norm": norm,
    "glu": glu,
    "max_pool2d": partial(max_pool, F.max_pool2d),
    "adaptive_max_pool2d": partial(max_pool, F.adaptive_max_pool2d),
}


def rule_of(name: str, function: Callable[..., Any], tracked: int) -> Rule | None:
    """The rule for a call of ``function`` on so many tensors that depend on the picture; None where it needs none."""
    if name in ELEMENTWISE:
        return partial(elementwise, function)
    if name in PRODUCTS:
        return partial(product, function) if tracked > 1 else None
    return _RULES.get(name)


def rule_known(name: str) -> bool:
    """Whether it is known of a function of this name what it does to a picture: linear, a product, or of one number."""
    return name in LINEAR | PRODUCTS | ELEMENTWISE | HOMOGENEOUS | _RULES.keys()
