"""Pictures that a generator learns from, at its own size, with their classes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from models import menagerie
from models.errors import InputError
from models.generators.plan import Plan
from models.handle import ModelHandle
from models.imagesets.imageset import class_of
from models.imagesets.labelled import Labelled, Split, labelled
from models.menagerie import pool
from models.small import nets as small_nets
from models.small.data import IDX, Data, Pictures, read

MENAGERIE = "menagerie"
WORLD = 1  # one animal in the middle: codes of 512 numbers did not hold scenes of several, and more were not tried
LEARNT, ASKED = 16_000, 1_600  # scenes of the menagerie, drawn once and kept in memory
PER_CLASS = 5_000
Report = Callable[[float, str], None]


def pictures(  # noqa: PLR0913 - which pictures, how many, at which size, for whom
    source: str, model: ModelHandle, plan: Plan, seed: int, report: Report, limit: int = PER_CLASS
) -> Data:
    """Read or draw all pictures.

    Args:
        source: ``menagerie``, the data of a small network (see `models.small.data.read`), or a folder of class folders.
        model: the classifier.
        plan: the size of a picture.
        seed: which scenes are drawn, and which pictures of a folder are kept for the test.
        report: hears ``(fraction, note)``.
        limit: at most so many pictures of each class to learn from; the data of a small network is read whole.

    Raises:
        InputError: nothing of that kind lies there.
    """
    if source == MENAGERIE:
        return _drawn(model, plan, seed, report, limit)
    if model.card.name in small_nets.SPECS and _is_small_data(Path(source)):
        report(0.0, "reading the pictures")
        return read(Path(source), model.card.input_size)
    chosen = labelled(source, limit=limit, seed=seed)
    return Data(
        _read(chosen, ("train", "validation"), (model, plan), report), _read(chosen, ("test",), (model, plan), report)
    )


def _is_small_data(place: Path) -> bool:
    """Whether it is Fashion-MNIST as it is given out, or a zip."""
    return place.is_file() or any((place / name).is_file() for name in IDX)


def _drawn(model: ModelHandle, plan: Plan, seed: int, report: Report, limit: int) -> Data:
    """Scenes with one animal: others to learn from than to ask about."""
    most = limit * len(menagerie.CLASSES)
    counts = min(LEARNT, most), min(ASKED, max(len(menagerie.CLASSES), most // 10))

    def draw(count: int, *, lesson: bool) -> Pictures:
        scenes = pool.scenes(count, seed, lesson=lesson, world=WORLD)
        drawn = pool.draw(scenes, plan.side, report=lambda at: report(at / count, f"{at} of {count} scenes drawn"))
        images = drawn.images if model.card.input_size[0] == 3 else drawn.images.mean(3, keepdims=True).astype(np.uint8)
        return Pictures(images, drawn.labels)

    return Data(draw(counts[0], lesson=True), draw(counts[1], lesson=False))


def _read(chosen: Labelled, splits: tuple[Split, ...], size: tuple[ModelHandle, Plan], report: Report) -> Pictures:
    """Pictures of some splits, each with the class of the model that its folder names; `UNKNOWN` where it has none."""
    model, plan = size
    classes = [class_of(name, model.card.labels) for name in chosen.classes]
    examples = [example for example in chosen.examples if example.split in splits]
    images = []
    for at, example in enumerate(examples):
        if at % 100 == 0:
            report(at / len(examples), f"{at} of {len(examples)} pictures read")
        view = model.view(example.read()).pil().resize((plan.side, plan.side), Image.Resampling.BICUBIC)
        images.append(_pixels(view, model.card.input_size[0]))
    if not images:
        raise InputError(
            f"{chosen.title} has no pictures for the {splits[0]} part: give at least four of each class, or both"
            " train/CLASS and test/CLASS."
        )
    return Pictures(np.stack(images), np.array([classes[example.label] for example in examples], np.int64))


def _pixels(view: Image.Image, channels: int) -> np.ndarray:
    return np.asarray(view) if channels == 3 else np.asarray(view.convert("L"))[..., None]
