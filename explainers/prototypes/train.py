"""Train a prototype classifier on a folder of pictures: a few minutes, most of which the backbone needs once.

The backbone stays as it is. Of every class's own training patches, k-means finds what recurs; each centre is then
moved to a real training patch, no two of a class from one picture, so that every prototype can be shown. Weights from
prototypes to classes are fitted sparsely; how sparsely is chosen on pictures held out. The log-L2 variant is that of
Chen et al. 2019, in their stages: add-on layers and prototypes, push, last layer.

Limits: a frozen backbone sees what it was trained to see; a prototype is a place on its last map, as coarse as that
map. Pictures that become prototypes are kept as thumbnails of at most 128 pixels inside the model's file: train only on
pictures that you may show.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch

from explainers.base import Evidence, Run, Score, explainer
from explainers.kinds import Images, LayerName
from explainers.params import Params, knob
from explainers.prototypes.boxes import box
from explainers.prototypes.learn import head
from explainers.prototypes.learn.changes import Changes, ChangesParams, prototype_changes
from explainers.prototypes.learn.features import CHUNK, Features, FeaturesParams, prototype_features
from explainers.prototypes.learn.fit import Learnt, Plan, learn, likeness_when_changed
from explainers.prototypes.learn.head import Scores
from explainers.prototypes.telling import means
from explainers.prototypes.trained import SPLITS, TrainedPrototypes
from models import ModelHandle
from models.errors import InputError
from models.imagesets.imageset import UNKNOWN, class_of
from models.imagesets.labelled import Labelled, labelled
from models.imagesets.photo import Photo
from models.prototypes.file import THUMBNAIL


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
    layer: str | None = knob(
        None, kind=LayerName(), auto="the last map before pooling", help="Where prototypes are compared", more=True
    )


def measure_training(_model: ModelHandle, _params: TrainParams, result: TrainedPrototypes, run: Run) -> Evidence:
    """Accuracy beside the linear probe, a head over patches drawn by lot, and the most frequent class."""
    run.report(0.0, "naming the test pictures")
    test = result.scores("test")
    run.report(0.5, "comparing with shuffled weights")
    shuffled = run.rng.permutation(result.weight.T).T
    frequent = float(np.bincount(test.labels).max() / max(1, len(test.labels)))
    baselines = {"shuffled weights": test.accuracy(shuffled), "most frequent class": frequent}
    reference = {"linear probe": result.probe_accuracy}
    if np.isfinite(result.whole_accuracy):
        reference["the backbone's own head"] = result.whole_accuracy
    return Evidence(
        scores=(
            Score(
                name="accuracy",
                title="Accuracy on test pictures",
                value=result.test_accuracy,
                of="these prototypes",
                baselines={**baselines, **reference},
                references=tuple(reference),
                reading=f"{result.test_accuracy:.1%} of {len(test.labels)} pictures kept apart are named"
                f" rightly; a linear probe on the same features names {result.probe_accuracy:.1%}.",
            ),
        )
    )


@explainer("Train prototypes", paper="https://arxiv.org/abs/1806.10574", evidence=measure_training)
def prototypes_train(model: ModelHandle, params: TrainParams, run: Run) -> TrainedPrototypes:
    """Train a classifier; see the module's docstring."""
    pictures = labelled(params.images, limit=params.limit, seed=params.seed)
    features = collect(model, params, pictures, run.part(0.0, 0.6))
    changes = _changes(model, params, run.part(0.6, 0.7))
    split = np.array([pictures.examples[at].split for at in features.index])
    missing = sorted(set(range(len(pictures.classes))) - set(features.labels[split == "train"].tolist()))
    if missing:
        raise InputError(f"No picture of {pictures.classes[missing[0]]} can be read; add some, or remove the folder.")
    run.report(0.7, "choosing prototypes")
    learnt = learn(features, split, Plan(params.prototypes, params.metric, params.seed), run)
    run.report(0.9, "fitting the weights")
    trained = _result(model, params, pictures, (features, split, learnt))
    likeness = likeness_when_changed(changes.maps, learnt, params.metric)
    changed = means(likeness, changes.labels, len(pictures.classes))
    return replace(trained, changed=changed.astype(np.float16))


def _changes(model: ModelHandle, params: TrainParams, run: Run) -> Changes:
    """A few training pictures, changed in each characteristic; what was changed before is not changed again."""
    run.report(0.0, "changing some pictures, to see what tells the classes apart")
    wanted = ChangesParams(
        images=params.images, held=params.stamp(), limit=params.limit, layer=params.layer, seed=params.seed
    )
    return run.reuse(prototype_changes.request(model.card.name, wanted))


