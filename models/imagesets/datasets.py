"""Photos that torchvision knows how to get: nothing calls out unless it is asked, and torchvision itself reads them.

A data set lies as torchvision lays it out, under its name in the data folder: ``SEEWHY_DATA``, or beside the cache. It
is fetched into a folder of another name, which is renamed when all is there, so that half a data set is never taken for
a whole one.
"""

import errno
import os
import shutil
import socket
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from models.errors import InputError, NotReadyError, StorageError
from models.imagesets.folder import Entry

PROBE_SECONDS, STALL_SECONDS = 3.0, 30.0


@dataclass(frozen=True)
class DataSet:
    """A data set before it is there.

    Attributes:
        name: what ``images`` calls it.
        title: for people.
        megabytes: what is fetched.
        licence: of the pictures.
        url: where torchvision gets it, to see whether that can be reached.
        folder: what lies in its place once it is there.
        get: fetches it into a folder.
        read: its pictures with the class that entry is labelled, from such a folder.
        aliases: further names of a class, by the name that `read` gives.
        boxed: the folder of its pictures, and that of their boxes in VOC's format; empty where there are none.
    """

    name: str
    title: str
    megabytes: int
    licence: str
    url: str
    folder: str
    get: Callable[[Path], object]
    read: Callable[[Path], list[tuple[Path, str]]]
    aliases: Callable[[str], tuple[str, ...]] = lambda _label: ()
    boxed: tuple[str, ...] = ()

    @property
    def place(self) -> Path:
        """Where it lies, or will lie."""
        return home() / self.name

    @property
    def ready(self) -> bool:
        """Whether it is on this machine."""
        return (self.place / self.folder).is_dir()

    @property
    def remedy(self) -> str:
        """How to get it; empty when it is here."""
        return "" if self.ready else f"seewhy images --get {self.name}"

    def check(self) -> None:
        """Raise an `InputError` with the remedy while it is not on this machine."""
        if not self.ready:
            raise InputError(
                f"The data set '{self.name}' is not on this machine; get it with `{self.remedy}` ({self.megabytes} MB)."
            )

    def boxes(self) -> tuple[str, str]:
        """The folder of its pictures, and that of the files that hold their boxes.

        Raises:
            InputError: it is not on this machine, or comes without boxes.
        """
        if not self.boxed:
            having = ", ".join(entry.name for entry in DATASETS.values() if entry.boxed)
            raise InputError(f"'{self.name}' comes without boxes; choose {having}, menagerie, or a folder with boxes.")
        self.check()
        pictures, notes = ((self.place / part).as_posix() for part in self.boxed)
        return pictures, notes

    def entries(self) -> tuple[Entry, ...]:
        """Its pictures by class and path.

        Raises:
            InputError: it is not on this machine, or not as torchvision leaves it.
        """
        self.check()
        try:
            entries = self.read(self.place)
        except (RuntimeError, OSError, ValueError, KeyError) as error:
            raise InputError(
                f"The data set '{self.name}' in '{self.place}' is damaged ({type(error).__name__}); remove that folder"
                f" and get it again with `seewhy images --get {self.name}`."
            ) from error
        return tuple(Entry(path, label) for path, label in sorted(entries, key=lambda entry: (entry[1], entry[0])))


def home() -> Path:
    """The data folder: ``SEEWHY_DATA``, or a folder beside that of the cache."""
    if given := os.environ.get("SEEWHY_DATA"):
        return Path(given).expanduser().absolute()
    if cache := os.environ.get("SEEWHY_CACHE"):
        place = Path(cache).expanduser().absolute()
        return place.with_name(f"{place.name}-data")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "seewhy-data"
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "seewhy-data"


def _torchvision(name: str, root: Path, **chosen: Any) -> Any:
    from torchvision import datasets  # takes a second, and only where it is needed

    return getattr(datasets, name)(root, **chosen)


def _get_imagenette(root: Path) -> object:
    return _torchvision("Imagenette", root, size="320px", download=True)


def _read_imagenette(root: Path) -> list[tuple[Path, str]]:
    entries = []
    for split in ("train", "val"):
        data = _torchvision("Imagenette", root, split=split, size="320px")
        entries += [(Path(path), data.wnids[label]) for path, label in data._samples]
    return entries


