"""This looks like that, and why: which patches look like prototypes, and what tells the class from its runner-up.

A prototype classifier compares every place of the picture with patches of training pictures. Each likeness, times its
weight, is what the prototype gives to the class; together they are the class's score, with nothing left over.

What tells the class from its runner-up is measured on both: hue, saturation, contrast, texture and shape of the picture
and of training pictures of the other class are changed alike, one at a time; what is lost of the distance between them,
beside what such a change usually costs, tells them apart (`explainers.prototypes.telling`).

Beside it stands what each likeness rests on by itself (Nauta et al. 2020): the same five are changed in the picture
alone, and the likeness is measured again at the same place: what falls, counted.

Limits: how much one likeness falls depends on how strongly the picture is changed, and says little about what tells two
classes apart; characteristics are compared by their rank among this picture's prototypes as well as by the raw fall. A
prototype is as coarse as the network's last map: the box shows where it is strongest, not its outline.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.special import softmax

from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.kinds import Class
from explainers.kit.characteristics import CHARACTERISTICS, STRENGTHS
from explainers.params import ImageParams, knob
from explainers.prototypes.boxes import box
from explainers.prototypes.changed import at_place, peaks, views
from explainers.prototypes.evidence.one_picture import boxes_hidden, place_kept, relevance_ordering
from explainers.prototypes.reasons import percentiles, sentence
from explainers.prototypes.telling import Telling, prototype_telling
from models import ModelHandle, Photo
from models.prototypes.network import PrototypeNet, prototype_net

TOP = 5  # prototypes whose boxes are tried
LIMITS: dict[str, tuple[float, float]] = {
    "hue": (-0.5, 0.5),
    "saturation": (0.0, 2.0),
    "contrast": (0.0, 2.0),
    "texture": (0.0, 32.0),
    "shape": (0.0, 20.0),
}
"""The least and the most that each characteristic can be changed by."""


@dataclass(frozen=True, kw_only=True)
class PrototypesParams(ImageParams):
    """What can be chosen."""

    target: int | None = knob(
        None, kind=Class(), auto="the model's first answer", help="The class to explain", label="Class"
    )
    hue: float = knob(STRENGTHS["hue"], *LIMITS["hue"], "Shift of the hue; 0 changes nothing.", more=True)
    saturation: float = knob(
        STRENGTHS["saturation"], *LIMITS["saturation"], "Factor of the saturation; 1 changes nothing.", more=True
    )
    contrast: float = knob(
        STRENGTHS["contrast"], *LIMITS["contrast"], "Factor of the contrast; 1 changes nothing.", more=True
    )
    texture: float = knob(
        STRENGTHS["texture"],
        *LIMITS["texture"],
        "Strength of non-local means, which smooths texture; 0 changes nothing.",
        more=True,
    )
    shape: float = knob(
        STRENGTHS["shape"], *LIMITS["shape"], "Pixels by which shapes are bent; 0 changes nothing.", more=True
    )

    def strength(self, name: str) -> float:
        """How strongly a characteristic is changed."""
        return float(getattr(self, name))


@dataclass(frozen=True, kw_only=True)
class Prototypes(AboutClass):
    """Likeness of a picture to every prototype, for one class.

    Attributes:
        image: uint8 (H, W, 3), as the model saw it.
        similarity: float32 (P,), greatest likeness to each prototype.
        contribution: float32 (P,), what each gives to the class: likeness times weight; they add up to the logit.
        location: int (P, 2), row and column of the greatest likeness on the map.
        phi: float32 (5, P), how much each likeness falls when hue, saturation, contrast, texture or shape is changed.
        percentile: float32 (5, P), rank of it among this picture's prototypes, 0 to 1.
        boxes: int (P, 4), y0 x0 y1 x1 in the picture.
        logits: float32 (K,).
        weight: float32 (K, P), what each prototype counts for each class.
        changed: uint8 (5, h, w, 3), the changed pictures, small.
        owner: int (P,), class of each prototype.
        thumbnails: uint8 (P, 128, 128, 3), the training picture of each.
        prototype_boxes: int (P, 4), its place in that.
        files, classes: where each comes from, and the names of the classes.
        target, label, probability: the class.
        top5: index, name and probability of the likeliest classes.
        lost: float32 (5,), share of the distance to the runner-up that goes with each characteristic; empty where the
            model was trained before that could be measured.
        usual: float32 (5,), share that each change costs other pairs of classes in the mean.
        distance: from pictures of the runner-up, before anything is changed.
    """

    image: np.ndarray
    similarity: np.ndarray
    contribution: np.ndarray
    location: np.ndarray
    phi: np.ndarray
    percentile: np.ndarray
    boxes: np.ndarray
    logits: np.ndarray
    weight: np.ndarray
    changed: np.ndarray
    owner: np.ndarray
    thumbnails: np.ndarray
    prototype_boxes: np.ndarray
    files: tuple[str, ...]
    classes: tuple[str, ...]
    target: int
    probability: float
    top5: tuple[tuple[int, str, float], ...]
    lost: np.ndarray
    usual: np.ndarray
    distance: float

    @property
    def order(self) -> np.ndarray:
        """Prototypes by what they give to the class, the most first."""
        return np.argsort(-self.contribution, kind="stable")

    def points(self, cls: int) -> np.ndarray:
        """What each prototype gives to a class, (P,); they add up to its logit."""
        given: np.ndarray = self.weight[cls] * self.similarity
        return given

    def difference(self, other: int) -> np.ndarray:
        """What each prototype gives to the class more than to another, (P,); they add up to the logits' difference."""
        return self.points(self.target) - self.points(other)

    @property
    def rival(self) -> int:
        """The likeliest other class."""
        return int(max((at for at in range(len(self.logits)) if at != self.target), key=self.logits.__getitem__))

    def why_not(self, other: int) -> str:
        """Why the class and not another, in a sentence."""
        gap, given = float(self.logits[self.target] - self.logits[other]), self.difference(other)
        best = int(given.argmax())
        this, that, of = (self.classes[at].split(",")[0] for at in (self.target, other, int(self.owner[best])))
        return (
            f"*{this}* has {abs(gap):.2f} points {'more' if gap >= 0 else 'fewer'} than *{that}*; most for it speaks"
            f" prototype {best} of *{of}*, with {given[best]:+.2f}."
        )

    @property
    def telling(self) -> Telling | None:
        """What tells the class from its runner-up; None where that could not be measured."""
        if not len(self.lost):
            return None
        return Telling(
            label=self.label, other=self.classes[self.rival], lost=self.lost, usual=self.usual, distance=self.distance
        )

    def reading(self, at: int) -> str:
        """What one likeness rests on by itself, in words (Nauta et al. 2020)."""
        return sentence(self.phi[:, at], self.percentile[:, at])

    @property
    def sentence(self) -> str:
        """What tells the class from its runner-up; for a model that does not know, which patch speaks for it."""
        name = f"*{self.label.split(',')[0]}* ({self.probability:.0%})"
        if self.telling is not None:
            return f"{name} {self.telling.clause}"
        best = int(self.order[0])
        of = self.classes[int(self.owner[best])].split(",")[0]
        return (
            f"{name}: a patch looks like one of *{of}*; train the model again to see what tells it from"
            f" *{self.classes[self.rival].split(',')[0]}*."
        )


