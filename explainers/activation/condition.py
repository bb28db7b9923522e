"""What is asked for: a class, a class rather than another, a channel of a layer, or one of its places."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from explainers.activation.params import GENERATED, ClimbParams
from explainers.kit.hooks import record_output
from models import ModelHandle
from models.errors import InputError, UnfitError

Condition = Callable[[Float[Tensor, "b c h w"]], Float[Tensor, " b"]]


def condition_of(model: ModelHandle, params: ClimbParams, *, logarithm: bool = False) -> Condition:
    """One number a picture, differentiable in the normalised input.

    Args:
        model: the network.
        params: what is asked for.
        logarithm: whether a class counts by the logarithm of its probability instead of its logit.

    Raises:
        UnfitError: a model without classes is asked for a class.
        InputError: there is no such class, layer or channel, or a class is set against itself.
    """
    if params.condition in ("channel", "neuron"):
        return _at_layer(model, params)
    if not model.card.has_classes:
        raise UnfitError(model.card.classless)
    cls = model.card.check_target(params.target)
    if params.condition == "class":
        return lambda x: (model.network(x).log_softmax(1) if logarithm else model.network(x))[:, cls]
    other = model.card.check_target(params.versus)
    if other == cls:
        raise InputError(f"Class {cls} cannot be set against itself; choose another one for versus.")

    def difference(x: Tensor) -> Tensor:
        logits = model.network(x)
        return logits[:, cls] - logits[:, other]

    return difference


def _at_layer(model: ModelHandle, params: ClimbParams) -> Condition:
    """The mean of a channel over places, or its value in the middle."""
    layer = model.layer(params.layer)
    if params.channel >= layer.shape[0]:
        raise InputError(
            f"Layer '{layer.name}' has no channel {params.channel}: choose one from 0 to {layer.shape[0] - 1}."
        )

    def value(x: Tensor) -> Tensor:
        with record_output(model.network, layer.name) as seen:
            model.network(x)
        maps = layer.as_map(seen.taken())[:, params.channel]
        if params.condition == "channel":
            return maps.mean((1, 2))
        return maps[:, maps.shape[1] // 2, maps.shape[2] // 2]

    return value


def title_of(model: ModelHandle, params: ClimbParams) -> str:
    """What is asked for, in words."""
    if params.condition in ("channel", "neuron"):
        layer = model.layer(params.layer)
        place = "channel" if params.condition == "channel" else "the neuron in the middle of channel"
        return f"{place} {params.channel} of {layer.name}"
    last = params.target if params.then is None or params.prior not in GENERATED else params.then
    labels = [model.card.short(cls) for cls in (last, params.versus)]
    return labels[0] if params.condition == "class" else f"{labels[0]} rather than {labels[1]}"


def total_variation(pictures: Float[Tensor, "n 3 s s"]) -> Float[Tensor, " n"]:
    """Mean squared difference of neighbours, (n,)."""
    down = (pictures[:, :, 1:] - pictures[:, :, :-1]).square().mean((1, 2, 3))
    right = (pictures[:, :, :, 1:] - pictures[:, :, :, :-1]).square().mean((1, 2, 3))
    return down + right


def roughness(pictures: Float[Tensor, "n 3 s s"]) -> Float[Tensor, " n"]:
    """What keeps free pixels from noise: total variation, and the distance from grey."""
    grey = (pictures - 0.5).square().mean((1, 2, 3))
    return ROUGH * total_variation(pictures) + PALE * grey


ROUGH, PALE = 200.0, 5.0
