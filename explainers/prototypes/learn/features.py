"""What the backbone makes of a stretch of the training pictures, kept so that a training which was stopped goes on.

Limits: nobody asks for it but the training; another number of prototypes, or another head, finds it ready.
"""

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import torch

from explainers.base import Evidence, Result, Run, explainer
from explainers.kinds import LayerName, Text
from explainers.kit.hooks import layer_activations
from explainers.params import Params, knob
from models import ModelHandle
from models.imagesets.labelled import Example, Labelled, labelled
from models.imagesets.reader import Reader

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
    stretch = range(params.start, min(params.start + CHUNK, len(examples)))
    reader = Reader([(examples[at].name, partial(_viewed, model, examples[at], at)) for at in stretch])
    maps, index = [np.zeros((0, *layer.shape), np.float16)], []
    for batch in reader.batches(BATCH):
        run.report(
            (reader.tried - len(batch)) / CHUNK, f"{params.start + reader.tried} of {len(examples)} pictures read"
        )
        with torch.inference_mode():
            x = model.normalise(np.stack([pixels for _, pixels in batch]))
            activations, _ = layer_activations(model.network, layer, x)
        maps.append(activations.half().cpu().numpy())
        index += [at for at, _ in batch]
    return Features(
        maps=np.concatenate(maps),
        index=np.array(index, np.int64),
        labels=np.array([examples[at].label for at in index], np.int64),
        layer=layer.name,
        skipped=tuple(reader.skipped),
    )


def _viewed(model: ModelHandle, example: Example, at: int) -> tuple[int, np.ndarray]:
    return at, model.view(example.read()).pixels
