"""What tells a class from another: the characteristic whose change brings their pictures together.

How far two classes lie apart is the difference of their scores: of this picture, and of training pictures of the other
class. Both are changed alike, one characteristic at a time; what is lost of the distance is what rested on it. A change
that moves all pictures one way, whatever their class, takes nothing away, which the fall of one picture's score cannot
tell. Likenesses are read where they were greatest before the change, as everywhere in this lens.

Strengths are greater than the paper's, so that a characteristic is taken away and not only shaken, and as some changes
cost every pair of classes more than others, each loss is divided by the usual one of this model's classes. Strengths,
and what stands for the usual loss where there are few classes, were set on drawn pairs that differ in colour, pattern
or outline alone (`tests.benchmarks.bench_telling`).

Limits: a network that was never shown two classes that differ in their texture alone tells none apart so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from explainers.base import AboutClass, Evidence, Run, explainer
from explainers.kinds import Class
from explainers.kit.characteristics import CHARACTERISTICS
from explainers.params import ImageParams, knob
from explainers.prototypes.changed import at_place, peaks, views
from explainers.prototypes.reasons import named
from models import ModelHandle
from models.errors import InputError, UnfitError
from models.prototypes.network import prototype_net

STRONG: Mapping[str, float] = {"hue": 0.5, "saturation": 0.7, "contrast": 0.45, "texture": 24.0, "shape": 8.0}
USUAL: Mapping[str, float] = {"hue": 0.55, "saturation": 0.3, "contrast": 0.3, "texture": 0.5, "shape": 0.9}
"""Share of the distance that each change costs in the mean, for EfficientNet-Lite0 on drawn pairs."""
LEAST = 0.3  # a change that usually costs less would make much of noise
KNOWN = 6  # pairs of classes that `USUAL` counts for: a model's own pairs count one each
CLOSE = 0.75  # of the greatest loss, from which on a characteristic is named beside the first


@dataclass(frozen=True, kw_only=True)
class TellingParams(ImageParams):
    """Which two classes."""

    target: int | None = knob(None, kind=Class(), auto="the model's first answer", help="The class", label="Class")
    other: int | None = knob(
        None, kind=Class(), auto="the likeliest other", help="The class that it is told from", label="Other class"
    )


@dataclass(frozen=True, kw_only=True)
class Telling(AboutClass):
    """What is lost of the distance between a picture and another class.

    Attributes:
        lost: float32 (5,), share of the distance that goes with hue, saturation, contrast, texture, shape.
        usual: float32 (5,), share that each change costs this model's other pairs of classes in the mean.
        distance: of the scores' differences, before anything is changed.
        other: name of the other class.
    """

    lost: np.ndarray
    usual: np.ndarray
    distance: float
    other: str

    @property
    def share(self) -> np.ndarray:
        """The losses beside the usual ones, (5,): the greatest is what tells the classes apart."""
        return self.lost / self.usual

    @property
    def reason(self) -> str:
        """The characteristic that tells them apart most."""
        return CHARACTERISTICS[int(self.share.argmax())]

    @property
    def chief(self) -> tuple[int, ...]:
        """The characteristics that tell them apart, the most first; none where no change brings them together."""
        if self.distance <= 0 or self.share.max() <= 0:
            return ()
        order = np.argsort(-self.share, kind="stable")
        return tuple(int(at) for at in order if self.share[at] >= CLOSE * self.share.max())

    @property
    def clause(self) -> str:
        """Which characteristics tell them apart, how strongly, and what is usual: a sentence without its subject."""
        that, chief = self.other.split(",")[0], list(self.chief)
        if not chief:
            return f"is not told from *{that}* by any characteristic of this picture alone."
        by = "by its" if self.share.max() > 1 else "weakly, most by its"
        lost, usually = (named([f"{value:.0%}" for value in values[chief]]) for values in (self.lost, self.usual))
        return (
            f"is told from *{that}* {by} {named([CHARACTERISTICS[at] for at in chief])}: changing"
            f" {'it' if len(chief) == 1 else 'them'} takes {lost} of their distance, {usually} between other classes."
        )

    @property
    def sentence(self) -> str:
        """Which characteristics tell them apart."""
        return f"*{self.label.split(',')[0]}* {self.clause}"


def _nothing(_model: ModelHandle, _params: TellingParams, _result: Telling, _run: Run) -> Evidence:
    """Its control is the benchmark: pairs whose difference is known."""
    return Evidence(scores=())


@explainer("What tells it apart", paper="https://arxiv.org/abs/2011.02863", evidence=_nothing, inner=True)
def prototype_telling(model: ModelHandle, params: TellingParams, run: Run) -> Telling:
    """Change a picture and compare it with another class, changed alike; see the module's docstring."""
    network = prototype_net(model)
    if "changed" not in network.record:
        raise UnfitError(
            f"{model.card.title} was trained before changed pictures were kept with it; train it again to see what"
            " tells its classes apart."
        )
    seen = views(model, params.image, STRONG, run.report)
    with torch.inference_mode():
        maps = network.similarities(model.normalise(seen)).float().cpu().numpy()
        weight = network.head.weight.detach().float().cpu().numpy()
    logits = weight @ peaks(maps[0])[0]
    order = np.argsort(-logits, kind="stable")
    target = int(order[0]) if params.target is None else model.card.check_target(params.target)
    if params.other is None:
        other = next(int(at) for at in order if at != target)
    else:
        other = model.card.check_target(params.other)
    if other == target:
        raise InputError(f"{model.card.labels[target]} is not told from itself; choose another class beside it.")
    reference = network.record["changed"][:, other].astype(np.float32)
    apart = (at_place(maps) - reference) @ (weight[target] - weight[other])
    return Telling(
        lost=lost(apart),
        usual=usual(network.record["changed"].astype(np.float32), weight, (target, other)),
        distance=float(apart[0]),
        label=model.card.labels[target],
        other=model.card.labels[other],
    )


