"""Grad-CAM shows where in the picture the evidence for one class lies.

The last convolutional map of the network is a coarse picture of features: 49 places, say, and a thousand features at
each. Grad-CAM weighs every feature by how much the class's score would rise with it, adds the weighted features up
place by place, and lays the sum over the photo. Warm places support the class. The counterfactual turns the sign:
it shows what opposes the class. The other methods weigh the features otherwise, or try them out one by one; for
transformers three of them read the attention, one of them head by head. Two classes can be set against each other: why
this rather than that.

Not only classes can be asked for: what a single neuron sees, what makes this picture like another one, and, of models
that read words as well as pictures (CLIP), what in the picture fits a sentence.

Limits: the map is as coarse as the layer, so it cannot outline small things. It says where evidence lies, not what
it is. It is a first-order account: where two features only count together, it may mislead. Two classes may share a map.
Eigen-CAM, attention rollout and single heads ask for no class at all. Read the evidence beside the picture before you
rely on it.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from explainers.attribution import questions
from explainers.attribution.evidence.run import measure as measure_map
from explainers.attribution.evidence.subject import MapUnderTest, MeasuredTarget
from explainers.attribution.methods.maps import heatmap
from explainers.attribution.methods.problem import Attribution, Problem
from explainers.attribution.methods.table import CAMS, METHODS, layers_of
from explainers.attribution.questions import MEASURES, NamedTarget
from explainers.attribution.sentences import AboutMap, asked_sentence, sentence
from explainers.base import AboutClass, AtLayer, Evidence, Run, explainer
from explainers.kinds import Choice, Class, LayerName, Layers
from explainers.kit.targets import Target, chosen_class, of_class
from explainers.params import ImageParams, knob
from models import ModelHandle, Photo, labels
from models.errors import InputError, UnfitError


@dataclass(frozen=True, kw_only=True)
class GradCamParams(ImageParams):
    """What can be chosen."""

    target: int | None = knob(
        None,
        kind=Class(),
        auto="the model's first answer",
        help="The class to explain",
        label="Class",
        only={"question": ("class",)},
    )
    method: str = knob(
        "gradcam",
        kind=Choice(of=CAMS),
        help="gradcam: what supports the class. counterfactual: what opposes it.",
        label="Show",
    )
    layer: tuple[str, ...] | None = knob(
        None,
        kind=Layers(),
        auto="the last map before pooling",
        help="Where in the network to look, several layers are fused",
        more=True,
    )
    question: Literal["class", "neuron", "likeness", "sentence"] = knob(
        "class",
        help="What the map explains: a class, a neuron, the likeness to another picture, or a sentence (of a CLIP).",
        label="Explain",
    )
    neuron: int = knob(0, 0, None, "The channel to explain.", more=True, only={"question": ("neuron",)})
    neuron_layer: str | None = knob(
        None,
        kind=LayerName(),
        auto="the last map, or the layer looked at,",
        help="The layer that the neuron belongs to",
        more=True,
        label="Layer of the neuron",
        only={"question": ("neuron",)},
    )
    like: Photo | None = knob(  # noqa: RUF009 - a field, as everywhere
        None,
        help="The other picture; the map shows what makes the one like it.",
        more=True,
        label="Like",
        only={"question": ("likeness",)},
    )
    words: str = knob(
        "", help="A sentence in English; the map shows what fits it.", more=True, only={"question": ("sentence",)}
    )
    versus: int | None = knob(
        None,
        kind=Class(),
        auto="nothing",
        help="Why the class rather than this one",
        more=True,
        label="Rather than",
        only={"question": ("class",)},
    )
    groups: int = knob(
        64,
        0,
        4096,
        "Groups of channels that Score-CAM tries, an approximation; 0 tries every channel.",
        more=True,
        label="Channel groups",
        only={"method": ("scorecam",)},
    )
    head: int | None = knob(
        None,
        0,
        63,
        "Whose attention is shown, of the block that holds the layer",
        auto="the mean of all heads",
        more=True,
        label="Head",
        only={"method": ("attention_head",)},
    )
    full: bool = knob(
        False, help="Measure all evidence, not only the three quickest scores.", more=True, label="Full evidence"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.question == "likeness" and self.like is None:
            raise InputError("For the likeness give the other picture as well, as like.")
        if self.question == "likeness" and self.like == self.image:
            raise InputError("A picture is like itself all over; give another one as like.")
        if self.question == "sentence" and not self.words.strip():
            raise InputError("For a sentence give it as well, as words.")


@dataclass(frozen=True, kw_only=True)
class GradCam(AboutClass, AtLayer):
    """A map of the family.

    Attributes:
        image: uint8 (H, W, 3), the photo as the model saw it.
        cam: float32 (h, w), signed, at the layer's resolution (the finest one's where several are fused).
        heatmap: float32 (H, W) in [0, 1], what is drawn.
        alpha: float32 (C,), weight of each channel; empty for methods that read attention.
        logits: float32 (K,).
        target: class explained; the model's first answer where no class is.
        layer: layer looked at.
        label: name of the class.
        method: what the map shows.
        probability: of the class.
        top5: the five likeliest classes: index, name, probability.
        versus, versus_label: the class that it was set against, and its name.
        question: what kind of thing is explained.
        asked: what is explained, in words.
        value: how much of it there is: the logit or difference of logits, the mean activation, the cosine.
    """

    image: np.ndarray
    cam: np.ndarray
    heatmap: np.ndarray
    alpha: np.ndarray
    logits: np.ndarray
    target: int
    method: str
    probability: float
    top5: tuple[tuple[int, str, float], ...]
    versus: int | None = None
    versus_label: str = ""
    question: str = "class"
    asked: str = ""
    value: float = 0.0

    @property
    def sentence(self) -> str:
        """What the map shows, from its numbers."""
        method = METHODS[self.method]
        if method.for_class and self.question in MEASURES:
            measured = f"{MEASURES[self.question]} {self.value:.2f}"
            return asked_sentence(self.heatmap, self.asked, measured, against=method.against)
        about = AboutMap(method.against, self.versus_label, method.for_class)
        return sentence(self.heatmap, self.label, self.probability, about)


def measure(model: ModelHandle, params: GradCamParams, result: GradCam, run: Run) -> Evidence:
    """Evidence for a map of the family."""
    named, method = named_target(model, params), METHODS[params.method]

    def again(other: ModelHandle, x: Tensor, target: int) -> np.ndarray:
        layers = layers_of(other, params.layer)
        same = named is not None and target == result.target
        wanted = named.target_of(other) if named and same else of_class(other, target, result.versus)
        rng = np.random.default_rng(params.seed)
        problem = Problem(other, x, wanted, layers[0], rng, params.groups, head=params.head)
        return method.solve(problem, layers).cam[0].float().cpu().numpy()

    subject = MapUnderTest(
        model,
        result.image,
        result.heatmap,
        result.cam,
        result.target,
        result.versus,
        method.against,
        again,
        MeasuredTarget(named.noun, named.target_of(model), result.value) if named else MeasuredTarget(),
    )
    return measure_map(subject, run, full=params.full)


@explainer("Grad-CAM", paper="https://arxiv.org/abs/1610.02391", evidence=measure)
def gradcam(model: ModelHandle, params: GradCamParams, run: Run) -> GradCam:
    """Explain one picture; see the module's docstring."""
    run.report(0.05, "reading the picture")
    view = model.view(params.image)
    x = model.normalise(view.pixels[None])
    named, layers = named_target(model, params), layers_of(model, params.layer)
    if named is None and not model.card.has_classes and METHODS[params.method].for_class:
        raise UnfitError(model.card.classless)
    target = named.target_of(model) if named else _class_target(model, params, x)
    problem = Problem(model, x, target, layers[0], run.rng, params.groups, run.part(0.1, 0.9).report, head=params.head)
    attribution = METHODS[params.method].solve(problem, layers)
    run.report(0.95, "drawing the map")
    result = _result(model, params, view.pixels, attribution)
    if named is None:
        return result
    with torch.inference_mode():
        value = float(target.of_inputs(model.network, x)[0])
    return replace(result, question=params.question, asked=named.asked, value=value)


