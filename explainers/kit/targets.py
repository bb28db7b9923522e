"""What a map explains: one number a picture, made from the network's answer or from any layer inside it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from explainers.kit.hooks import Recorded, Site, record_output
from models import Layer, ModelHandle
from models.errors import InputError

Score = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Target:
    """What is asked of the network.

    Attributes:
        score: (output (N, ...), rows (N,): which picture each row of it belongs to) -> one number a row (N,).
        at: what is scored: a site, or the output of the module of that name; empty for the network's own answer.
        top: whether it asks for each picture's own first answer, which is known only after one forward pass.
        classes, others: of each picture (B,), where the score is a logit or a difference of two.
    """

    score: Score
    at: Site | str = ""
    top: bool = False
    classes: Int[Tensor, " b"] | None = None
    others: Int[Tensor, " b"] | None = None

    def resolve_top1(self, output: Tensor) -> "Target":
        """The same target with the first answers of ``output`` (B, K) written down."""
        return of_classes(output.argmax(1)) if self.top else self

    def row(self, index: int) -> "Target":
        """The same target for one picture of the batch alone."""
        if self.classes is None:
            return self
        classes = self.classes[index : index + 1]
        return of_classes(classes) if self.others is None else of_difference(classes, self.others[index : index + 1])

    def of_inputs(self, network: nn.Module, x: Tensor, rows: Int[Tensor, " n"] | None = None) -> Float[Tensor, " n"]:
        """The score of each input (N, 3, H, W), which belongs to the picture of its own place, or to that in ``rows``.

        Raises:
            UnfitError: the network does not run the module that is scored.
        """
        with record_output(network, self.at) as seen:
            output = network(x)
        owners = torch.arange(len(x), device=x.device) if rows is None else rows
        return self.score(self.scored(output, seen), owners)

    def scored(self, output: Tensor, seen: Recorded) -> Tensor:
        """What is scored: what was recorded at the site, or the network's answer where there is none.

        Raises:
            UnfitError: the network does not run the module that is scored.
        """
        return seen.taken() if self.at else output


def of_top() -> Target:
    """The logit of each picture's own first answer."""
    return Target(lambda logits, _rows: logits.amax(1), top=True)


def of_classes(classes: Int[Tensor, " b"]) -> Target:
    """The logit of a class for each picture."""

    def score(logits: Tensor, rows: Tensor) -> Tensor:
        return logits.gather(1, classes.to(logits.device)[rows][:, None])[:, 0]

    return Target(score, classes=classes)


def of_difference(classes: Int[Tensor, " b"], others: Int[Tensor, " b"]) -> Target:
    """Why this rather than that: the logit of a class minus the logit of another."""
    one, other = of_classes(classes).score, of_classes(others).score
    return Target(lambda logits, rows: one(logits, rows) - other(logits, rows), classes=classes, others=others)


def of_neuron(layer: Layer, channel: int, place: tuple[int, int] | None = None) -> Target:
    """One channel of a layer: its mean over the picture, or its value at ``place`` (row, column).

    Raises:
        InputError: there is no such channel.
    """
    if not 0 <= channel < layer.shape[0]:
        raise InputError(f"Layer '{layer.name}' has no channel {channel}: choose one from 0 to {layer.shape[0] - 1}.")

    def score(output: Tensor, _rows: Tensor) -> Tensor:
        values = layer.as_map(output)[:, channel]
        return values.mean((1, 2)) if place is None else values[:, place[0], place[1]]

    return Target(score, layer.name)


def of_direction(layer: Layer, direction: Float[Tensor, " c"]) -> Target:
    """A direction of a layer's channels, such as a concept's atom: the mean over the picture of what lies along it."""
    return Target(lambda output, _rows: layer.as_map(output).mean((2, 3)) @ direction.to(output), layer.name)


def of_similarity(
    vector: Float[Tensor, " d"], at: Site | str = "", read: Callable[[Tensor], Tensor] | None = None
) -> Target:
    """Cosine similarity to an embedding: of another picture (`embedding`), or of a sentence (`models.clip.sentence`).

    Args:
        vector: the embedding.
        at: where the embedding passes by, maps averaged over places; the network's own answer by default.
        read: makes vectors (N, D) of what passes by there; `pooled` by default.
    """
    read = read or pooled
    return Target(lambda output, _rows: F.cosine_similarity(read(output), vector.to(output)[None]), at)


def chosen_class(model: ModelHandle, logits: Float[Tensor, " k"], target: int | None) -> int:
    """The class that is explained: the one that was chosen, else the network's first answer.

    Raises:
        InputError: the model has no such class.
        UnfitError: it has no classes, or its answer is not finite.
    """
    first = model.first_answer(logits)
    return first if target is None else model.card.check_target(target)


def of_class(model: ModelHandle, target: int | None, versus: int | None = None) -> Target:
    """The class of one picture, its first answer for None, or the class rather than another.

    Raises:
        InputError: a class that is not there, or one set against itself.
    """
    if target is None and model.findings.count != 1:
        return of_top()
    target = target or 0
    classes = torch.tensor([model.card.check_target(target)])
    if versus is None:
        return of_classes(classes)
    if model.card.check_target(versus) == target:
        raise InputError(f"Class {target} cannot be set against itself; choose another one for 'rather than'.")
    return of_difference(classes, torch.tensor([versus]))


def embedding(
    model: ModelHandle,
    x: Float[Tensor, "1 colours y x"],
    at: Site | str,
    read: Callable[[Tensor], Tensor] | None = None,
) -> Float[Tensor, " d"]:
    """What passes by at ``at`` for one picture, averaged over places: a vector for `of_similarity`."""
    with torch.inference_mode(), record_output(model.network, at) as seen:
        output = model.network(x)
    return (read or pooled)(seen.taken() if at else output)[0].clone()


def pooled(output: Tensor) -> Float[Tensor, "n d"]:
    """Maps (N, C, h, w) and token sequences (N, T, D) as their mean vector; vectors as they are."""
    if output.ndim == 4:
        return output.mean((2, 3))
    return output.mean(1) if output.ndim == 3 else output
