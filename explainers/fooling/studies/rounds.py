"""One round of learning fooling images and being fooled again, kept so that a retraining which was stopped goes on.

Limits: nobody asks for it but the retraining; another number of rounds finds the earlier ones ready.
"""

from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np

from explainers.base import Evidence, Result, Run, explainer
from explainers.fooling.archive import FoolingParams, stretch_params
from explainers.fooling.chunk import begin, pack
from explainers.fooling.evolve import champions
from explainers.fooling.judge import judge_of
from explainers.fooling.studies.archive import (
    AUTO,
    archive_of,
    as_fed,
    kept_archive,
    random_pictures,
    resized,
    source_of,
    strongest,
)
from explainers.kinds import Images
from explainers.kit.extra_class import beginning, fit, with_head
from explainers.kit.penultimate import LastLayer, features_and_logits, last_layer
from explainers.params import knob
from models import ModelHandle
from models.errors import InputError
from models.imagesets.imageset import UNKNOWN, class_of
from models.imagesets.labelled import Example, labelled
from models.imagesets.reader import Reader

EXTRA, SHOWN, SIDE, BATCH = "a fooling image", 6, 96, 32
PULL = 1e-3


@dataclass(frozen=True, kw_only=True)
class LearningParams(FoolingParams):
    """Which photos are learnt beside fooling images."""

    images: str = knob(
        AUTO,
        kind=Images(more={AUTO: "automatic"}),
        help="Labelled photos of the network's classes; automatic takes drawn animals or clothes where it knows them.",
        label="Photos",
    )
    limit: int = knob(40, 4, 1000, "Photos of each class to learn from.", label="Photos of a class")


@dataclass(frozen=True, kw_only=True)
class RoundParams(LearningParams):
    """Which round."""

    number: int = knob(0, 0, 20, "The round; 0 is the network as it is.")
    noise: bool = knob(False, help="Learn random pictures instead of fooling images: the control.")


@dataclass(frozen=True, kw_only=True)
class Learnt(Result):
    """Last features of labelled photos; those to learn from, and those kept apart.

    Attributes:
        train, test: float32 (n, D). train_labels, test_labels: int (n,), classes of the model.
        title: where they come from.
    """

    train: np.ndarray
    test: np.ndarray
    train_labels: np.ndarray
    test_labels: np.ndarray
    title: str


@dataclass(frozen=True, kw_only=True)
class Round(Result):
    """One round.

    Attributes:
        confidence: (K,), of the champions evolved on its network, a row a class.
        features: float32 (m, D), last features of these and all earlier champions: what the next round learns from.
        champions: uint8 (e, s, s, 3), the most confident. classes, sure: int and float (e,), of these.
        accuracy, accused: (), share of the photos kept apart that are named rightly, and called fooling images.
    """

    confidence: np.ndarray
    features: np.ndarray
    champions: np.ndarray
    classes: np.ndarray
    sure: np.ndarray
    accuracy: np.ndarray
    accused: np.ndarray


@dataclass(frozen=True)
class Champions:
    """Of a network: confidence (k,), images uint8 (k, S, S, 3), classes int (k,)."""

    confidence: np.ndarray
    images: np.ndarray
    classes: np.ndarray


def _nothing(_model: ModelHandle, _params: Any, _result: Any, _run: Run) -> Evidence:
    """A piece of work claims nothing."""
    return Evidence(scores=())


def learning_of(params: LearningParams) -> LearningParams:
    """The choices of the photos and the archive alone, so that every round finds the same ones."""
    return LearningParams(**{entry.name: getattr(params, entry.name) for entry in fields(LearningParams)})


@explainer("Photos to learn from", paper="https://arxiv.org/abs/1412.1897", evidence=_nothing, inner=True)
def fooling_photos(model: ModelHandle, params: LearningParams, run: Run) -> Learnt:
    """Read the last features of labelled photos; see `Learnt`.

    Raises:
        InputError: no photo is labelled as a class of the model.
    """
    source, layer = source_of(params.images, model.card), last_layer(model)
    if not source:
        raise InputError("Retraining needs labelled photos: give a folder with a folder for each class as images.")
    data = labelled(source, limit=params.limit, seed=params.seed)
    classes = np.array([class_of(name, model.card.labels) for name in data.classes])
    parts = {}
    for at, (part, examples) in enumerate({"train": data.of("train"), "test": data.of("test")}.items()):
        inside = [example for example in examples if classes[example.label] != UNKNOWN]
        if len(inside) < 2:
            raise InputError(
                f"{data.title} holds {len(inside)} {part} pictures of classes that {model.card.title} knows; name the"
                " folders after its classes."
            )
        parts[part] = _features(model, layer, inside, run.part(0.5 * at, 0.5 * at + 0.5))
    (train, train_labels), (test, test_labels) = parts["train"], parts["test"]
    return Learnt(
        train=train, test=test, train_labels=classes[train_labels], test_labels=classes[test_labels], title=data.title
    )