def named_target(model: ModelHandle, params: GradCamParams) -> NamedTarget | None:
    """What is explained where it is no class.

    Raises:
        InputError: there is no such neuron, or the sentence is too long.
        UnfitError: the model reads no words.
    """
    if params.question == "neuron":
        return questions.neuron(model, params.neuron, params.neuron_layer, layers_of(model, params.layer))
    if params.question == "likeness" and params.like is not None:
        return questions.likeness(model, params.like)
    return questions.sentence(model, params.words) if params.question == "sentence" else None


def _class_target(model: ModelHandle, params: GradCamParams, x: Tensor) -> Target:
    """The class, or the class rather than another; the first answer alone is known only after the method's own pass."""
    if params.target is not None or params.versus is None:
        return of_class(model, params.target, params.versus)
    with torch.inference_mode():
        return of_class(model, chosen_class(model, model.network(x)[0], None), params.versus)


def _result(model: ModelHandle, params: GradCamParams, image: np.ndarray, attribution: Attribution) -> GradCam:
    cam, logits = attribution.cam[0].float().cpu().numpy(), attribution.logits[0].float().cpu()
    target, versus = (params.target, params.versus) if params.question == "class" else (None, None)
    card, chance = model.card, model.chances(logits)
    chosen = chosen_class(model, logits, target) if card.has_classes else 0
    other = "" if versus is None else card.labels[versus]
    value = float(logits[chosen] - (0 if versus is None else logits[versus]))
    best = chance.topk(min(5, len(card.labels))).indices.tolist() if card.has_classes else []
    return GradCam(
        image=image,
        cam=cam,
        heatmap=heatmap(cam, image.shape[:2]),
        alpha=attribution.alpha[0].float().cpu().numpy(),
        logits=logits.numpy(),
        target=chosen,
        layer=",".join(layer.name for layer in layers_of(model, params.layer)),
        label=card.labels[chosen],
        method=params.method,
        probability=float(chance[chosen]) if card.has_classes else 0.0,
        top5=tuple((index, card.labels[index], float(chance[index])) for index in best),
        versus=versus,
        versus_label=other,
        value=value,
        asked=card.short(chosen) + (f" rather than {labels.short(other)}" if other else ""),
    )