def collect(model: ModelHandle, params: TrainParams, pictures: Labelled, run: Run) -> Features:
    """Features of all pictures, chunk by chunk; what was read before is not read again."""
    chunks, held = [], params.stamp()
    for start in range(0, len(pictures.examples), CHUNK):
        wanted = FeaturesParams(
            images=params.images, held=held, limit=params.limit, layer=params.layer, start=start, seed=params.seed
        )
        share = start / len(pictures.examples)
        run.report(share, f"{start} of {len(pictures.examples)} pictures read")
        chunks.append(run.part(share, share).reuse(prototype_features.request(model.card.name, wanted)))
    return Features(
        maps=np.concatenate([chunk.maps for chunk in chunks]),
        index=np.concatenate([chunk.index for chunk in chunks]),
        labels=np.concatenate([chunk.labels for chunk in chunks]),
        layer=chunks[0].layer,
        skipped=tuple(skip for chunk in chunks for skip in chunk.skipped),
    )


def _result(
    model: ModelHandle, params: TrainParams, pictures: Labelled, learnt_from: tuple[Features, np.ndarray, Learnt]
) -> TrainedPrototypes:
    features, split, learnt = learnt_from
    which = _held_out({name: split == name for name in SPLITS})
    scores = {name: Scores(learnt.similarity[at], features.labels[at]) for name, at in which.items()}
    classes = len(pictures.classes)
    allowed = (learnt.owner == np.arange(classes)[:, None]) if params.sheet else None
    weight, penalty = head.choose(scores["train"], scores["validation"], classes, allowed)
    views = [model.view(pictures.examples[features.index[row]].read()) for row in learnt.row]
    return TrainedPrototypes(
        prototypes=learnt.vector.astype(np.float32),
        owner=learnt.owner,
        cell=learnt.cell,
        weight=weight.astype(np.float32),
        boxes=_boxes(learnt),
        changed=np.zeros((6, classes, len(learnt.owner)), np.float16),
        thumbnails=np.stack([_thumbnail(view) for view in views]),
        **_add_on(learnt),
        **{f"{name}_similarity": one.similarity.astype(np.float16) for name, one in scores.items()},
        **{f"{name}_labels": one.labels for name, one in scores.items()},
        classes=pictures.classes,
        files=tuple(pictures.examples[features.index[row]].name for row in learnt.row),
        layer=features.layer,
        metric=params.metric,
        source=pictures.title,
        base=model.card.name,
        base_sha256=model.digest,
        penalty=penalty,
        probe_accuracy=_probe(features, which),
        whole_accuracy=_whole(model, pictures, (features, which["test"])),
        skipped=features.skipped,
        notes=_notes(params, pictures, learnt),
    )


def _held_out(which: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Which pictures are of which split; a folder too small to hold any out is measured on what it has."""
    validation = which["validation"] if which["validation"].any() else which["train"]
    test = which["test"] if which["test"].any() else validation
    return {"train": which["train"], "validation": validation, "test": test}


def _boxes(learnt: Learnt) -> np.ndarray:
    size = (THUMBNAIL, THUMBNAIL)
    cells = [(int(row), int(column)) for row, column in learnt.cell]
    return np.stack([box(likeness, cell, size) for likeness, cell in zip(learnt.maps, cells, strict=True)])


def _add_on(learnt: Learnt) -> dict[str, np.ndarray]:
    empty = np.zeros(0, np.float32)
    places = [(at, what) for at in (0, 2) for what in ("weight", "bias")]
    return {f"add_on_{at}_{what}": learnt.add_on.get(f"{at}.{what}", empty) for at, what in places}


def _probe(features: Features, which: dict[str, np.ndarray]) -> float:
    """Accuracy of a linear probe on mean features."""
    means = features.maps.astype(np.float32).mean((2, 3))
    probe = head.linear_probe(means[which["train"]], features.labels[which["train"]])
    return probe.accuracy(means[which["test"]], features.labels[which["test"]])


def _thumbnail(view: Photo) -> np.ndarray:
    return np.asarray(view.pil().resize((THUMBNAIL, THUMBNAIL)))


def _notes(params: TrainParams, pictures: Labelled, learnt: Learnt) -> tuple[str, ...]:
    counts = np.bincount(learnt.owner, minlength=len(pictures.classes))
    return tuple(
        f"{name} has {count} pictures to train on, so {count} prototypes instead of {params.prototypes}."
        for name, count in zip(pictures.classes, counts, strict=True)
        if count < params.prototypes
    )


def _whole(model: ModelHandle, pictures: Labelled, tested: tuple[Features, np.ndarray]) -> float:
    """Accuracy of the backbone's own head among these classes; NaN where it does not know them, or cannot be cut."""
    features, test = tested
    known = [class_of(name, model.card.labels) for name in pictures.classes]
    layer = next(one for one in model.layers() if one.name == features.layer)
    if UNKNOWN in known or len(set(known)) < len(known) or layer.layout != "nchw":
        return float("nan")
    _, tail = model.split(features.layer)
    with torch.inference_mode():
        logits = [
            tail(torch.from_numpy(piece).float().to(model.device))[:, known].argmax(1).cpu()
            for piece in np.array_split(features.maps[test], int(test.sum()) // 256 + 1)
        ]
    return float((torch.cat(logits).numpy() == features.labels[test]).mean())