def lost(apart: Float[np.ndarray, "6"]) -> Float[np.ndarray, "5"]:
    """Share of a distance that each of five changes takes away; zeros where there was none."""
    if abs(apart[0]) < 1e-6:
        return np.zeros(len(apart) - 1, np.float32)
    return (1 - apart[1:] / apart[0]).astype(np.float32)


def usual(
    changed: Float[np.ndarray, "6 k p"], weight: Float[np.ndarray, "k p"], but: tuple[int, int]
) -> Float[np.ndarray, "5"]:
    """Share of the distance that each change costs in the mean: of all other pairs of classes, and `USUAL` for `KNOWN`.

    What a change costs depends on the network as much as on the classes: some hardly see with little contrast.
    """
    points = changed @ weight.T  # (6, k, k): of the pictures of a class for a class
    gaps = np.einsum("ikk->ik", points)[:, :, None] - points  # for their own class rather than for another
    apart = gaps + gaps.transpose(0, 2, 1)
    pairs = [(a, b) for a in range(len(weight)) for b in range(a + 1, len(weight)) if {a, b} != set(but)]
    costs = np.array([np.clip(lost(apart[:, a, b]), 0, 1.5) for a, b in pairs]).reshape(-1, len(CHARACTERISTICS))
    total = costs.sum(0) + KNOWN * np.array([USUAL[name] for name in CHARACTERISTICS])
    return np.maximum(total / (len(costs) + KNOWN), LEAST).astype(np.float32)


def means(likeness: Float[np.ndarray, "n 6 p"], labels: np.ndarray, classes: int) -> Float[np.ndarray, "6 k p"]:
    """Mean likeness of each class's pictures, as they are and changed; zeros for a class without pictures."""
    total = np.zeros((6, classes, likeness.shape[2]), np.float32)
    for cls in range(classes):
        if (labels == cls).any():
            total[:, cls] = likeness[labels == cls].mean(0)
    return total
