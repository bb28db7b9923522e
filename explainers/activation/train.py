"""Train a generator for a classifier: the prior of Plug & Play Generative Networks, for a model of yours.

The classifier encodes pictures, and the generator learns to draw them again from their codes, beside a discriminator,
with noise on the picture, the lower layer and the code (Joint PPGN-h, Nguyen et al. 2017). A training that was
cancelled, or whose process ended, goes on where it was: its state is kept every 250 steps.

Limits: a generator draws what it learnt from; of a few hundred pictures it learns blobs of their colours. The pictures
themselves are not in its file.
"""

import json
from dataclasses import dataclass, field

import numpy as np
import torch

from explainers.base import Evidence, Result, Run, Score, explainer
from explainers.kinds import Images
from explainers.kit.hooks import frozen
from explainers.params import Params, knob
from models import ModelHandle
from models.generators import kept, source
from models.generators.plan import plan_for
from models.generators.reference import tensor
from models.generators.train import Lesson

SHOWN, CHECKED = 8, 64


@dataclass(frozen=True, kw_only=True)
class GeneratorTrainParams(Params):
    """What is learnt from, and for how long."""

    images: str = knob(
        "menagerie", kind=Images(), help="Pictures to learn from: a folder with a folder for each class, or a source."
    )
    steps: int = knob(2000, 1, 200_000, "Batches to learn from; more are sharper and slower.", label="Steps")
    limit: int = knob(
        500, 4, 50_000, "At most so many pictures of each class to learn from.", label="Pictures of a class"
    )


@dataclass(frozen=True, kw_only=True)
class TrainedGenerator(Result):
    """A generator, done or on its way.

    Attributes:
        images: uint8 (N, s, s, 3), drawn of codes by lot.
        real, again: uint8 (M, s, s, 3), pictures kept apart, and what is drawn of their codes.
        losses: float32 (T, 4), of picture, code, lower layer and discriminator, on the way.
        error, other, mean: (C,), of pictures kept apart: mean absolute difference to what is drawn of their codes, to
            what is drawn of another picture's code, and to the mean picture; in shares of the range.
        step, steps: how many are done, and wanted. pictures: how many were learnt from.
        title: of the classifier. base: its name.
        header, tensors: what the file holds; empty until the training is done.
    """

    images: np.ndarray
    real: np.ndarray
    again: np.ndarray
    losses: np.ndarray
    error: np.ndarray
    other: np.ndarray
    mean: np.ndarray
    step: int
    steps: int
    pictures: int
    title: str
    base: str
    header: dict[str, str] = field(default_factory=dict)
    tensors: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """How far it is, and how near to real pictures."""
        done = f"{self.step:,} of {self.steps:,}" if self.step < self.steps else f"{self.steps:,}"
        return (
            f"A generator for *{self.title}*, trained for {done} steps on {self.pictures:,} pictures: what it draws of"
            f" a new picture's code is off by {np.median(self.error):.1%} of the range."
        )

    @property
    def subject(self) -> str:
        """The classifier."""
        return self.title


def measure(_model: ModelHandle, _params: GeneratorTrainParams, result: TrainedGenerator, run: Run) -> Evidence:
    """Pictures kept apart beside what is drawn of their codes, of another's code, and the mean picture."""
    run.report(0.0, "comparing")
    value, other, mean = (float(np.median(each)) for each in (result.error, result.other, result.mean))
    run.report(0.9, "comparing")
    return Evidence(
        scores=(
            Score(
                name="drawn",
                title="It draws what was encoded",
                value=value,
                of="this generator",
                worst=max(value, other, mean, 1e-6),
                best=0.0,
                baselines={"the code of another picture": other, "the mean picture": mean},
                reading=f"What is drawn of a new picture's code is off by {value:.1%} of the range; what is drawn of"
                f" another picture's code by {other:.1%}, the mean picture by {mean:.1%}.",
            ),
        )
    )


@explainer("Train a generator", paper="https://arxiv.org/abs/1612.00005", evidence=measure)
def activation_train(model: ModelHandle, params: GeneratorTrainParams, run: Run) -> TrainedGenerator:
    """Train; see the module's docstring."""
    plan = plan_for(model)
    reading = run.part(0.0, 0.1)
    data = source.pictures(
        params.images, model, plan, params.seed, lambda at, note: reading.report(at, note), params.limit
    )
    facts = json.dumps([model.digest, params.images, params.stamp(), params.steps, params.limit, params.seed])
    lesson = Lesson(model, plan, data, params.steps, params.seed, kept.waiting(facts))
    learning = run.part(0.1, 1.0)
    with frozen(model.network):
        lesson.learn(lambda at, note: learning.report(min(at, 0.999), note), lambda: run.offer(_view(lesson, {}, {})))
    tensors = {name: value.detach().cpu().numpy() for name, value in lesson.tensors(None).items()}
    result = _view(lesson, lesson.about(None).to_header(), tensors)
    lesson.checkpoint.remove()
    return result


def _view(lesson: Lesson, header: dict[str, str], tensors: dict[str, np.ndarray]) -> TrainedGenerator:
    """What can be seen of a training now."""
    test = lesson.data.test.images[:CHECKED]
    with torch.no_grad():
        seen = lesson.encoder(tensor(test, lesson.model)).h
    again = lesson.draw(seen)
    directions = lesson.directions
    lot = np.random.default_rng(lesson.seed).standard_normal((SHOWN, directions.shape[1])).astype(np.float32)
    return TrainedGenerator(
        images=_coloured(lesson.draw(lesson.generator.mean + torch.from_numpy(lot).to(seen) @ directions.T)),
        real=_coloured(test[:SHOWN]),
        again=_coloured(again[:SHOWN]),
        losses=np.array(lesson.losses, np.float32).reshape(-1, 4),
        error=_distance(test, again),
        other=_distance(test, np.roll(again, 1, 0)),
        mean=_distance(test, test.mean(0, keepdims=True)),
        step=lesson.step,
        steps=lesson.steps,
        pictures=len(lesson.data.train.labels),
        title=lesson.model.card.title,
        base=lesson.model.card.name,
        header=header,
        tensors=tensors,
    )


def _distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(one.astype(np.float64) - other).mean((1, 2, 3)) / 255


def _coloured(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.broadcast_to(images, (*images.shape[:3], 3)))
