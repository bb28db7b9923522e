"""Train a prototype classifier on a folder of pictures: a few minutes, most of which the backbone needs once.

The backbone stays as it is. Of every class's own training patches, k-means finds what recurs; each centre is then
moved to a real training patch, no two of a class from one picture, so that every prototype can be shown. Weights from
prototypes to classes are fitted sparsely; how sparsely is chosen on pictures held out. The log-L2 variant is that of
Chen et al. 2019, in their stages: add-on layers and prototypes, push, last layer.

Limits: a frozen backbone sees what it was trained to see; a prototype is a place on its last map, as coarse as that
map. Pictures that become prototypes are kept as thumbnails of at most 128 pixels inside the model's file: train only on
pictures that you may show.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch.nn import functional

from explainers.base import Evidence, Result, Run, Score, explainer
from explainers.kinds import Images, LayerName
from explainers.params import Params, knob
from explainers.prototypes.boxes import box
from explainers.prototypes.learn import distance, head, select
from explainers.prototypes.learn.features import CHUNK, Features, FeaturesParams, prototype_features
from explainers.prototypes.learn.head import Scores
from models import ModelHandle
from models.errors import InputError
from models.imagesets.imageset import UNKNOWN, class_of
from models.imagesets.labelled import Labelled, labelled
from models.imagesets.photo import Photo
from models.prototypes.file import THUMBNAIL, About
from models.prototypes.network import log_similarity, squared_distance

SPLITS = ("train", "validation", "test")


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


@dataclass(frozen=True, kw_only=True)
class TrainedPrototypes(Result):
    """A trained classifier: everything that its file holds.

    Attributes:
        prototypes: float32 (P, D). owner: int (P,), the class of each. cell: int (P, 2), its place on the layer's grid.
        weight: float32 (K, P).
        boxes: int (P, 4), y0 x0 y1 x1 of each in its thumbnail.
        thumbnails: uint8 (P, 128, 128, 3), the training picture of each as the model saw it.
        add_on_0_weight, add_on_0_bias, add_on_2_weight, add_on_2_bias: of the log-L2 variant; empty otherwise.
        train_similarity, validation_similarity, test_similarity: float16 (n, P), greatest similarities.
        train_labels, validation_labels, test_labels: int (n,).
        classes, files: names of the classes, and of each prototype's picture.
        layer, metric, source, base, base_sha256: what it stands on.
        penalty: of the sparse head.
        probe_accuracy: of logistic regression on the same features' means, on the test pictures.
        whole_accuracy: of the backbone's own head on the test pictures, where it knows the classes; NaN otherwise.
        skipped: files that could not be read, and why.
        notes: what was done otherwise than asked, a sentence each.
    """

    prototypes: np.ndarray
    owner: np.ndarray
    cell: np.ndarray
    weight: np.ndarray
    boxes: np.ndarray
    thumbnails: np.ndarray
    add_on_0_weight: np.ndarray
    add_on_0_bias: np.ndarray
    add_on_2_weight: np.ndarray
    add_on_2_bias: np.ndarray
    train_similarity: np.ndarray
    validation_similarity: np.ndarray
    test_similarity: np.ndarray
    train_labels: np.ndarray
    validation_labels: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    files: tuple[str, ...]
    layer: str
    metric: str
    source: str
    base: str
    base_sha256: str
    penalty: float
    probe_accuracy: float
    whole_accuracy: float
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    def scores(self, split: str) -> Scores:
        """Greatest similarities and labels of the pictures of a split."""
        return Scores(getattr(self, f"{split}_similarity").astype(np.float32), getattr(self, f"{split}_labels"))

    @property
    def test_accuracy(self) -> float:
        """Share of the test pictures named rightly."""
        return self.scores("test").accuracy(self.weight)

    @property
    def sentence(self) -> str:
        """How good it is, beside a linear probe."""
        used = int((np.abs(self.weight) > 0).sum())
        return (
            f"{len(self.owner)} prototypes of {len(self.classes)} classes name {self.test_accuracy:.1%} of the test"
            f" pictures rightly, with {used} weights; a linear probe names {self.probe_accuracy:.1%}."
        )

    def about(self) -> About:
        """The header of its file."""
        facts = {
            **{f"{split}_accuracy": self.scores(split).accuracy(self.weight) for split in SPLITS},
            "probe_accuracy": self.probe_accuracy,
            "penalty": self.penalty,
        }
        if np.isfinite(self.whole_accuracy):
            facts["whole_accuracy"] = self.whole_accuracy
        return About(
            base=self.base,
            base_sha256=self.base_sha256,
            layer=self.layer,
            metric=self.metric,
            classes=self.classes,
            files=self.files,
            source=self.source,
            facts=facts,
        )

    def tensors(self) -> dict[str, np.ndarray]:
        """The tensors of its file."""
        split = [f"{name}_{what}" for name in SPLITS for what in ("similarity", "labels")]
        add_on = {
            f"similarity.add_on.{at}.{what}": getattr(self, f"add_on_{at}_{what}")
            for at in (0, 2)
            for what in ("weight", "bias")
            if self.metric == "log_l2"
        }
        return {
            "similarity.prototypes": self.prototypes,
            "head.weight": self.weight,
            **add_on,
            **{f"record.{name}": getattr(self, name) for name in ("owner", "cell", "boxes", "thumbnails", *split)},
        }


def measure_training(_model: ModelHandle, _params: TrainParams, result: TrainedPrototypes, run: Run) -> Evidence:
    """Accuracy beside the linear probe, a head over patches drawn by lot, and the most frequent class."""
    run.report(0.0, "comparing with shuffled weights")
    test = result.scores("test")
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
    features = collect(model, params, pictures, run.part(0.0, 0.7))
    split = np.array([pictures.examples[at].split for at in features.index])
    missing = sorted(set(range(len(pictures.classes))) - set(features.labels[split == "train"].tolist()))
    if missing:
        raise InputError(f"No picture of {pictures.classes[missing[0]]} can be read; add some, or remove the folder.")
    run.report(0.7, "choosing prototypes")
    learnt = learn(features, split, params, run)
    run.report(0.9, "fitting the weights")
    return _result(model, params, pictures, (features, split, learnt))


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


@dataclass(frozen=True)
class Learnt:
    """Prototypes, and what pictures are like them.

    Attributes:
        vector: float32 (P, D). owner: int (P,).
        row: int (P,), the picture of each among the features. cell: int (P, 2).
        similarity: float32 (n, P), greatest similarity of each picture to each.
        maps: float32 (P, h, w), similarity of each prototype's own picture.
        add_on: weights of the add-on layers by name.
    """

    vector: np.ndarray
    owner: np.ndarray
    row: np.ndarray
    cell: np.ndarray
    similarity: np.ndarray
    maps: np.ndarray
    add_on: dict[str, np.ndarray]


def learn(features: Features, split: np.ndarray, params: TrainParams, run: Run) -> Learnt:
    """Choose prototypes among the training patches and compare every picture with them."""
    classes = int(features.labels.max()) + 1
    rows = [np.flatnonzero((features.labels == cls) & (split == "train")) for cls in range(classes)]
    counts = [min(params.prototypes, len(own)) for own in rows]
    owner = np.repeat(np.arange(classes), counts)
    if params.metric == "cosine":
        maps, add_on = features.maps.astype(np.float32), {}
        wanted = [select.centres(_patches(maps[own]), k, run.rng) for own, k in zip(rows, counts, strict=True)]
        near = select.cosine
    else:
        train = split == "train"
        warm = distance.warm(
            features.maps[train], features.labels[train], owner, params.seed, run.part(0.72, 0.88).report
        )
        maps, add_on = _added(warm, features.maps), {k: v.numpy() for k, v in warm.add_on.state_dict().items()}
        wanted = [warm.prototypes.numpy()[owner == cls] for cls in range(classes)]
        near = select.nearness
    chosen = [select.push(maps[own], centre, near) for own, centre in zip(rows, wanted, strict=True)]
    vector = np.concatenate([each.vector for each in chosen])
    row = np.concatenate([own[each.image] for own, each in zip(rows, chosen, strict=True)])
    compared = compare(maps, vector, params.metric)
    return Learnt(
        vector,
        owner,
        row,
        np.concatenate([each.cell for each in chosen]),
        compared.max((2, 3)),
        compared[row, np.arange(len(row))],
        add_on,
    )


def compare(maps: np.ndarray, vector: np.ndarray, metric: str) -> np.ndarray:
    """Similarity of every place to every prototype, (n, P, h, w), as the network computes it; in batches."""
    prototypes, pieces = torch.from_numpy(vector), []
    if metric == "cosine":
        prototypes = functional.normalize(prototypes, dim=1)
    for z in torch.from_numpy(maps).split(256):
        if metric == "cosine":
            pieces.append(functional.conv2d(functional.normalize(z, dim=1), prototypes[:, :, None, None]))
        else:
            pieces.append(log_similarity(squared_distance(z, prototypes)))
    return torch.cat(pieces).numpy()


def _patches(maps: np.ndarray) -> np.ndarray:
    """Patches of length 1; those that excite the network less than the median of their picture are left out.

    Weak places are mostly background, which all classes share: prototypes there say little of a class.
    """
    rows = maps.transpose(0, 2, 3, 1).reshape(len(maps), -1, maps.shape[1])
    length = np.linalg.norm(rows, axis=2)
    return select.unit(rows[length >= np.median(length, axis=1, keepdims=True)])


def _added(warm: distance.Distances, maps: np.ndarray) -> np.ndarray:
    pieces = [warm.add_on(torch.from_numpy(piece).float()) for piece in np.array_split(maps, len(maps) // 256 + 1)]
    return torch.cat(pieces).numpy()


def _result(
    model: ModelHandle, params: TrainParams, pictures: Labelled, learnt_from: tuple[Features, np.ndarray, Learnt]
) -> TrainedPrototypes:
    features, split, learnt = learnt_from
    which = {name: split == name for name in SPLITS}
    if not which["validation"].any():  # a folder too small to hold any out
        which["validation"] = which["train"]
    if not which["test"].any():
        which["test"] = which["validation"]
    scores = {name: Scores(learnt.similarity[at], features.labels[at]) for name, at in which.items()}
    classes = len(pictures.classes)
    allowed = (learnt.owner == np.arange(classes)[:, None]) if params.sheet else None
    weight, penalty = head.choose(scores["train"], scores["validation"], classes, allowed)
    means = features.maps.astype(np.float32).mean((2, 3))
    probe = head.linear_probe(means[which["train"]], features.labels[which["train"]])
    views = [model.view(pictures.examples[features.index[row]].read()) for row in learnt.row]
    return TrainedPrototypes(
        prototypes=learnt.vector.astype(np.float32),
        owner=learnt.owner,
        cell=learnt.cell,
        weight=weight.astype(np.float32),
        boxes=np.stack(
            [
                box(found, (int(at[0]), int(at[1])), (THUMBNAIL, THUMBNAIL))
                for found, at in zip(learnt.maps, learnt.cell, strict=True)
            ]
        ),
        thumbnails=np.stack([_thumbnail(view) for view in views]),
        **{
            f"add_on_{at}_{what}": learnt.add_on.get(f"{at}.{what}", np.zeros(0, np.float32))
            for at in (0, 2)
            for what in ("weight", "bias")
        },
        **{f"{name}_similarity": each.similarity.astype(np.float16) for name, each in scores.items()},
        **{f"{name}_labels": each.labels for name, each in scores.items()},
        classes=pictures.classes,
        files=tuple(pictures.examples[features.index[row]].name for row in learnt.row),
        layer=model.layer(params.layer).name,
        metric=params.metric,
        source=pictures.title,
        base=model.card.name,
        base_sha256=model.digest,
        penalty=penalty,
        probe_accuracy=probe.accuracy(means[which["test"]], features.labels[which["test"]]),
        whole_accuracy=_whole(model, pictures, (features, which["test"])),
        skipped=features.skipped,
        notes=_notes(params, pictures, learnt),
    )


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
    layer = next(each for each in model.layers() if each.name == features.layer)
    if UNKNOWN in known or len(set(known)) < len(known) or layer.layout != "nchw":
        return float("nan")
    _, tail = model.split(features.layer)
    with torch.inference_mode():
        logits = [
            tail(torch.from_numpy(piece).float().to(model.device))[:, known].argmax(1).cpu()
            for piece in np.array_split(features.maps[test], int(test.sum()) // 256 + 1)
        ]
    return float((torch.cat(logits).numpy() == features.labels[test]).mean())
