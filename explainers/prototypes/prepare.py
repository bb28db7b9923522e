"""What a training stands on: features of all pictures, of changed ones, and the backbone that gave them."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from explainers.base import Run
from explainers.kinds import Images, LayerName
from explainers.params import Params, knob
from explainers.prototypes.learn import fit
from explainers.prototypes.learn.changes import Changes, ChangesParams, prototype_changes
from explainers.prototypes.learn.distance import Distances
from explainers.prototypes.learn.features import CHUNK, Features, FeaturesParams, prototype_features
from explainers.prototypes.learn.fit import Plan
from explainers.prototypes.learn.joint import Lessons, tune
from models import ModelHandle
from models.errors import InputError
from models.imagesets.labelled import Labelled


@dataclass(frozen=True, kw_only=True)
class TrainParams(Params):
    """What can be chosen."""

    images: str = knob("menagerie", kind=Images(), help="A folder with a folder of pictures for each class.")
    prototypes: int = knob(10, 1, 50, "Prototypes of each class; at most one from each picture.", label="Prototypes")
    metric: Literal["cosine", "log_l2"] = knob(
        "cosine", help="cosine: prototypes by k-means. log_l2: trained as in the paper.", label="Similarity"
    )
    limit: int = knob(100, 2, 5000, "At most so many pictures of each class to train on.", label="Pictures of a class")
    sheet: bool = knob(
        False, help="Only weights of a class's own prototypes, none negative: a scoring sheet.", label="Scoring sheet"
    )
    tune: int = knob(
        0,
        0,
        200,
        "Epochs in which the backbone learns as well; 0 leaves it as it is. Wants a GPU, but for small networks.",
        label="Epochs of fine-tuning",
        more=True,
    )
    layer: str | None = knob(
        None, kind=LayerName(), auto="the last map before pooling", help="Where prototypes are compared", more=True
    )


@dataclass(frozen=True)
class Ground:
    """What prototypes are chosen from.

    Attributes:
        features: of all pictures.
        changes: of some, changed in each characteristic.
        split: str (n,), what each picture of the features is for.
        stages: add-on layers and prototypes of the log-L2 variant.
        backbone: weights by name, where they were fine-tuned.
    """

    features: Features
    changes: Changes
    split: np.ndarray
    stages: Distances | None = None
    backbone: dict[str, np.ndarray] = field(default_factory=dict)


def prepare(model: ModelHandle, params: TrainParams, pictures: Labelled, run: Run) -> Ground:
    """Read every picture, and fine-tune the backbone if that is wanted.

    Raises:
        InputError: of a class no picture can be read.
    """
    share = 0.3 if params.tune else 0.7
    features = collect(model, params, pictures, run.part(0.0, share))
    split = np.array([pictures.examples[at].split for at in features.index])
    missing = sorted(set(range(len(pictures.classes))) - set(features.labels[split == "train"].tolist()))
    if missing:
        raise InputError(f"No picture of {pictures.classes[missing[0]]} can be read; add some, or remove the folder.")
    plan = Plan(params.prototypes, params.metric, params.seed)
    wanted = ChangesParams(
        images=params.images, held=params.stamp(), limit=params.limit, layer=params.layer, seed=params.seed
    )
    if not params.tune:
        run.report(share, "changing some pictures, to see what tells the classes apart")
        changes = run.part(share, 0.9).reuse(prototype_changes.request(model.card.name, wanted))
        stages = fit.warm(features, split == "train", plan, run.part(0.9, 1.0)) if params.metric == "log_l2" else None
        return Ground(features, changes, split, stages)
    stages = fit.warm(features, split == "train", plan, run.part(share, 0.4))
    layer = model.layer(params.layer)
    tuned = tune(model, layer, _lessons(model, pictures, features, split), stages, (params.tune, run.part(0.4, 0.8)))
    return Ground(
        collect(tuned, params, pictures, run.part(0.8, 0.95), fresh=True),
        prototype_changes(tuned, wanted, run.part(0.95, 1.0)),
        split,
        stages if params.metric == "log_l2" else None,
        {name: value.cpu().numpy() for name, value in tuned.network.state_dict().items()},
    )


def _lessons(model: ModelHandle, pictures: Labelled, features: Features, split: np.ndarray) -> Lessons:
    rows = np.flatnonzero(split == "train")
    images = [model.view(pictures.examples[features.index[row]].read()).pixels for row in rows]
    return Lessons(np.stack(images), features.labels[rows])


def collect(model: ModelHandle, params: TrainParams, pictures: Labelled, run: Run, *, fresh: bool = False) -> Features:
    """Features of all pictures, chunk by chunk; what was read before is not read again, unless the model is new."""
    chunks, held = [], params.stamp()
    for start in range(0, len(pictures.examples), CHUNK):
        wanted = FeaturesParams(
            images=params.images, held=held, limit=params.limit, layer=params.layer, start=start, seed=params.seed
        )
        share = start / len(pictures.examples)
        run.report(share, f"{start} of {len(pictures.examples)} pictures read")
        if fresh:
            chunks.append(prototype_features(model, wanted, run.part(share, share)))
        else:
            chunks.append(run.part(share, share).reuse(prototype_features.request(model.card.name, wanted)))
    return Features(
        maps=np.concatenate([chunk.maps for chunk in chunks]),
        index=np.concatenate([chunk.index for chunk in chunks]),
        labels=np.concatenate([chunk.labels for chunk in chunks]),
        layer=chunks[0].layer,
        skipped=tuple(skip for chunk in chunks for skip in chunk.skipped),
    )
