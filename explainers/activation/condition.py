"""What is asked for, as one number a picture: a class, one rather than another, a channel, a neuron, a concept, words.

The targets are those of attribution (`kit.targets`); any function of the normalised input does as well, see `imagine`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from explainers.activation.params import GENERATED, ClimbParams
from explainers.base import Request, Run, find
from explainers.kit.dictionaries import checked
from explainers.kit.targets import Target, of_class, of_direction, of_neuron, of_similarity
from models import ModelHandle, clip
from models.errors import InputError, UnfitError

Score = Callable[[Float[Tensor, "b c h w"]], Float[Tensor, " b"]]


@dataclass(frozen=True)
class Condition:
    """What is asked for.

    Attributes:
        score: of normalised inputs (b, c, h, w) -> (b,), differentiable.
        title: in words.
    """

    score: Score
    title: str


def conditions_of(model: ModelHandle, params: ClimbParams, run: Run) -> tuple[Condition, ...]:
    """What is asked for, one after the other; of generators a class counts by its logarithm, as in the paper.

    Raises:
        UnfitError: a model without classes is asked for a class, or one without a text tower for a sentence.
        InputError: there is no such class, layer, channel or concept, or a class is set against itself.
    """
    if params.condition in ("class", "difference", "concept") and not model.card.has_classes:
        raise UnfitError(model.card.classless)
    logarithm = params.prior in GENERATED
    if params.condition == "class" and logarithm and params.then is not None:
        return tuple(_of_class(model, cls, logarithm=True) for cls in (params.target, params.then))
    return (_condition(model, params, run, logarithm=logarithm),)


def _condition(model: ModelHandle, params: ClimbParams, run: Run, *, logarithm: bool) -> Condition:
    if params.condition in ("channel", "neuron"):
        return _at_layer(model, params)
    if params.condition == "sentence":
        return _sentence(model, params.words)
    if params.condition == "concept":
        return _concept(model, params, run)
    if params.condition == "class":
        return _of_class(model, params.target, logarithm=logarithm)
    one, other = (model.card.short(model.card.check_target(cls)) for cls in (params.target, params.versus))
    return _scored(model, of_class(model, params.target, params.versus), f"{one} rather than {other}")


def _scored(model: ModelHandle, target: Target, title: str) -> Condition:
    """The same target for every picture of a batch."""

    def score(x: Tensor) -> Tensor:
        return target.of_inputs(model.network, x, torch.zeros(len(x), dtype=torch.long, device=x.device))

    return Condition(score, title)


def _of_class(model: ModelHandle, cls: int, *, logarithm: bool) -> Condition:
    cls = model.card.check_target(cls)
    target = Target(lambda logits, _rows: logits.log_softmax(1)[:, cls]) if logarithm else of_class(model, cls)
    return _scored(model, target, model.card.short(cls))


def _at_layer(model: ModelHandle, params: ClimbParams) -> Condition:
    """The mean of a channel over places, or its value in the middle."""
    layer = model.layer(params.layer)
    whole = params.condition == "channel"
    middle = (layer.shape[1] // 2, layer.shape[2] // 2)
    place = "channel" if whole else "the neuron in the middle of channel"
    target = of_neuron(layer, params.channel, None if whole else middle)
    return _scored(model, target, f"{place} {params.channel} of {layer.name}")


def _sentence(model: ModelHandle, words: str) -> Condition:
    if not words.strip():
        raise InputError("For a sentence give it as well, as words.")
    target = of_similarity(clip.sentence(model, words), clip.EMBEDS_AT)
    return _scored(model, target, f"the words '{' '.join(words.split())}'")


def _concept(model: ModelHandle, params: ClimbParams, run: Run) -> Condition:
    """The mean activation along a concept's atom; the bank is the one that the page of concepts learns by default."""
    lens = find("concepts")
    cls = model.card.check_target(params.target)
    wanted = lens.params(cls=cls, images=params.bank, seed=params.seed)
    bank: Any = run.part(0.0, 0.0).reuse(Request(lens.name, model.card.name, wanted))
    concept = checked(params.concept, len(bank.names))
    atom = torch.tensor(bank.dictionary[concept], dtype=torch.float32, device=model.device)
    title = f"{bank.names[concept]} of {model.card.short(cls)}"
    return _scored(model, of_direction(model.layer(bank.layer), atom), title)


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
