"""What the backbone makes of a stretch of the training pictures, kept so that a training which was stopped goes on.

Limits: nobody asks for it but the training; another number of prototypes, or another head, finds it ready.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from explainers.base import Evidence, Result, Run, explainer
from explainers.kinds import LayerName, Text
from explainers.kit.hooks import layer_activations
from explainers.params import Params, knob
from models import ModelHandle
from models.errors import InputError
from models.imagesets.labelled import Labelled, labelled

BATCH = 16
CHUNK = 64


@dataclass(frozen=True, kw_only=True)
class FeaturesParams(Params):
    """Which pictures, and where in the network."""

    images: str = knob("menagerie", kind=Text(), help="Where the pictures come from.")
    held: str = knob("", help="What that place held when the training began.")
    limit: int = knob(100, 2, 5000, "Pictures of each class to train on.")
    layer: str | None = knob(None, kind=LayerName(), auto="the last map", help="Where in the network to look")
    start: int = knob(0, 0, None, help="The first picture.")


@dataclass(frozen=True, kw_only=True)
class Features(Result):
    """Item i of each belongs together.

    Attributes:
        maps: float16 (n, D, h, w).
        index: int (n,), place of the picture in its source.
        labels: int (n,).
        layer: where in the network they were read.
        skipped: files that could not be read, and why.
    """

    maps: np.ndarray
    index: np.ndarray
    labels: np.ndarray
    layer: str
    skipped: tuple[tuple[str, str], ...]


def _nothing(_model: ModelHandle, _params: FeaturesParams, _result: Features, _run: Run) -> Evidence:
    """A piece of work claims nothing."""
    return Evidence(scores=())


@lru_cache(maxsize=1)
def _listed(images: str, _held: str, limit: int, seed: int) -> Labelled:
    """The same pictures for every chunk: to list some thousand files takes a third of a second."""
    return labelled(images, limit=limit, seed=seed)


@explainer("Features of training pictures", paper="https://arxiv.org/abs/1806.10574", evidence=_nothing, inner=True)
def prototype_features(model: ModelHandle, params: FeaturesParams, run: Run) -> Features:
    """Run the backbone over a chunk; see the module's docstring."""
    examples = _listed(params.images, params.held, params.limit, params.seed).examples
    layer = model.layer(params.layer)
    views, index, skipped = [], [], []
    for at in range(params.start, min(params.start + CHUNK, len(examples))):
        try:
            views.append(model.view(examples[at].read()).pixels)
            index.append(at)
        except InputError as error:
            skipped.append((examples[at].name, str(error)))
    maps = [np.zeros((0, *layer.shape), np.float16)]
    for start in range(0, len(views), BATCH):
        run.report(start / len(views), f"{params.start + start} of {len(examples)} pictures read")
        with torch.inference_mode():
            activations, _ = layer_activations(
                model.network, layer, model.normalise(np.stack(views[start : start + BATCH]))
            )
        maps.append(activations.half().cpu().numpy())
    return Features(
        maps=np.concatenate(maps),
        index=np.array(index, np.int64),
        labels=np.array([examples[at].label for at in index], np.int64),
        layer=layer.name,
        skipped=tuple(skipped),
    )
