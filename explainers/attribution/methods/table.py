"""The one table of attribution methods: each solves the same `Problem`, a batch at once."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from explainers.attribution.methods import attention, cams, gradients, maps, masking, perturbation
from explainers.attribution.methods.problem import Attribution, Problem, Report
from explainers.attribution.methods.relevance.fullgrad import fullgrad
from explainers.attribution.methods.relevance.lrp import lrp
from explainers.attribution.methods.relevance.rectified import deconvolution, guided_backprop, guided_gradcam
from explainers.attribution.methods.rescale.deep_lift import deep_lift
from explainers.attribution.methods.superpixels.partition import partition_shap
from explainers.attribution.methods.superpixels.regress import kernel_shap, lime
from explainers.kit.targets import of_classes
from models import Layer, ModelCard, ModelHandle


@dataclass(frozen=True)
class Method:
    """One way to attribute a score to places of a picture.

    Attributes:
        name: as in ``method=``.
        title, paper: for people.
        compute: solves a problem at one layer, a batch at once; or of one picture, where it needs a picture.
        cost: what one picture costs, in forward passes at the default settings; a backward pass counts as two. Of one
            repetition, where it repeats.
        needs: a layer, whose maps it reads; or a picture, one at a time, whose pixels it asks for.
        samples: how often it repeats by default; 0 where it does not.
        for_class: whether it asks for a class at all.
        against: whether its map shows what opposes the class.
        signed: whether a map's sign says for or against; where not, what is drawn is the size.
        attention: whether it reads attention, which only some transformers have.
    """

    name: str
    title: str
    paper: str
    compute: Callable[[Problem], Attribution]
    _: KW_ONLY
    cost: int | float = 1.1
    needs: Literal["layer", "picture"] = "layer"
    samples: int = 0
    for_class: bool = True
    against: bool = False
    signed: bool = True
    attention: bool = False

    @property
    def cost_forwards(self) -> float:
        """What one picture costs, in forward passes."""
        return float(max(1, self.samples) * self.cost)

    def fits(self, card: ModelCard) -> bool:
        """Whether it can explain this network at all."""
        return card.attends or not self.attention

    def layers(self, model: ModelHandle, names: tuple[str, ...] | None) -> tuple[Layer, ...]:
        """The layers of these names, the default one for None; none for a method that needs no layer.

        Raises:
            InputError: the network has no such layer.
        """
        return layers_of(model, names) if self.needs == "layer" else ()

    def solve(self, problem: Problem, layers: tuple[Layer, ...] = ()) -> Attribution:
        """Signed maps of a batch at the method's own resolution.

        Args:
            problem: what is to be explained.
            layers: where to look, the problem's own layer by default. The maps of several are fused, and the weights of
                their channels stand one after the other.

        Raises:
            UnfitError: the method does not fit this network; the text names one that does.
        """
        if self.needs == "picture":
            return self._picture_by_picture(problem)
        solved = self._each([replace(problem, layer=layer) for layer in layers or (problem.where,)])
        if len(solved) == 1:
            return solved[0]
        alpha = torch.cat([part.alpha for part in solved], 1)
        return Attribution(cams.fuse([part.cam for part in solved]), alpha, solved[0].logits)

    def _picture_by_picture(self, problem: Problem) -> Attribution:
        repeated = replace(problem, samples=problem.samples or self.samples or 1)
        solved = self._each([repeated.row(index) for index in range(len(problem.x))])
        cam, values = torch.cat([part.cam for part in solved]), torch.cat([part.values for part in solved])
        starts = [part.start for part in solved if part.start is not None]
        start = torch.cat(starts) if starts else None
        return Attribution(cam if self.signed else cam.abs(), values=values, start=start)

    def _each(self, problems: list[Problem]) -> list[Attribution]:
        return [
            self.compute(replace(problem, report=_part(problem.report, index, len(problems))))
            for index, problem in enumerate(problems)
        ]

    def map(
        self, model: ModelHandle, x: Float[Tensor, "b colours y x"], targets: Int[Tensor, " b"]
    ) -> Float[Tensor, "b h w"]:
        """`solve` for a class of each picture, at the default layer."""
        return self.solve(Problem(model, x, of_classes(targets))).cam

    def signed_map(self, values: Float[np.ndarray, "colours y x"]) -> Float[np.ndarray, "y x"]:
        """Values of pixels summed over colours; the sum's size where the sign says nothing of for or against."""
        total = values.sum(axis=0)
        return total if self.signed else np.abs(total)


def _part(report: Report, index: int, count: int) -> Report:
    return lambda fraction, note: report((index + fraction) / count, note)


def layers_of(model: ModelHandle, names: tuple[str, ...] | None) -> tuple[Layer, ...]:
    """The layers of these names; the default one for None."""
    return tuple(model.layer(name) for name in names or (None,))


_of_pixels = partial(Method, needs="picture", cost=3)

