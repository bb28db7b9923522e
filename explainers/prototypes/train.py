"""Train a prototype classifier on a folder of pictures: a few minutes, most of which the backbone needs once.

The backbone stays as it is, unless it is to be fine-tuned. Of every class's own training patches, k-means finds what
recurs; each centre is then moved to a real training patch, no two of a class from one picture, so that every prototype
can be shown. Weights from prototypes to classes are fitted sparsely; how sparsely is chosen on pictures held out. The
log-L2 variant is that of Chen et al. 2019, in their stages: add-on layers and prototypes, the backbone with them, push,
last layer.

Limits: a frozen backbone sees what it was trained to see; a prototype is a place on its last map, as coarse as that
map. Pictures that become prototypes are kept as thumbnails of at most 128 pixels inside the model's file: train only on
pictures that you may show.
"""

from dataclasses import replace

import numpy as np
import torch

from explainers.base import Evidence, Run, Score, explainer
from explainers.prototypes.boxes import box
from explainers.prototypes.learn import head
from explainers.prototypes.learn.features import Features
from explainers.prototypes.learn.fit import Learnt, Plan, learn, likeness_when_changed
from explainers.prototypes.learn.head import Scores
from explainers.prototypes.prepare import Ground, TrainParams, prepare
from explainers.prototypes.telling import means
from explainers.prototypes.trained import SPLITS, TrainedPrototypes
from models import ModelHandle
from models.imagesets.imageset import UNKNOWN, class_of
from models.imagesets.labelled import Labelled, labelled
from models.imagesets.photo import Photo
from models.prototypes.file import THUMBNAIL


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
    return trained_on(prepare(model, params, pictures, run.part(0.0, 0.8)), model, params, pictures, run)


def trained_on(
    ground: Ground, model: ModelHandle, params: TrainParams, pictures: Labelled, run: Run
) -> TrainedPrototypes:
    """All that is left to do when every picture was read: prototypes, weights, and what is told about both."""
    run.report(0.8, "choosing prototypes")
    plan = Plan(params.prototypes, params.metric, params.seed)
    learnt = learn(ground.features, ground.split == "train", plan, run, ground.stages)
    run.report(0.9, "fitting the weights")
    trained = _result(model, params, pictures, (ground, learnt))
    likeness = likeness_when_changed(ground.changes.maps, learnt, params.metric)
    changed = means(likeness, ground.changes.labels, len(pictures.classes))
    return replace(trained, changed=changed.astype(np.float16))


def _result(
    model: ModelHandle, params: TrainParams, pictures: Labelled, learnt_from: tuple[Ground, Learnt]
) -> TrainedPrototypes:
    ground, learnt = learnt_from
    features, split = ground.features, ground.split
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
        whole_accuracy=float("nan") if params.tune else _whole(model, pictures, (features, which["test"])),
        backbone=ground.backbone,
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
    learnt, unseen = ((means[which[part]], features.labels[which[part]]) for part in ("train", "test"))
    return head.linear_probe(learnt, unseen)


def _thumbnail(view: Photo) -> np.ndarray:
    return np.asarray(view.pil().resize((THUMBNAIL, THUMBNAIL)))


def _notes(params: TrainParams, pictures: Labelled, learnt: Learnt) -> tuple[str, ...]:
    counts = np.bincount(learnt.owner, minlength=len(pictures.classes))
    fewer = tuple(
        f"{name} has {_counted(count, 'picture')} to train on, so {_counted(count, 'prototype')} instead of"
        f" {params.prototypes}."
        for name, count in zip(pictures.classes, counts.tolist(), strict=True)
        if count < params.prototypes
    )
    if pictures.of("test"):
        return fewer
    return (*fewer, "No picture could be kept apart: the accuracy is that on pictures it was trained on. Add pictures.")


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' if count != 1 else ''}"


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
