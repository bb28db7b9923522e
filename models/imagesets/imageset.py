"""Many pictures to learn from: a folder, a data set, or the menagerie, read one by one in an order that is fixed.

A folder's pictures come spread over its classes. What a folder calls a picture is compared with the model's own names,
so that a picture which the model takes for something else can be told.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from models import menagerie
from models.errors import InputError
from models.handle import ModelHandle
from models.imagesets import datasets
from models.imagesets.folder import Entry, Folder, image_folder, listed, spread, title
from models.menagerie import Scene, nets

MENAGERIE = ("menagerie", "menagerie_biased")
UNKNOWN = -1
NO_OWNERS = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True)
class Picture:
    """One picture as a model sees it.

    Attributes:
        name: path below the folder, or class and number of the scene.
        label: class of the model that it is labelled; `UNKNOWN` where nothing is said.
        pixels: uint8 (H, W, 3) at the model's size.
        owners: uint8 (H, W), who owns each pixel of a drawn animal, as in `menagerie.Rendered`; empty for photos.
    """

    name: str
    label: int
    pixels: np.ndarray
    owners: np.ndarray = field(default_factory=NO_OWNERS.copy)


@dataclass(frozen=True)
class ImageSet:
    """Pictures that wait to be read.

    Attributes:
        title: where they come from, for people.
        items: name -> how to read it; reading raises `InputError` when a file is damaged.
        skipped: files that were passed over, and why.
        labels: class that each is labelled, as `Picture.label`, known before it is read.
    """

    title: str
    items: tuple[tuple[str, Callable[[], Picture]], ...]
    skipped: tuple[tuple[str, str], ...] = ()
    labels: tuple[int, ...] = ()

    def __iter__(self) -> Iterator[tuple[str, Callable[[], Picture]]]:
        """Names, and how to read each."""
        return iter(self.items)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.items)


@dataclass(frozen=True)
class Source:
    """A source of pictures that has a name.

    Attributes:
        title: for people.
        ready: whether it is on this machine.
        remedy: how to get it; empty when it is here.
        licence: of the pictures.
        megabytes: what is fetched; 0 where nothing need be.
    """

    title: str
    ready: bool
    remedy: str = ""
    licence: str = "Apache-2.0"
    megabytes: int = 0


def sources() -> dict[str, Source]:
    """What ``images`` may name beside a folder: the menagerie's two worlds, and the data sets, here or not."""
    known = {
        "menagerie": Source("The menagerie: drawn animals whose truth is known", True),
        "menagerie_biased": Source("The menagerie with a planted badge", True),
    }
    for name, data in datasets.DATASETS.items():
        known[name] = Source(data.title, data.ready, data.remedy, data.licence, data.megabytes)
    return known


def content_digest(images: str) -> str:
    """What a source holds: of a folder, SHA-256 over paths, sizes and times; of a data set, when it came.

    Empty for the menagerie, and where there is nothing.
    """
    root = Path(images)
    if images in datasets.DATASETS:
        one = datasets.DATASETS[images]
        return f"{one.name}:{(one.place / one.folder).stat().st_mtime_ns}" if one.ready else ""
    if images in ("", *MENAGERIE) or not root.is_dir():  # no name is no folder, not the one we stand in
        return ""
    sha = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            stat = path.stat()
            sha.update(f"{path.relative_to(root).as_posix()}:{stat.st_size}:{stat.st_mtime_ns};".encode())
    return sha.hexdigest()


def image_set(images: str, model: ModelHandle, cls: int, *, most: int = 3000, seed: int = 0) -> ImageSet:
    """Pictures among which those of a class are looked for.

    Args:
        images: a name of `sources`, or the path of a folder.
        model: whose size and names count.
        cls: the class that is wanted. Where there are more than ``most`` pictures, those labelled as it come first;
            in the menagerie only its family is drawn, the class and those that it is taken for.
        most: pictures at most.
        seed: which of the menagerie's scenes.

    Raises:
        InputError: there is no such folder, it holds no picture, or the data set is not on this machine.
    """
    if not images:
        raise InputError(f"No images were named; name a folder, or one of {', '.join(sources())}.")
    if images in MENAGERIE:
        return _drawn(model, cls, most, seed, biased=images != "menagerie")
    if images in datasets.DATASETS:
        return _photos(datasets.DATASETS[images], model, cls, most)
    folder = _listing(images, content_digest(images))
    names = {label: class_of(label, model.card.labels) for label in folder.labels}
    entries = _ordered(folder, names, cls, most)
    return ImageSet(
        title(folder.path),
        _items(folder, entries, names, model),
        tuple((path.relative_to(folder.path).as_posix(), why) for path, why in folder.skipped),
        tuple(names.get(entry.label or "", UNKNOWN) for entry in entries),
    )


