"""Grad-CAM shows where in the picture the evidence for one class lies.

The last convolutional map of the network is a coarse picture of features: 49 places, say, and a thousand features at
each. Grad-CAM weighs every feature by how much the class's score would rise with it, adds the weighted features up
place by place, and lays the sum over the photo. Warm places speak for the class. The counterfactual turns the sign:
it shows what speaks against the class.

Limits: the map is as coarse as the layer, so it cannot outline small things. It says where evidence lies, not what
it is. It is a first-order account: where two features only count together, it may mislead. Two classes may share a map.
Read the evidence beside the picture before you rely on it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from explainers.attribution.maps import gradcam_maps, heatmap
from explainers.attribution.trust import measure
from explainers.attribution.words import sentence
from explainers.base import Result, Run, explainer
from explainers.params import ImageParams, knob
from models import ModelHandle


@dataclass(frozen=True, kw_only=True)
class GradCamParams(ImageParams):
    """What can be chosen."""

    target: int | None = knob(
        None, 0, None, "The class to explain; the model's first answer when left open.", label="Class"
    )
    method: Literal["gradcam", "counterfactual"] = knob(
        "gradcam", help="gradcam: what speaks for the class. counterfactual: what speaks against it.", label="Show"
    )
    layer: str | None = knob(
        None, help="Where in the network to look; the last map before pooling when left open.", more=True
    )


@dataclass(frozen=True, kw_only=True)
class GradCam(Result):
    """A Grad-CAM map.

    Attributes:
        image: uint8 (H, W, 3), the photo as the model saw it.
        cam: float32 (h, w), signed, at the layer's resolution.
        heatmap: float32 (H, W) in [0, 1], what is drawn.
        alpha: float32 (C,), weight of each channel.
        logits: float32 (K,).
        target: class explained.
        layer: layer looked at.
        label: name of the class.
        method: what the map shows.
        probability: of the class.
        top5: the five likeliest classes: index, name, probability.
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

    @property
    def sentence(self) -> str:
        """What the map shows, from its numbers."""
        return sentence(self.heatmap, self.label, self.probability, against=self.method == "counterfactual")


@explainer("Grad-CAM", paper="https://arxiv.org/abs/1610.02391", evidence=measure)
def gradcam(model: ModelHandle, params: GradCamParams, run: Run) -> GradCam:
    """Explain one picture; see the module's docstring."""
    view = model.view(params.image)
    target = None if params.target is None else torch.tensor([model.card.check_target(params.target)])
    layer = model.layer(params.layer)
    run.report(0.1, f"running {model.card.title}")
    maps = gradcam_maps(
        model,
        model.normalise(view.pixels[None]),
        target,
        layer.name,
        sign=-1 if params.method == "counterfactual" else 1,
    )
    run.report(0.9, "drawing the map")
    cam, logits = maps.cam[0].float().cpu().numpy(), maps.logits[0].float().cpu()
    chosen = int(logits.argmax()) if params.target is None else params.target
    chance, labels = logits.softmax(0), model.card.labels
    best = chance.topk(min(5, len(labels))).indices.tolist()
    return GradCam(
        image=view.pixels, cam=cam, heatmap=heatmap(cam, view.pixels.shape[:2]),
        alpha=maps.alpha[0].float().cpu().numpy(), logits=logits.numpy(), target=chosen, layer=layer.name,
        label=labels[chosen],
        method=params.method, probability=float(chance[chosen]),
        top5=tuple((index, labels[index], float(chance[index])) for index in best),
    )  # fmt: skip