_TABLE = (
    Method("gradcam", "Grad-CAM", "https://arxiv.org/abs/1610.02391", maps.by_gradient(cams.gradcam)),
    Method(
        "counterfactual",
        "Grad-CAM, against",
        "https://arxiv.org/abs/1610.02391",
        maps.by_gradient(cams.counterfactual),
        against=True,
    ),
    Method("gradcam++", "Grad-CAM++", "https://arxiv.org/abs/1710.11063", maps.by_gradient(cams.gradcam_plus_plus)),
    Method(
        "smooth_gradcam++",
        "Smooth Grad-CAM++",
        "https://arxiv.org/abs/1908.01224",
        maps.smooth,
        cost=1.1 * (maps.NOISY + 1),
    ),
    Method("xgradcam", "XGrad-CAM", "https://arxiv.org/abs/2008.02312", maps.by_gradient(cams.xgradcam)),
    Method("hirescam", "HiResCAM", "https://arxiv.org/abs/2011.08891", maps.by_gradient(cams.hirescam)),
    Method("layercam", "LayerCAM", "https://doi.org/10.1109/TIP.2021.3089943", maps.by_gradient(cams.layercam)),
    Method(
        "eigencam", "Eigen-CAM", "https://arxiv.org/abs/2008.00299", maps.by_gradient(cams.eigencam), for_class=False
    ),
    Method("scorecam", "Score-CAM", "https://arxiv.org/abs/1910.01279", masking.score_cam, cost=65),
    Method(
        "ablationcam", "Ablation-CAM", "https://doi.org/10.1109/WACV45572.2020.9093360", masking.ablation_cam, cost=2
    ),
    Method(
        "attention_rollout",
        "Attention rollout",
        "https://arxiv.org/abs/2005.00928",
        attention.rollout,
        for_class=False,
        attention=True,
    ),
    Method(
        "attention_gradient",
        "Transformer relevance (Chefer)",
        "https://arxiv.org/abs/2103.15679",
        attention.gradient_attention,
        cost=3,
        attention=True,
    ),
    Method(
        "attention_head",
        "Self-attention, head by head",
        "https://arxiv.org/abs/2104.14294",
        attention.of_head,
        for_class=False,
        attention=True,
    ),
    _of_pixels("saliency", "Saliency", "https://arxiv.org/abs/1312.6034", gradients.saliency, signed=False),
    _of_pixels("input_x_gradient", "Input × gradient", "https://arxiv.org/abs/1605.01713", gradients.input_x_gradient),
    _of_pixels(
        "integrated_gradients",
        "Integrated gradients",
        "https://arxiv.org/abs/1703.01365",
        gradients.integrated_gradients,
        samples=50,
    ),
    _of_pixels(
        "smoothgrad", "SmoothGrad", "https://arxiv.org/abs/1706.03825", gradients.smoothgrad, samples=16, signed=False
    ),
    _of_pixels(
        "guided_backprop", "Guided backpropagation", "https://arxiv.org/abs/1412.6806", guided_backprop, signed=False
    ),
    _of_pixels(
        "guided_gradcam", "Guided Grad-CAM", "https://arxiv.org/abs/1610.02391", guided_gradcam, cost=4, signed=False
    ),
    _of_pixels("deconvolution", "Deconvolution", "https://arxiv.org/abs/1311.2901", deconvolution, signed=False),
    _of_pixels("occlusion", "Occlusion", "https://arxiv.org/abs/1311.2901", perturbation.occlusion, cost=226),
    _of_pixels("rise", "RISE", "https://arxiv.org/abs/1806.07421", perturbation.rise, cost=1, samples=512),
    _of_pixels(
        "gradient_shap", "Gradient SHAP", "https://arxiv.org/abs/1705.07874", gradients.gradient_shap, samples=32
    ),
    _of_pixels("deep_lift", "DeepLIFT", "https://arxiv.org/abs/1704.02685", deep_lift, cost=10),
    _of_pixels("lrp", "LRP, composite", "https://doi.org/10.1007/978-3-030-28954-6_10", lrp, cost=27),
    _of_pixels("fullgrad", "FullGrad", "https://arxiv.org/abs/1905.00780", fullgrad, cost=10, signed=False),
    _of_pixels("lime", "LIME", "https://arxiv.org/abs/1602.04938", lime, cost=1, samples=512),
    _of_pixels("kernel_shap", "Kernel SHAP", "https://arxiv.org/abs/1705.07874", kernel_shap, cost=1, samples=512),
    _of_pixels(
        "partition_shap",
        "Partition SHAP (Owen values)",
        "https://arxiv.org/abs/1705.07874",
        partition_shap,
        cost=1,
        samples=512,
    ),
)

METHODS: Mapping[str, Method] = {method.name: method for method in _TABLE}
CAMS: Mapping[str, Method] = {name: method for name, method in METHODS.items() if method.needs == "layer"}
PIXELS: Mapping[str, Method] = {name: method for name, method in METHODS.items() if method.needs == "picture"}


def methods() -> Mapping[str, Method]:
    """All methods by name, for the calibration benchmark: those that read a layer first, then those of pixels."""
    return METHODS
