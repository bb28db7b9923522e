"""Grad-CAM in words: which neurons support and oppose a class, and what they are called.

Selvaraju et al. 2017, section 7: the importance of neuron k is mean_hw dy/dA_k. Before a linear head a neuron is named
after the labels whose head weights for it stand out most among all neurons' weights for that label.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from explainers.attribution.methods import cams
from explainers.attribution.methods.maps import activations_of
from explainers.attribution.methods.problem import Problem
from explainers.kit.linear_head import linear_head
from explainers.kit.targets import of_classes
from models import ModelHandle


@dataclass(frozen=True)
class Neuron:
    """One channel of a layer.

    Attributes:
        index: of the channel.
        importance: mean_hw dy/dA_k, positive for the class.
        contribution: importance times the channel's sum over the map: what it gives to the score here.
        names: labels that it supports most; empty where the layer is not followed by a linear head.
    """

    index: int
    importance: float
    contribution: float
    names: tuple[str, ...]


@dataclass(frozen=True)
class NeuronWords:
    """Neurons for and against a class, strongest first, and the sentence that they make."""

    label: str
    positive: tuple[Neuron, ...]
    negative: tuple[Neuron, ...]
    what: str = "also supports"

    @property
    def sentence(self) -> str:
        """As in: Egyptian cat, because of what also supports tabby; in spite of what supports pillow."""
        for_it, against = (_names(group, self.label) for group in (self.positive, self.negative))
        if not for_it and not against:
            return (
                f"The neurons of this layer have no names for *{self.label}*, since no linear head follows it: look at"
                " the patches."
            )
        because = f", because of what {self.what} {_listed(for_it)}" if for_it else ""
        spite = f"; in spite of what {self.what.removeprefix('also ')} {_listed(against)}" if against else ""
        return f"*{self.label}*{because}{spite}."


def neuron_words(
    model: ModelHandle, x: Float[Tensor, "1 colours y x"], target: int, layer: str | None = None, count: int = 5
) -> NeuronWords:
    """The ``count`` neurons that give most to a class's score, and those that take most from it.

    Raises:
        InputError: the class or layer is not there.
        UnfitError: no gradient reaches the layer.
    """
    place = model.layer(layer)
    classes = of_classes(torch.tensor([model.card.check_target(target)]))
    activations, gradients, logits = activations_of(Problem(model, x, classes, place))
    importance = cams.gradcam(activations, gradients)[0]
    given = importance * activations[0].sum((1, 2))
    head = linear_head(model, activations, logits)
    weights = None if head is None else head.weight.detach().float()
    order = given.argsort(descending=True).tolist()

    def neuron(index: int) -> Neuron:
        return Neuron(index, float(importance[index]), float(given[index]), named(weights, index, model.card.labels))

    return NeuronWords(
        model.card.labels[target].split(",")[0],
        tuple(neuron(index) for index in order[:count] if given[index] > 0),
        tuple(neuron(index) for index in order[::-1][:count] if given[index] < 0),
    )


def named(weights: Float[Tensor, "k c"] | None, index: int, labels: tuple[str, ...], count: int = 2) -> tuple[str, ...]:
    """The labels that channel ``index`` supports most; none where no linear head (K, C) follows."""
    if weights is None:
        return ()
    # Each label's weights over their own spread: a label with large weights everywhere must not name every neuron.
    column = weights[:, index] / weights.std(dim=1).clamp(min=1e-12)
    best = column.topk(min(count, len(labels)))
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return tuple(labels[k].split(",")[0] for k, weight in pairs if weight > 0)


def _names(neurons: tuple[Neuron, ...], label: str) -> list[str]:
    """The names of some neurons, each once, without the class's own."""
    return list(dict.fromkeys(name for each in neurons for name in each.names if name != label))[:3]


def _listed(names: list[str]) -> str:
    marked = [f"*{name}*" for name in names]
    return marked[0] if len(marked) == 1 else ", ".join(marked[:-1]) + " and " + marked[-1]


@dataclass(frozen=True)
class GroupDifference:
    """How a model looks at two groups of pictures.

    Attributes:
        maps: (2, h, w) mean signed map of each group, each picture's map over its own largest value.
        neurons: channels that differ most between the groups, strongest first.
        effect: Cohen's d of each of them: first group minus second, in pooled deviations.
    """

    maps: Float[np.ndarray, "2 h w"]
    neurons: tuple[int, ...]
    effect: Float[np.ndarray, " n"]


def difference(
    maps: tuple[Float[np.ndarray, "a h w"], Float[np.ndarray, "b h w"]],
    given: tuple[Float[np.ndarray, "a c"], Float[np.ndarray, "b c"]],
    count: int = 10,
) -> GroupDifference:
    """Where the model looks in two groups, and which channels differ most (Selvaraju et al. 2017, section 6.3).

    Args:
        maps: of the first group and of the second, each picture's over its own largest value.
        given: what each channel gives to the score, as `Statistics.given`.
        count: how many channels to list.
    """
    effect = cohens_d(*given)
    order = np.argsort(-np.abs(effect), kind="stable")[:count]
    means = np.stack([each.mean(0) for each in maps])
    return GroupDifference(means, tuple(int(index) for index in order), effect[order])


def cohens_d(a: Float[np.ndarray, "a c"], b: Float[np.ndarray, "b c"]) -> Float[np.ndarray, " c"]:
    """Difference of the means over the pooled deviation, column by column; 0 where nothing varies."""
    freedom = max(1, len(a) + len(b) - 2)
    pooled = np.sqrt((((a - a.mean(0)) ** 2).sum(0) + ((b - b.mean(0)) ** 2).sum(0)) / freedom)
    difference = a.mean(0) - b.mean(0)
    return np.divide(difference, pooled, out=np.zeros_like(difference), where=pooled > 0)