def _features(model: ModelHandle, layer: LastLayer, examples: list[Example], run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, D) and labels (n,) of the pictures that can be read."""

    def viewed(example: Example) -> tuple[np.ndarray, int]:
        return model.view(example.read()).pixels, example.label

    reader = Reader([(example.name, partial(viewed, example)) for example in examples])
    features: list[np.ndarray] = []
    labels: list[int] = []
    for batch in reader.batches(BATCH):
        run.report((reader.tried - len(batch)) / len(examples), f"{reader.tried} of {len(examples)} photos read")
        features.append(features_and_logits(model, np.stack([pixels for pixels, _ in batch]), layer)[0])
        labels += [label for _, label in batch]
    if not labels:
        raise InputError("None of the photos could be read; choose other images.")
    return np.concatenate(features), np.array(labels)


@explainer("A round of retraining", paper="https://arxiv.org/abs/1412.1897", evidence=_nothing, inner=True)
def fooling_round(model: ModelHandle, params: RoundParams, run: Run) -> Round:
    """Learn what the rounds before left, and evolve again; see the module's docstring."""
    photos = run.part(0.0, 0.1).reuse(fooling_photos.request(model.card.name, learning_of(params)))
    layer = last_layer(model)
    extra = np.zeros((0, layer.module.in_features), np.float32)
    if params.number == 0:
        weight = beginning(layer)
        weight[-1, -1] = -np.inf  # a class that is never the answer
        whole = kept_archive(run.part(0.1, 0.95), model.card.name, params)
        archive = Champions(whole.confidence, whole.images, whole.classes)
    else:
        before = replace(params, number=params.number - 1, noise=False)
        extra = run.part(0.1, 0.4).reuse(fooling_round.request(model.card.name, before)).features
        run.report(0.4, f"round {params.number}: fitting the last layer")
        weight = learnt(layer, photos, _noise(model, layer, params, extra, run.rng) if params.noise else extra)
        archive = _evolved(with_head(model, layer, weight, EXTRA), params, run.part(0.5, 0.95))
    run.report(0.95, "looking at the champions")
    best = strongest(archive.confidence, len(archive.confidence))
    images = as_fed(model, archive.images[best], model.card)
    guesses = (np.concatenate([photos.test, np.ones((len(photos.test), 1))], 1) @ weight.T).argmax(1)
    return Round(
        confidence=archive.confidence,
        features=np.concatenate([extra, features_and_logits(model, images, layer)[0]]),
        champions=np.stack([resized(one, SIDE) for one in archive.images[best[:SHOWN]]]),
        classes=archive.classes[best[:SHOWN]],
        sure=archive.confidence[best[:SHOWN]],
        accuracy=np.array((guesses == photos.test_labels).mean()),
        accused=np.array((guesses == len(weight) - 1).mean()),
    )


def learnt(layer: LastLayer, photos: Learnt, extra: np.ndarray) -> np.ndarray:
    """Weights of the last layer with one class more, learnt from features (m, D) of it."""
    features = np.concatenate([photos.train, extra])
    labels = np.concatenate([photos.train_labels, np.full(len(extra), layer.module.out_features)])
    return fit(features, labels, beginning(layer), PULL)


def _noise(
    model: ModelHandle, layer: LastLayer, params: RoundParams, extra: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Features of as many random pictures as there are champions, of their size."""
    side = stretch_params(model, archive_of(params)).size
    pictures = as_fed(model, random_pictures(len(extra), side, rng), model.card)
    return features_and_logits(model, pictures, layer)[0]


def _evolved(network: ModelHandle, params: RoundParams, run: Run) -> Champions:
    """Champions of a network that learnt, of the classes that it had before."""
    classes = params.classes or tuple(range(len(network.card.labels) - 1))
    last = stretch_params(network, replace(archive_of(params), classes=classes))
    judge = judge_of(network, last.classes, last.crops)
    evolution = begin(judge, last)
    for generation in range(last.generations):
        run.report(generation / last.generations, f"round {params.number}: generation {generation}")
        evolution.step(judge)
    kept = pack(evolution)
    return Champions(kept.confidence, champions(evolution.encoding, kept, last.size), judge.classes)