def _imagenette_names(label: str) -> tuple[str, ...]:
    from torchvision.datasets import Imagenette

    names: tuple[str, ...] = Imagenette._WNID_TO_CLASS.get(label, ())
    return names


def _get_flowers(root: Path) -> object:
    return _torchvision("Flowers102", root, download=True)


def _read_flowers(root: Path) -> list[tuple[Path, str]]:
    entries = []
    for split in ("train", "val", "test"):
        data = _torchvision("Flowers102", root, split=split)
        pairs = zip(data._image_files, data._labels, strict=True)
        entries += [(Path(path), data.classes[label]) for path, label in pairs]
    return entries


def _get_pets(root: Path) -> object:
    return _torchvision("OxfordIIITPet", root, download=True)


def _read_pets(root: Path) -> list[tuple[Path, str]]:
    entries = []
    for split in ("trainval", "test"):
        data = _torchvision("OxfordIIITPet", root, split=split)
        # Names by number: where a folder lacks a breed, its numbers have gaps and torchvision's list has none.
        entries += [(Path(path), Path(path).stem.rpartition("_")[0].replace("_", " ").title()) for path in data._images]
    return entries


def _pet_names(label: str) -> tuple[str, ...]:
    """ImageNet says Persian cat and German short-haired pointer."""
    return f"{label} cat", f"{label} pointer"


DATASETS: Mapping[str, DataSet] = {
    entry.name: entry
    for entry in (
        DataSet(
            "imagenette",
            "Imagenette: ten easy classes of ImageNet",
            342,
            "as ImageNet: research only",
            "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz",
            "imagenette2-320",
            _get_imagenette,
            _read_imagenette,
            _imagenette_names,
        ),
        DataSet(
            "flowers102",
            "Oxford 102 Flowers",
            345,
            "none stated",
            "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/102flowers.tgz",
            "flowers-102",
            _get_flowers,
            _read_flowers,
        ),
        DataSet(
            "oxford_pets",
            "Oxford-IIIT Pets: 37 breeds of cats and dogs",
            811,
            "CC BY-SA 4.0",
            "https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",
            "oxford-iiit-pet",
            _get_pets,
            _read_pets,
            _pet_names,
            ("oxford-iiit-pet/images", "oxford-iiit-pet/annotations/xmls"),
        ),
    )
}


def find(name: str) -> DataSet:
    """The data set called ``name``.

    Raises:
        InputError: there is none; the text lists them.
    """
    if name not in DATASETS:
        raise InputError(f"There is no data set '{name}'; there are: {', '.join(DATASETS)}.")
    return DATASETS[name]


def fetch(name: str) -> DataSet:
    """Get a data set, unless it is here: with `models.weights.download` the only calls that leave this machine.

    Raises:
        InputError: there is no such data set.
        NotReadyError: offline, within a few seconds; or what came is not what it should be.
        StorageError: the data folder cannot take it.
    """
    wanted = find(name)
    if wanted.ready:
        return wanted
    part = wanted.place.with_name(f".{name}.part")
    with _in_words(wanted):
        _reach(wanted.url)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        with _stalling():
            wanted.get(part)
        wanted.read(part)
        for archive in [*part.rglob("*.tgz"), *part.rglob("*.tar.gz")]:
            archive.unlink()  # unpacked beside it
        shutil.rmtree(wanted.place, ignore_errors=True)
        part.rename(wanted.place)
    return wanted


def _reach(url: str) -> None:
    """Ask for the head of the file, briefly; proxies that the environment names are used, as torchvision does."""
    request = urllib.request.Request(url, method="HEAD", headers={"User-Agent": "seewhy"})
    urllib.request.urlopen(request, timeout=PROBE_SECONDS).close()


@contextmanager
def _stalling() -> Iterator[None]:
    """A connection that says nothing for `STALL_SECONDS` is given up: torchvision itself would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextmanager
def _in_words(wanted: DataSet) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, EOFError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT):
            raise StorageError(
                f"'{wanted.place.parent}' cannot take {wanted.megabytes} MB ({os.strerror(error.errno)}); free some"
                " room, or name another folder in SEEWHY_DATA."
            ) from error
        raise NotReadyError(
            f"The data set '{wanted.name}' could not be fetched from {urlsplit(wanted.url).hostname}; check the"
            f" connection and try again, or copy the folder '{wanted.folder}' as torchvision leaves it into"
            f" '{wanted.place}'."
        ) from error
