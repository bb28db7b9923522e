"""Every attribution method under one signature, a batch at once: what calibration runs over whole image sets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from explainers.attribution.methods.family import CAMS, maps_of
from explainers.attribution.methods.gradients import Question
from explainers.attribution.methods.maps import Ask
from explainers.attribution.methods.targets import of_classes
from explainers.attribution.saliency import PIXELS
from models import ModelHandle

MapOf = Callable[[ModelHandle, Tensor, Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to ask where a network looks.

    Attributes:
        name: as in ``method=``.
        title, paper: for people.
        cost_forwards: what one picture costs, in forward passes; a backward pass counts as two.
        run: (model, inputs (B, 3, H, W), classes (B,)) -> signed maps (B, h, w).
    """

    name: str
    title: str
    paper: str
    cost_forwards: int | float
    run: MapOf

    def map(
        self, model: ModelHandle, x: Float[Tensor, "b 3 y x"], targets: Int[Tensor, " b"]
    ) -> Float[Tensor, "b h w"]:
        """Signed maps of a batch at the method's own resolution; positive speaks for the class.

        Args:
            model: left exactly as found.
            x: normalised inputs.
            targets: class of each.

        Raises:
            UnfitError: the method does not fit this network; the text names one that does.
        """
        return self.run(model, x, targets)


def _cam(model: ModelHandle, x: Tensor, targets: Tensor, name: str) -> Tensor:
    return maps_of(name, Ask(model, x, of_classes(targets), model.layer(None))).cam


def _pixels(model: ModelHandle, x: Tensor, targets: Tensor, name: str) -> Tensor:
    method = PIXELS[name]
    maps = []
    for row, target in enumerate(targets.tolist()):
        ask = Question(model, x[row : row + 1], target, samples=method.samples or 1)
        total = method.answer(ask).values.sum(0)
        maps.append(total if method.signed else total.abs())
    return torch.stack(maps)


def methods() -> Mapping[str, Method]:
    """All methods by name: those of the CAM family first, then those of single pixels."""
    known: dict[str, Method] = {}
    for table, run in ((CAMS, _cam), (PIXELS, _pixels)):
        for name, entry in table.items():
            known[name] = Method(
                name=name,
                title=entry.title,
                paper=entry.paper,
                cost_forwards=entry.cost_forwards,
                run=partial(run, name=name),
            )
    return known
