"""The table of map methods: how each gets what its formula needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from explainers.attribution.methods import attention, cams, masking
from explainers.attribution.methods.maps import Ask, Maps, Report, activations_of, weighed
from models import Layer, ModelHandle

Formula = Callable[[Tensor, Tensor], Tensor]
Answer = Callable[[Ask], Maps]
NOISY, SIGMA = 8, 0.15


@dataclass(frozen=True, kw_only=True)
class Cam:
    """A method of the family.

    Attributes:
        title, paper: for people.
        answer: works it out.
        cost_forwards: of one picture, in forward passes, at the default settings.
        for_class: whether it asks for a class at all.
        against: whether its map shows what speaks against the class.
    """

    title: str
    paper: str
    answer: Answer
    cost_forwards: int | float = 1.1
    for_class: bool = True
    against: bool = False


def by_gradient(formula: Formula) -> Answer:
    """One forward pass, one backward pass down to the layer, then the formula."""

    def answer(ask: Ask) -> Maps:
        ask.report(0.1, f"running {ask.model.card.title}")
        activations, gradients, logits = activations_of(ask)
        return weighed(activations, formula(activations, gradients), logits)

    return answer


def smooth(ask: Ask) -> Maps:
    """Smooth Grad-CAM++: gradients of `NOISY` copies with Gaussian noise of `SIGMA` times the picture's range."""
    clean, _, logits = activations_of(ask)
    target = ask.target.resolve_top1(logits)
    generator = torch.Generator().manual_seed(int(ask.rng.integers(2**31)))
    spread = SIGMA * (ask.x.amax((1, 2, 3), keepdim=True) - ask.x.amin((1, 2, 3), keepdim=True))
    gradients = []
    for copy in range(NOISY):
        ask.report(copy / NOISY, f"noisy copy {copy + 1} of {NOISY}")
        noise = torch.randn(ask.x.shape[1:], generator=generator).to(ask.x)  # one for all pictures
        noisy = Ask(ask.model, ask.x + spread * noise, target, ask.layer)
        gradients.append(activations_of(noisy)[1])
    return weighed(clean, cams.smooth_gradcam_plus_plus(clean, torch.stack(gradients)), logits)


CAMS: Mapping[str, Cam] = {
    "gradcam": Cam(title="Grad-CAM", paper="https://arxiv.org/abs/1610.02391", answer=by_gradient(cams.gradcam)),
    "counterfactual": Cam(
        title="Grad-CAM, against",
        paper="https://arxiv.org/abs/1610.02391",
        answer=by_gradient(cams.counterfactual),
        against=True,
    ),
    "gradcam++": Cam(
        title="Grad-CAM++", paper="https://arxiv.org/abs/1710.11063", answer=by_gradient(cams.gradcam_plus_plus)
    ),
    "smooth_gradcam++": Cam(
        title="Smooth Grad-CAM++",
        paper="https://arxiv.org/abs/1908.01224",
        answer=smooth,
        cost_forwards=1.1 * (NOISY + 1),
    ),
    "xgradcam": Cam(title="XGrad-CAM", paper="https://arxiv.org/abs/2008.02312", answer=by_gradient(cams.xgradcam)),
    "hirescam": Cam(title="HiResCAM", paper="https://arxiv.org/abs/2011.08891", answer=by_gradient(cams.hirescam)),
    "layercam": Cam(
        title="LayerCAM", paper="https://doi.org/10.1109/TIP.2021.3089943", answer=by_gradient(cams.layercam)
    ),
    "eigencam": Cam(
        title="Eigen-CAM", paper="https://arxiv.org/abs/2008.00299", answer=by_gradient(cams.eigencam), for_class=False
    ),
    "scorecam": Cam(
        title="Score-CAM", paper="https://arxiv.org/abs/1910.01279", answer=masking.score_cam, cost_forwards=65
    ),
    "ablationcam": Cam(
        title="Ablation-CAM",
        paper="https://doi.org/10.1109/WACV45572.2020.9093360",
        answer=masking.ablation_cam,
        cost_forwards=2,
    ),
    "attention_rollout": Cam(
        title="Attention rollout", paper="https://arxiv.org/abs/2005.00928", answer=attention.rollout, for_class=False
    ),
    "attention_gradient": Cam(
        title="Gradient-weighted attention",
        paper="https://arxiv.org/abs/2103.15679",
        answer=attention.gradient_attention,
        cost_forwards=3,
    ),
}


def layers_of(model: ModelHandle, names: tuple[str, ...] | None) -> tuple[Layer, ...]:
    """The layers of these names; the default one for None."""
    return tuple(model.layer(name) for name in names or (None,))


def _part(report: Report, index: int, count: int) -> Report:
    return lambda fraction, note: report((index + fraction) / count, note)


def maps_of(method: str, ask: Ask, layers: tuple[Layer, ...] = ()) -> Maps:
    """The map of a method; of several layers, their fused map and all their channels' weights one after the other."""
    answer = CAMS[method].answer
    places = layers or (ask.layer,)
    maps = []
    for index, layer in enumerate(places):
        maps.append(answer(replace(ask, layer=layer, report=_part(ask.report, index, len(places)))))
    if len(maps) == 1:
        return maps[0]
    return Maps(cams.fuse([each.cam for each in maps]), torch.cat([each.alpha for each in maps], 1), maps[0].logits)