@lru_cache(maxsize=4)
def _listing(images: str, digest: str) -> Folder:
    """The pictures of a folder that holds what the digest says: their headers are read once, however often asked."""
    del digest
    return image_folder(images, thorough=False)


def _photos(wanted: datasets.DataSet, model: ModelHandle, cls: int, most: int) -> ImageSet:
    """Pictures of a data set; a class has the first of its names that means one of the model's."""
    folder = Folder(wanted.place, wanted.entries(), ())
    labels = model.card.labels
    known = {label: (class_of(name, labels) for name in (label, *wanted.aliases(label))) for label in folder.labels}
    names = {label: next((index for index in each if index != UNKNOWN), UNKNOWN) for label, each in known.items()}
    entries = _ordered(folder, names, cls, most)
    items = _items(folder, entries, names, model)
    return ImageSet(wanted.title, items, labels=tuple(names[entry.label or ""] for entry in entries))


def class_counts(images: str, labels: tuple[str, ...]) -> dict[int, int]:
    """How many files of a folder or data set lie in a folder that means a class, by class; nothing is read.

    Args:
        images: as for `gallery`; the menagerie's worlds say nothing.
        labels: the model's.
    """
    if images in MENAGERIE:
        return {}
    ready = images in datasets.DATASETS and datasets.DATASETS[images].ready
    entries = datasets.DATASETS[images].entries() if ready else tuple(listed(images).values())
    names = Counter(entry.label for entry in entries if entry.label is not None)
    counts: Counter[int] = Counter()
    for name, count in names.items():
        counts[class_of(name, labels)] += count
    counts.pop(UNKNOWN, None)
    return dict(counts.most_common())


def class_of(label: str, labels: tuple[str, ...]) -> int:
    """The class that a folder's name means: its number, its WordNet id, or one of its names; `UNKNOWN` otherwise."""
    if label.isdecimal() and int(label) < len(labels):
        return int(label)
    return _by_name(labels).get(_folded(label), UNKNOWN)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


@lru_cache(maxsize=16)
def _by_name(labels: tuple[str, ...]) -> dict[str, int]:
    """Every name of every class; a name that two classes share means neither."""
    indices: dict[str, int] = {}
    for index, label in enumerate(labels):
        for name in {_folded(part) for part in label.split(",")}:
            indices[name] = UNKNOWN if name in indices else index
    return {**_wordnet(labels), **indices}


def _wordnet(labels: tuple[str, ...]) -> dict[str, int]:
    from timm.data import ImageNetInfo

    from models.labels import imagenet

    if labels != imagenet():
        return {}
    return {str(name): index for index, name in enumerate(ImageNetInfo().label_names())}


def _ordered(folder: Folder, names: dict[str, int], cls: int, most: int) -> list[Entry]:
    """Spread over the classes; where not all can be looked at, those labelled as the class first."""
    entries = spread(folder.entries, lambda entry: entry.label)
    if len(entries) > most:
        entries.sort(key=lambda entry: names.get(entry.label or "", UNKNOWN) != cls)
    return entries[:most]


def _items(
    folder: Folder, entries: list[Entry], names: dict[str, int], model: ModelHandle
) -> tuple[tuple[str, Callable[[], Picture]], ...]:
    """Paths below the folder, since bare names stand for several pictures where classes number theirs alike."""
    places = {entry: entry.path.relative_to(folder.path).as_posix() for entry in entries}
    return tuple((place, partial(_photo, place, entry, names, model)) for entry, place in places.items())


def _photo(place: str, entry: Entry, names: dict[str, int], model: ModelHandle) -> Picture:
    view = model.view(entry.photo())
    return Picture(place, names.get(entry.label or "", UNKNOWN), view.pixels)


def _drawn(model: ModelHandle, cls: int, most: int, seed: int, *, biased: bool) -> ImageSet:
    knows = model.card.labels == menagerie.CLASSES
    family = menagerie.SPECIES[cls].family if knows and cls >= 0 else ""
    wanted = [index for index, each in enumerate(menagerie.SPECIES) if family in ("", each.family)]
    count = min(menagerie.pool.MOST, most * len(menagerie.CLASSES) // len(wanted))
    chosen = [
        one
        for one in menagerie.scenes(count, seed, biased=biased, world=nets.world_of(model.card.name))
        if one.cls in wanted
    ]
    size = model.card.input_size[1]
    items = tuple((f"{one.name} {one.seed}", partial(_render, one, size, knows)) for one in chosen)
    return ImageSet("the menagerie", items, labels=tuple(one.cls if knows else UNKNOWN for one in chosen))


def _render(one: Scene, size: int, knows: bool) -> Picture:
    drawn = menagerie.render(one, size)
    return Picture(f"{one.name} {one.seed}", one.cls if knows else UNKNOWN, drawn.image, drawn.owners)
