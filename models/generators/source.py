"""Pictures that a generator learns from, at its own size, with their classes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from models.errors import InputError
from models.generators.plan import Plan
from models.handle import ModelHandle
from models.imagesets.labelled import Example, labelled
from models.menagerie import nets as menagerie_nets
from models.menagerie import pool
from models.small import nets as small_nets
from models.small.data import Data, Pictures, read

MENAGERIE = "menagerie"
LEARNT, ASKED = 16_000, 1_600  # scenes of the menagerie, drawn once and kept in memory
PER_CLASS = 5_000
Report = Callable[[float, str], None]


def pictures(source: str, model: ModelHandle, plan: Plan, seed: int, report: Report) -> Data:
    """Read or draw all pictures.

    Args:
        source: ``menagerie``, the data of a small network (see `models.small.data.read`), or a folder of class folders.
        model: the classifier.
        plan: the size of a picture.
        seed: which scenes are drawn, and which pictures of a folder are kept for the test.
        report: hears ``(fraction, note)``.

    Raises:
        InputError: nothing of that kind lies there.
    """
    if source == MENAGERIE:
        return _drawn(model, plan, seed, report)
    if model.card.name in small_nets.SPECS:
        report(0.0, "reading the pictures")
        return read(Path(source), model.card.input_size)
    chosen = labelled(source, limit=PER_CLASS, seed=seed)
    learnt = tuple(example for example in chosen.examples if example.split != "test")
    return Data(_read(learnt, model, plan, report), _read(chosen.of("test"), model, plan, report))


def _drawn(model: ModelHandle, plan: Plan, seed: int, report: Report) -> Data:
    """Scenes of the world that the classifier knows: others to learn from than to ask about."""
    world = menagerie_nets.world_of(model.card.name)

    def draw(count: int, *, lesson: bool) -> Pictures:
        scenes = pool.scenes(count, seed, lesson=lesson, world=world)
        drawn = pool.draw(scenes, plan.side, report=lambda at: report(at / count, f"{at} of {count} scenes drawn"))
        return Pictures(drawn.images, drawn.labels)

    return Data(draw(LEARNT, lesson=True), draw(ASKED, lesson=False))


def _read(examples: tuple[Example, ...], model: ModelHandle, plan: Plan, report: Report) -> Pictures:
    images, labels = [], []
    for at, example in enumerate(examples):
        if at % 100 == 0:
            report(at / len(examples), f"{at} of {len(examples)} pictures read")
        view = model.view(example.read()).pil().resize((plan.side, plan.side), Image.Resampling.BICUBIC)
        images.append(_pixels(view, model.card.input_size[0]))
        labels.append(example.label)
    if not images:
        raise InputError("No pictures are left to learn from; add some to the folder.")
    return Pictures(np.stack(images), np.array(labels, np.int64))


def _pixels(view: Image.Image, channels: int) -> np.ndarray:
    return np.asarray(view) if channels == 3 else np.asarray(view.convert("L"))[..., None]
