"""The one table of attribution methods: each solves the same `Problem`, a batch at once."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from explainers.attribution.methods import attention, cams, gradients, maps, masking, perturbation
from explainers.attribution.methods.problem import Attributed, Maps, Problem, Report
from explainers.attribution.methods.targets import of_classes
from models import Layer, ModelHandle


@dataclass(frozen=True, kw_only=True)
class Method(ABC):
    """One way to ask where a network looks.

    Attributes:
        title, paper: for people.
        forwards: what one picture costs, in forward passes at the default settings; a backward pass counts as two.
        for_class: whether it asks for a class at all.
        against: whether its map shows what opposes the class.
        signed: whether a map's sign says for or against; where not, what is drawn is the size.
    """

    title: str
    paper: str
    forwards: int | float = 1.1
    for_class: bool = True
    against: bool = False
    signed: bool = True

    @property
    def name(self) -> str:
        """As in ``method=``."""
        return next(name for name, method in TABLE.items() if method is self)

    @property
    def cost_forwards(self) -> float:
        """What one picture costs, in forward passes."""
        return float(self.forwards)

    @abstractmethod
    def looks_at(self, model: ModelHandle, names: tuple[str, ...] | None) -> tuple[Layer, ...]:
        """The layers of these names; the default one for None, and none for a method that looks at pixels."""

    @abstractmethod
    def solve(self, problem: Problem, layers: tuple[Layer, ...] = ()) -> Float[Tensor, "b h w"]:
        """Signed maps of a batch at the method's own resolution; positive supports the target.

        Args:
            problem: what is to be explained.
            layers: where to look, several are fused; the problem's by default.

        Raises:
            UnfitError: the method does not fit this network; the text names one that does.
        """

    def map(
        self, model: ModelHandle, x: Float[Tensor, "b 3 y x"], targets: Int[Tensor, " b"]
    ) -> Float[Tensor, "b h w"]:
        """`solve` for a class of each picture, at the default layer."""
        return self.solve(Problem(model, x, of_classes(targets)))


@dataclass(frozen=True, kw_only=True)
class LayerMethod(Method):
    """A method that reads the maps of a layer.

    Attributes:
        compute: solves a problem at its layer.
    """

    compute: Callable[[Problem], Maps]

    def fused(self, problem: Problem, layers: tuple[Layer, ...] = ()) -> Maps:
        """The maps; of several layers, fused, and all their channels' weights one after the other."""
        places = layers or (problem.where,)
        solved = [
            self.compute(replace(problem, layer=layer, report=_part(problem.report, index, len(places))))
            for index, layer in enumerate(places)
        ]
        if len(solved) == 1:
            return solved[0]
        alpha = torch.cat([each.alpha for each in solved], 1)
        return Maps(cams.fuse([each.cam for each in solved]), alpha, solved[0].logits)

    def looks_at(self, model: ModelHandle, names: tuple[str, ...] | None) -> tuple[Layer, ...]:
        """The layers of these names; the default one for None."""
        return layers_of(model, names)

    def solve(self, problem: Problem, layers: tuple[Layer, ...] = ()) -> Float[Tensor, "b h w"]:
        """See `Method.solve`."""
        return self.fused(problem, layers).cam


@dataclass(frozen=True, kw_only=True)
class PixelMethod(Method):
    """A method of single pixels.

    Attributes:
        compute: solves a problem of one picture.
        samples: how often it repeats by default; 0 where it does not. ``forwards`` is then the cost of one repetition.
    """

    compute: Callable[[Problem], Attributed]
    samples: int = 0
    forwards: int | float = 3

    @property
    def cost_forwards(self) -> float:
        """What one picture costs, in forward passes."""
        return float(max(1, self.samples) * self.forwards)

    def looks_at(self, model: ModelHandle, names: tuple[str, ...] | None) -> tuple[Layer, ...]:
        """No layer."""
        del model, names
        return ()

    def solve(self, problem: Problem, layers: tuple[Layer, ...] = ()) -> Float[Tensor, "b h w"]:
        """See `Method.solve`; picture by picture, summed over colours."""
        del layers
        solved = []
        for row in range(len(problem.x)):
            one = replace(problem, x=problem.x[row : row + 1], target=problem.target.row(row))
            solved.append(self.compute(replace(one, samples=self.samples or 1)).values.sum(0))
        return torch.stack(solved) if self.signed else torch.stack(solved).abs()

    def signed_map(self, values: Float[np.ndarray, "3 y x"]) -> Float[np.ndarray, "y x"]:
        """An attribution summed over colours; the sum's size where the sign says nothing of for or against."""
        total = values.sum(axis=0)
        return total if self.signed else np.abs(total)


def _part(report: Report, index: int, count: int) -> Report:
    return lambda fraction, note: report((index + fraction) / count, note)


