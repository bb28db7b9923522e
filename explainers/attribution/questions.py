"""Targets beside a class: a neuron, the likeness to another picture, a sentence."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from explainers.attribution.sentences import plain
from explainers.kit.hooks import Site
from explainers.kit.penultimate import answering_layer
from explainers.kit.targets import Target, embedding, of_neuron, of_similarity, pooled
from models import Layer, ModelHandle, Photo, clip
from models.errors import InputError

MEASURES = {"neuron": "mean activation", "likeness": "cosine", "sentence": "cosine"}


@dataclass(frozen=True)
class NamedTarget:
    """A target that is no class, and its words.

    Attributes:
        target_of: the target of a network: of the model's own, or of one of the same build under other weights.
        asked: what the map supports, as "what neuron 17 of layer4 sees".
        noun: what is measured, as "the cosine".
    """

    target_of: Callable[[ModelHandle], Target]
    asked: str
    noun: str


def neuron(model: ModelHandle, channel: int, where: str | None, looked: tuple[Layer, ...]) -> NamedTarget:
    """The mean activation of a channel.

    Args:
        model: the network.
        channel: of the layer.
        where: the layer; by default the last map, or the one looked at where that comes later.
        looked: the layers that are looked at.

    Raises:
        InputError: there is no such layer or channel, or the layer comes before one that is looked at.
    """
    order = [layer.name for layer in model.layers()]
    last = max(looked, key=lambda layer: order.index(layer.name))
    place = model.layer(where) if where else max(last, model.layer(None), key=lambda layer: order.index(layer.name))
    if order.index(place.name) < order.index(last.name):
        raise InputError(
            f"The neurons of layer '{place.name}' do not depend on layer '{last.name}', which comes after it;"
            f" set layer={place.name} or an earlier one."
        )
    target = of_neuron(place, channel)
    return NamedTarget(lambda _model: target, f"what neuron {channel} of {place.name} sees", "the neuron's activation")


def likeness(model: ModelHandle, other: Photo) -> NamedTarget:
    """Cosine similarity to another picture's embedding."""
    x = model.normalise(model.view(other).pixels[None])
    at, read = embedded_at(model, x)

    def target_of(under: ModelHandle) -> Target:
        return of_similarity(embedding(under, x, at, read), at, read)

    return NamedTarget(target_of, f"the likeness to {plain(other.name)}", "the cosine")


def sentence(model: ModelHandle, words: str) -> NamedTarget:
    """Cosine similarity to a sentence's embedding, for models that read words.

    Raises:
        InputError: the sentence is too long.
        UnfitError: the model reads no words.
    """
    target = of_similarity(clip.sentence(model, words), clip.EMBEDS_AT)
    return NamedTarget(lambda _model: target, f"the words '{plain(words)}'", "the cosine")


def embedded_at(model: ModelHandle, x: Float[Tensor, "1 colours y x"]) -> tuple[Site | str, Callable[[Tensor], Tensor]]:
    """Where the network says in one vector what a picture is like, and how that is read.

    It is a CLIP's image embedding, else what the linear layer is given that answers, else the last map, averaged.
    """
    if clip.is_clip(model.network):
        return clip.EMBEDS_AT, pooled
    head = answering_layer(model.network, x)
    if head:
        return Site(head, input=True), pooled
    layer = model.layer(None)
    return layer.name, lambda output: layer.as_map(output).mean((2, 3))
