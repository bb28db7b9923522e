"""Several methods, or several layers, side by side, and how far their maps agree."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from explainers.attribution.family import maps_of
from explainers.attribution.maps import Ask, Report, silent
from explainers.attribution.methods import methods
from explainers.attribution.targets import of_classes
from explainers.evidence import agreement
from models import ModelHandle
from models.errors import SeewhyError, UnfitError


@dataclass(frozen=True)
class Comparison:
    """Maps that can be laid side by side.

    Attributes:
        names: of the methods or layers, in the order of the maps.
        maps: (N, H, W) signed, all enlarged to the size of the input.
        agreement: (N, N) rank correlation of each pair, on cells of a 14 x 14 grid; 0 where a map has no order.
        refused: name and reason of each that does not fit this model.
    """

    names: tuple[str, ...]
    maps: Float[np.ndarray, "n y x"]
    agreement: Float[np.ndarray, "n n"]
    refused: tuple[tuple[str, str], ...] = ()


def compare(
    model: ModelHandle,
    x: Float[Tensor, "1 3 y x"],
    target: int,
    names: Sequence[str] = ("gradcam", "gradcam++", "hirescam", "layercam", "ablationcam", "integrated_gradients"),
    report: Report = silent,
) -> Comparison:
    """The same picture and class by several methods; those that do not fit the model are named, with the reason.

    Raises:
        InputError: the class is not there.
        UnfitError: none of the methods fits.
    """
    table, classes = methods(), torch.tensor([model.card.check_target(target)])
    return _side_by_side(names, lambda name: table[name].map(model, x, classes), x, report)


def layer_sweep(
    model: ModelHandle,
    x: Float[Tensor, "1 3 y x"],
    target: int,
    method: str = "gradcam",
    report: Report = silent,
) -> Comparison:
    """The same picture, class and method of the CAM family at every main layer, from the picture to the answer.

    Raises:
        InputError: the class is not there.
        UnfitError: no layer carries a gradient.
    """
    classes = of_classes(torch.tensor([model.card.check_target(target)]))
    layers = {layer.name: layer for layer in model.layers() if layer.main or layer.default}
    return _side_by_side(
        tuple(layers), lambda name: maps_of(method, Ask(model, x, classes, layers[name])).cam, x, report
    )


def _side_by_side(names: Sequence[str], ask: Callable[[str], Tensor], x: Tensor, report: Report) -> Comparison:
    found: dict[str, np.ndarray] = {}
    refused = []
    for done, name in enumerate(names):
        report(done / len(names), name)
        try:
            found[name] = _enlarged(ask(name), x)
        except SeewhyError as error:
            refused.append((name, str(error)))
    if not found:
        raise UnfitError(
            refused[0][1] if refused else "No method was chosen; choose at least one, for example gradcam."
        )
    maps = np.stack(list(found.values()))
    return Comparison(tuple(found), maps, agreement(list(maps)), tuple(refused))


def _enlarged(cam: Float[Tensor, "1 h w"], x: Tensor) -> np.ndarray:
    large = F.interpolate(cam[None].float().cpu(), size=x.shape[2:], mode="bilinear", align_corners=False)[0, 0]
    return large.numpy()