CAMS: Mapping[str, LayerMethod] = {
    "gradcam": LayerMethod(
        title="Grad-CAM", paper="https://arxiv.org/abs/1610.02391", compute=maps.by_gradient(cams.gradcam)
    ),
    "counterfactual": LayerMethod(
        title="Grad-CAM, against",
        paper="https://arxiv.org/abs/1610.02391",
        compute=maps.by_gradient(cams.counterfactual),
        against=True,
    ),
    "gradcam++": LayerMethod(
        title="Grad-CAM++", paper="https://arxiv.org/abs/1710.11063", compute=maps.by_gradient(cams.gradcam_plus_plus)
    ),
    "smooth_gradcam++": LayerMethod(
        title="Smooth Grad-CAM++",
        paper="https://arxiv.org/abs/1908.01224",
        compute=maps.smooth,
        forwards=1.1 * (maps.NOISY + 1),
    ),
    "xgradcam": LayerMethod(
        title="XGrad-CAM", paper="https://arxiv.org/abs/2008.02312", compute=maps.by_gradient(cams.xgradcam)
    ),
    "hirescam": LayerMethod(
        title="HiResCAM", paper="https://arxiv.org/abs/2011.08891", compute=maps.by_gradient(cams.hirescam)
    ),
    "layercam": LayerMethod(
        title="LayerCAM", paper="https://doi.org/10.1109/TIP.2021.3089943", compute=maps.by_gradient(cams.layercam)
    ),
    "eigencam": LayerMethod(
        title="Eigen-CAM",
        paper="https://arxiv.org/abs/2008.00299",
        compute=maps.by_gradient(cams.eigencam),
        for_class=False,
    ),
    "scorecam": LayerMethod(
        title="Score-CAM", paper="https://arxiv.org/abs/1910.01279", compute=masking.score_cam, forwards=65
    ),
    "ablationcam": LayerMethod(
        title="Ablation-CAM",
        paper="https://doi.org/10.1109/WACV45572.2020.9093360",
        compute=masking.ablation_cam,
        forwards=2,
    ),
    "attention_rollout": LayerMethod(
        title="Attention rollout", paper="https://arxiv.org/abs/2005.00928", compute=attention.rollout, for_class=False
    ),
    "attention_gradient": LayerMethod(
        title="Gradient-weighted attention",
        paper="https://arxiv.org/abs/2103.15679",
        compute=attention.gradient_attention,
        forwards=3,
    ),
}


PIXELS: Mapping[str, PixelMethod] = {
    "saliency": PixelMethod(
        title="Saliency", paper="https://arxiv.org/abs/1312.6034", compute=gradients.saliency, signed=False
    ),
    "input_x_gradient": PixelMethod(
        title="Input × gradient", paper="https://arxiv.org/abs/1605.01713", compute=gradients.input_x_gradient
    ),
    "integrated_gradients": PixelMethod(
        title="Integrated gradients",
        paper="https://arxiv.org/abs/1703.01365",
        compute=gradients.integrated_gradients,
        samples=50,
    ),
    "smoothgrad": PixelMethod(
        title="SmoothGrad",
        paper="https://arxiv.org/abs/1706.03825",
        compute=gradients.smoothgrad,
        samples=16,
        signed=False,
    ),
    "guided_backprop": PixelMethod(
        title="Guided backpropagation",
        paper="https://arxiv.org/abs/1412.6806",
        compute=gradients.guided_backprop,
        signed=False,
    ),
    "guided_gradcam": PixelMethod(
        title="Guided Grad-CAM",
        paper="https://arxiv.org/abs/1610.02391",
        compute=gradients.guided_gradcam,
        forwards=4,
        signed=False,
    ),
    "deconvolution": PixelMethod(
        title="Deconvolution", paper="https://arxiv.org/abs/1311.2901", compute=gradients.deconvolution, signed=False
    ),
    "occlusion": PixelMethod(
        title="Occlusion", paper="https://arxiv.org/abs/1311.2901", compute=perturbation.occlusion, forwards=226
    ),
    "rise": PixelMethod(
        title="RISE", paper="https://arxiv.org/abs/1806.07421", compute=perturbation.rise, samples=512, forwards=1
    ),
    "gradient_shap": PixelMethod(
        title="Gradient SHAP", paper="https://arxiv.org/abs/1705.07874", compute=gradients.gradient_shap, samples=32
    ),
    "deep_lift": PixelMethod(
        title="DeepLIFT", paper="https://arxiv.org/abs/1704.02685", compute=gradients.deep_lift, forwards=6
    ),
}


TABLE: Mapping[str, Method] = {**CAMS, **PIXELS}


def methods() -> Mapping[str, Method]:
    """All methods by name: those that read a layer's maps first, then those of single pixels."""
    return TABLE


def layers_of(model: ModelHandle, names: tuple[str, ...] | None) -> tuple[Layer, ...]:
    """The layers of these names; the default one for None."""
    return tuple(model.layer(name) for name in names or (None,))