def measured(model: ModelHandle, _params: PrototypesParams, result: Prototypes, run: Run) -> Evidence:
    """Prototypes taken away in their order, boxes hidden, and the place under noise."""
    network, chosen = prototype_net(model), result.order[:TOP]
    weight = network.head.weight.detach().float().cpu().numpy()
    run.report(0.1, "taking prototypes away")
    ordering = relevance_ordering(result.similarity, weight, result.target, run.rng)
    run.report(0.3, "hiding the boxes")

    def similarities(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            maps: np.ndarray = network.similarities(model.normalise(images)).float().cpu().numpy()
        return maps

    hidden = boxes_hidden(similarities, result.image, result.boxes[chosen], (chosen, run.rng))
    run.report(0.7, "adding noise")
    placed = place_kept(similarities, result.image, chosen, run.rng)
    return Evidence(scores=(*_told_apart(result.telling), ordering, hidden, placed))


def _told_apart(telling: Telling | None) -> tuple[Score, ...]:
    """What the chief change costs, in units of what it costs other classes, beside the other changes."""
    if telling is None or not telling.chief:
        return ()
    first = telling.chief[0]
    value, others, name = (
        float(telling.share[first]),
        float(np.delete(telling.share, first).mean()),
        CHARACTERISTICS[first],
    )
    score = Score(
        name="told_apart",
        title=f"Told apart by {name}",
        value=value,
        of="this change",
        best=max(2.0, value),
        baselines={"between other classes": 1.0, "the other changes": others},
        reading=f"Changing the {name} takes {telling.lost[first]:.0%} of the distance, {value:.1f} times what is usual;"
        f" the other four changes take {others:.1f} times in the mean.",
    )
    return (score,)


@explainer("Prototypes", paper="https://arxiv.org/abs/2011.02863", evidence=measured)
def prototypes(model: ModelHandle, params: PrototypesParams, run: Run) -> Prototypes:
    """Compare a picture with every prototype; see the module's docstring."""
    network = prototype_net(model)
    strengths = {name: params.strength(name) for name in CHARACTERISTICS}
    seen = views(model, params.image, strengths, run.part(0.0, 0.4).report)
    run.report(0.4, "comparing with the prototypes")
    with torch.inference_mode():
        maps = network.similarities(model.normalise(seen)).float().cpu().numpy()
        weight = network.head.weight.detach().float().cpu().numpy()
    result = _result(model, network, params, (seen, maps, weight))
    if "changed" not in network.record:
        return result
    wanted = prototype_telling.choose(image=params.image, target=result.target, other=result.rival)
    telling = run.part(0.5, 1.0).reuse(prototype_telling.request(model.card.name, wanted))
    return replace(result, lost=telling.lost, usual=telling.usual, distance=telling.distance)


def _result(
    model: ModelHandle,
    network: PrototypeNet,
    params: PrototypesParams,
    compared: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Prototypes:
    seen, maps, weight = compared
    similarity, cells = peaks(maps[0])
    logits = weight @ similarity
    chance = softmax(logits)
    target = int(chance.argmax()) if params.target is None else model.card.check_target(params.target)
    falls = phi(maps)
    contribution = weight[target] * similarity
    return Prototypes(
        image=seen[0],
        similarity=similarity,
        contribution=contribution,
        location=cells,
        phi=falls,
        percentile=percentiles(falls),
        boxes=np.stack(
            [box(one, (int(r), int(c)), seen.shape[1:3]) for one, (r, c) in zip(maps[0], cells, strict=True)]
        ),
        logits=logits,
        weight=weight,
        changed=np.stack([np.asarray(Photo(view).pil().resize((128, 128))) for view in seen[1:]]),
        owner=network.record["owner"],
        thumbnails=network.record["thumbnails"],
        prototype_boxes=network.record["boxes"],
        files=network.about.files if network.about else (),
        classes=model.card.labels,
        target=target,
        label=model.card.labels[target],
        probability=float(chance[target]),
        top5=tuple((int(at), model.card.labels[at], float(chance[at])) for at in np.argsort(-chance)[:5]),
        lost=np.zeros(0, np.float32),
        usual=np.zeros(0, np.float32),
        distance=0.0,
    )


def phi(maps: np.ndarray) -> np.ndarray:
    """Local importance of each characteristic (Nauta et al. 2020, equation 1), (5, P).

    Args:
        maps: (6, P, h, w), similarity of the picture itself, then of the five changed ones. What changes is read at the
            place of the greatest similarity in the picture itself.
    """
    likeness = at_place(maps)
    return likeness[0] - likeness[1:]
