"""Grad-CAM shows where in the picture the evidence for one class lies.

The last convolutional map of the network is a coarse picture of features: 49 places, say, and a thousand features at
each. Grad-CAM weighs every feature by how much the class's score would rise with it, adds the weighted features up
place by place, and lays the sum over the photo. Warm places speak for the class. The counterfactual turns the sign:
it shows what speaks against the class. The other methods weigh the features otherwise, or try them out one by one; for
transformers two of them read the attention. Two classes can be set against each other: why this rather than that.

Limits: the map is as coarse as the layer, so it cannot outline small things. It says where evidence lies, not what
it is. It is a first-order account: where two features only count together, it may mislead. Two classes may share a map.
Eigen-CAM and attention rollout ask for no class at all. Read the evidence beside the picture before you rely on it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from explainers.attribution import trust
from explainers.attribution.family import CAMS, layers_of, maps_of
from explainers.attribution.maps import Ask, Maps, heatmap
from explainers.attribution.targets import Target, of_classes, of_difference, of_top
from explainers.attribution.words import Asked, sentence
from explainers.base import Evidence, Result, Run, explainer
from explainers.params import ImageParams, knob
from models import ModelHandle
from models.errors import InputError


@dataclass(frozen=True, kw_only=True)
class GradCamParams(ImageParams):
    """What can be chosen."""

    target: int | None = knob(
        None, 0, None, "The class to explain; the model's first answer when left open.", label="Class"
    )
    method: Literal[
        "gradcam",
        "counterfactual",
        "gradcam++",
        "smooth_gradcam++",
        "xgradcam",
        "hirescam",
        "layercam",
        "eigencam",
        "scorecam",
        "ablationcam",
        "attention_rollout",
        "attention_gradient",
    ] = knob(
        "gradcam", help="gradcam: what speaks for the class. counterfactual: what speaks against it.", label="Show"
    )
    layer: str | None = knob(
        None,
        help="Where in the network to look; the last map before pooling when left open. Commas fuse several.",
        more=True,
    )
    versus: int | None = knob(
        None, 0, None, "Why the class rather than this one; nothing when left open.", more=True, label="Rather than"
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
    full: bool = knob(
        False, help="Measure all evidence, not only the three quickest scores.", more=True, label="Full evidence"
    )


@dataclass(frozen=True, kw_only=True)
class GradCam(Result):
    """A map of the family.

    Attributes:
        image: uint8 (H, W, 3), the photo as the model saw it.
        cam: float32 (h, w), signed, at the layer's resolution (the finest one's where several are fused).
        heatmap: float32 (H, W) in [0, 1], what is drawn.
        alpha: float32 (C,), weight of each channel; empty for methods that read attention.
        logits: float32 (K,).
        target: class explained.
        layer: layer looked at.
        label: name of the class.
        method: what the map shows.
        probability: of the class.
        top5: the five likeliest classes: index, name, probability.
        versus, versus_label: the class that it was set against, and its name.
    """

    image: np.ndarray
    cam: np.ndarray
    heatmap: np.ndarray
    alpha: np.ndarray
    logits: np.ndarray
    target: int
    layer: str
    label: str
    method: str
    probability: float
    top5: tuple[tuple[int, str, float], ...]
    versus: int | None = None
    versus_label: str = ""

    @property
    def sentence(self) -> str:
        """What the map shows, from its numbers."""
        cam = CAMS[self.method]
        asked = Asked(cam.against, self.versus_label, cam.for_class)
        return sentence(self.heatmap, self.label, self.probability, asked)


def measure(model: ModelHandle, params: GradCamParams, result: GradCam, run: Run) -> Evidence:
    """Evidence for a map of the family."""

    def again(other: ModelHandle, x: Tensor, target: int) -> np.ndarray:
        layers = layers_of(other, result.layer)
        asked = target_of(other, target, result.versus)
        ask = Ask(other, x, asked, layers[0], np.random.default_rng(params.seed), params.groups)
        return maps_of(params.method, ask, layers).cam[0].float().cpu().numpy()

    subject = trust.Subject(
        model,
        result.image,
        result.heatmap,
        result.cam,
        result.target,
        result.versus,
        CAMS[params.method].against,
        again,
    )
    return trust.measure(subject, run, full=params.full)


@explainer("Grad-CAM", paper="https://arxiv.org/abs/1610.02391", evidence=measure)
def gradcam(model: ModelHandle, params: GradCamParams, run: Run) -> GradCam:
    """Explain one picture; see the module's docstring."""
    run.report(0.05, "reading the picture")
    view = model.view(params.image)
    x = model.normalise(view.pixels[None])
    chosen = params.target
    if chosen is None and params.versus is not None:
        with torch.inference_mode():
            chosen = int(model.network(x).argmax())
    layers = layers_of(model, params.layer)
    ask = Ask(
        model, x, target_of(model, chosen, params.versus), layers[0], run.rng, params.groups,
        lambda fraction, note: run.report(0.1 + 0.8 * fraction, note),
    )  # fmt: skip
    maps = maps_of(params.method, ask, layers)
    run.report(0.95, "drawing the map")
    return _result(model, params, view.pixels, maps)


def target_of(model: ModelHandle, target: int | None, versus: int | None) -> Target:
    """The class, the first answer, or the class rather than another.

    Raises:
        InputError: a class that is not there, or one set against itself.
    """
    if target is None:
        return of_top()
    classes = torch.tensor([model.card.check_target(target)])
    if versus is None:
        return of_classes(classes)
    if versus == target:
        raise InputError(f"Class {target} cannot be set against itself; choose another one for 'rather than'.")
    return of_difference(classes, torch.tensor([model.card.check_target(versus)]))


def _result(model: ModelHandle, params: GradCamParams, image: np.ndarray, maps: Maps) -> GradCam:
    cam, logits = maps.cam[0].float().cpu().numpy(), maps.logits[0].float().cpu()
    chosen = int(logits.argmax()) if params.target is None else params.target
    chance, labels = logits.softmax(0), model.card.labels
    best = chance.topk(min(5, len(labels))).indices.tolist()
    return GradCam(
        image=image, cam=cam, heatmap=heatmap(cam, image.shape[:2]), alpha=maps.alpha[0].float().cpu().numpy(),
        logits=logits.numpy(), target=chosen, layer=",".join(layer.name for layer in layers_of(model, params.layer)),
        label=labels[chosen], method=params.method, probability=float(chance[chosen]),
        top5=tuple((index, labels[index], float(chance[index])) for index in best),
        versus=params.versus, versus_label="" if params.versus is None else labels[params.versus],
    )  # fmt: skip
