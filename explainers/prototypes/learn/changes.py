"""What the backbone makes of some training pictures when each characteristic is changed, kept like their features.

Against these a picture is read later: what tells two classes apart is what both lose when they are changed alike. The
pictures are few, for each passes the network six times, and smoothing its texture takes longer still.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from explainers.base import Evidence, Result, Run, explainer
from explainers.kinds import LayerName, Text
from explainers.kit.hooks import layer_activations
from explainers.params import Params, knob
from explainers.prototypes.changed import views
from explainers.prototypes.telling import STRONG
from models import ModelHandle
from models.imagesets.labelled import Example, labelled
from models.imagesets.reader import Reader

MOST, ALTOGETHER = 6, 120  # pictures of a class, and no more than a quarter; of all classes, but two of each


@dataclass(frozen=True, kw_only=True)
class ChangesParams(Params):
    """Which pictures, and where in the network."""

    images: str = knob("menagerie", kind=Text(), help="Where the pictures come from.")
    held: str = knob("", help="What that place held when the training began.")
    limit: int = knob(100, 2, 5000, "Pictures of each class to train on.")
    layer: str | None = knob(None, kind=LayerName(), auto="the last map", help="Where in the network to look")


@dataclass(frozen=True, kw_only=True)
class Changes(Result):
    """Item i of each belongs together.

    Attributes:
        maps: float16 (n, 6, D, h, w), of the picture itself, then changed in hue, saturation, contrast, texture, shape.
        labels: int (n,).
    """

    maps: np.ndarray
    labels: np.ndarray


def _nothing(_model: ModelHandle, _params: ChangesParams, _result: Changes, _run: Run) -> Evidence:
    """A piece of work claims nothing."""
    return Evidence(scores=())


@explainer("Changed training pictures", paper="https://arxiv.org/abs/2011.02863", evidence=_nothing, inner=True)
def prototype_changes(model: ModelHandle, params: ChangesParams, run: Run) -> Changes:
    """Run the backbone over changed pictures; see the module's docstring."""
    pictures, layer = labelled(params.images, limit=params.limit, seed=params.seed), model.layer(params.layer)
    most = min(MOST, max(1, params.limit // 4), max(2, ALTOGETHER // len(pictures.classes)))
    by_class = [
        [one for one in pictures.of("train") if one.label == cls][:most] for cls in range(len(pictures.classes))
    ]
    chosen = [one for examples in by_class for one in examples]
    reader = Reader([(one.name, partial(_viewed, model, one)) for one in chosen])
    maps, labels = [np.zeros((0, 6, *layer.shape), np.float16)], []
    for _, (label, seen) in reader:
        with torch.inference_mode():
            activations, _ = layer_activations(model.network, layer, model.normalise(seen))
        maps.append(activations.half().cpu().numpy()[None])
        labels.append(label)
        run.report(reader.tried / len(chosen), f"{reader.tried} of {len(chosen)} pictures changed and compared")
    return Changes(maps=np.concatenate(maps), labels=np.array(labels, np.int64))


def _viewed(model: ModelHandle, example: Example) -> tuple[int, np.ndarray]:
    return example.label, views(model, example.read(), STRONG)
