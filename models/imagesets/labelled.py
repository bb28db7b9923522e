"""Pictures with their classes, split for training: a folder of class folders, a data set, or the menagerie."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from models import menagerie
from models.errors import InputError
from models.imagesets import datasets
from models.imagesets.folder import Entry, listed, spread, title
from models.imagesets.imageset import MENAGERIE, sources
from models.imagesets.photo import Photo
from models.menagerie import Scene

Split = Literal["train", "validation", "test"]
SPLITS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
HELD_OUT = 0.15  # of each class for validation and as much for the test, where the folder has no split of its own
DRAWN = 256  # pixels of a drawn animal's picture


@dataclass(frozen=True)
class Example:
    """One picture with its class.

    Attributes:
        name: path inside the folder, or class and number of the scene.
        label: index of its class.
        split: what it is for.
        read: decodes or draws it; raises `InputError` when the file is damaged.
    """

    name: str
    label: int
    split: Split
    read: Callable[[], Photo]


@dataclass(frozen=True)
class Labelled:
    """Pictures with their classes.

    Attributes:
        title: where they come from, for people.
        classes: their names.
        examples: every picture, spread over the classes in an order that never changes.
    """

    title: str
    classes: tuple[str, ...]
    examples: tuple[Example, ...]

    def of(self, split: Split) -> tuple[Example, ...]:
        """The pictures of one split."""
        return tuple(example for example in self.examples if example.split == split)


def labelled(images: str, *, limit: int = 1000, seed: int = 0) -> Labelled:
    """Pictures of a source with their classes.

    Args:
        images: ``menagerie``, ``menagerie_biased``, a data set, or a folder ``DIR/CLASS/...``; a folder that holds
            ``train``, ``validation`` and ``test`` (or some of them) keeps its own split.
        limit: at most so many pictures of each class to train on; as many shares of it are held out.
        seed: which scenes are drawn, and which pictures are held out.

    Raises:
        InputError: no such folder, or fewer than two classes.
    """
    if images in MENAGERIE:
        return _drawn(images, limit, seed)
    if images in datasets.DATASETS:
        data = datasets.DATASETS[images]
        entries = {f"{entry.label}/{entry.path.name}": entry for entry in data.entries()}
        return _split(data.title, {name: (entry.label or "", entry) for name, entry in entries.items()}, limit, seed)
    if not images:
        raise InputError(f"No images were named; name a folder, or one of {', '.join(sources())}.")
    inside = {name: entry for name, entry in listed(images).items() if "/" in name}
    if inside and {name.split("/")[0].lower() for name in inside} <= set(SPLITS):
        return _own_split(title(images), inside, limit)
    return _split(title(images), {name: (name.split("/")[0], entry) for name, entry in inside.items()}, limit, seed)


def _drawn(images: str, limit: int, seed: int) -> Labelled:
    counts: tuple[tuple[Split, int], ...] = (("train", limit), ("validation", limit // 4), ("test", limit // 4))
    examples = []
    for at, (split, count) in enumerate(counts):
        number = max(1, count) * len(menagerie.CLASSES)
        drawn = menagerie.scenes(number, seed + at, biased=images != "menagerie", lesson=split == "train")
        examples += [Example(f"{one.name} {one.seed}", one.cls, split, partial(_render, one)) for one in drawn]
    return Labelled("the menagerie", menagerie.CLASSES, tuple(examples))


def _render(one: Scene) -> Photo:
    return Photo(menagerie.render(one, DRAWN).image, f"{one.name} {one.seed}")


def _own_split(name: str, entries: dict[str, Entry], limit: int) -> Labelled:
    placed = {path: (SPLITS[path.split("/")[0].lower()], path.split("/")[1]) for path in entries if path.count("/") > 1}
    classes = _classes(name, [cls for split, cls in placed.values() if split == "train"])
    counts: dict[tuple[str, str], int] = {}
    examples = []
    for path, (split, cls) in placed.items():
        counts[split, cls] = counts.get((split, cls), 0) + 1
        if cls in classes and counts[split, cls] <= limit:
            examples.append(Example(path, classes.index(cls), split, entries[path].photo))
    return Labelled(name, classes, tuple(spread(examples, lambda example: (example.split, example.label))))


def _split(name: str, entries: dict[str, tuple[str, Entry]], limit: int, seed: int) -> Labelled:
    classes = _classes(name, [cls for cls, _ in entries.values()])
    rng = np.random.default_rng(seed)
    examples = []
    for label, cls in enumerate(classes):
        paths = [path for path, (named, _) in entries.items() if named == cls]
        paths = [paths[at] for at in rng.permutation(len(paths))[: round(limit * (1 + 2 * HELD_OUT))]]
        held = round(HELD_OUT * len(paths))
        for at, path in enumerate(paths):
            split: Split = "validation" if at < held else "test" if at < 2 * held else "train"
            examples.append(Example(path, label, split, entries[path][1].photo))
    return Labelled(name, classes, tuple(spread(examples, lambda example: (example.split, example.label))))


def _classes(name: str, named: list[str]) -> tuple[str, ...]:
    classes = tuple(sorted(set(named)))
    if len(classes) < 2:
        what = f"one class, {classes[0]}" if classes else "no class folder"
        raise InputError(f"'{name}' holds {what}: give a folder with a folder of pictures for each of two or more.")
    return classes
