"""Training pictures of the small networks: as Fashion-MNIST is given out, or as a zip or folder of pictures.

A folder or zip holds ``train/CLASS/*`` and ``test/CLASS/*``; classes are numbered in the order of their names.
"""

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from models.errors import InputError
from models.imagesets.decode import check_bytes

IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
SPLITS = ("train", "test")
ENDINGS = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class Pictures:
    """Small pictures with their classes.

    Attributes:
        images: uint8 (N, H, W, C).
        labels: int64 (N,).
    """

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Data:
    """What is learnt, and what is asked afterwards."""

    train: Pictures
    test: Pictures


def read(place: Path, size: tuple[int, int, int]) -> Data:
    """Read all pictures.

    Args:
        place: a folder with the four files of Fashion-MNIST, or a folder or zip with train/CLASS and test/CLASS.
        size: channels, rows and columns of a picture.

    Raises:
        InputError: nothing of that kind lies there, or a picture has another size.
    """
    if place.is_dir() and all((place / name).is_file() for name in IDX):
        train, test = (_idx(place / images, place / labels) for images, labels in (IDX[:2], IDX[2:]))
    elif place.is_file() and zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as opened:
            train, test = (_named(opened.namelist(), opened.read, split, size[0]) for split in SPLITS)
    elif place.is_dir():
        names = [path.relative_to(place).as_posix() for split in SPLITS for path in place.glob(f"{split}/*/*")]
        train, test = (_named(names, lambda name: (place / name).read_bytes(), split, size[0]) for split in SPLITS)
    else:
        raise InputError(
            f"'{place}' holds no training pictures: give a folder or zip with train/CLASS and test/CLASS, or the folder"
            f" of Fashion-MNIST's files ({', '.join(IDX)})."
        )
    for part in (train, test):
        if part.images.shape[1:] != (*size[1:], size[0]):
            raise InputError(
                f"Pictures of {size[1]} × {size[2]} pixels and {size[0]} channels are wanted; these are"
                f" {' × '.join(map(str, part.images.shape[1:]))}."
            )
    return Data(train, test)


def _idx(images: Path, labels: Path) -> Pictures:
    """MNIST's own format: a head of big-endian numbers, then bytes."""
    with gzip.open(images) as opened:
        head = np.frombuffer(opened.read(16), ">i4")
        pixels = np.frombuffer(opened.read(), np.uint8)
    with gzip.open(labels) as opened:
        classes = np.frombuffer(opened.read()[8:], np.uint8)
    if head[0] != 2051 or len(pixels) != np.prod(head[1:]) or len(classes) != head[1]:
        raise InputError(f"'{images.name}' or '{labels.name}' is damaged; fetch it again.")
    return Pictures(pixels.reshape(*head[1:], 1), classes.astype(np.int64))


def _named(names: list[str], content: Callable[[str], bytes], split: str, channels: int) -> Pictures:
    """Pictures below a split's folder, classes in the order of their names."""
    names = sorted(name for name in names if name.startswith(f"{split}/") and name.lower().endswith(ENDINGS))
    classes = sorted({name.split("/")[1] for name in names})
    if len(classes) < 2:
        raise InputError(f"There are no two classes below {split}/; a folder for each class is wanted there.")
    mode = "L" if channels == 1 else "RGB"
    images = [_decode(content(name), name, mode) for name in names]
    shapes = {image.shape for image in images}
    if len(shapes) > 1:
        raise InputError(f"The pictures below {split}/ differ in size; bring them to one size.")
    return Pictures(np.stack(images), np.array([classes.index(name.split("/")[1]) for name in names], np.int64))


def _decode(data: bytes, name: str, mode: str) -> np.ndarray:
    check_bytes(len(data), name)
    try:
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert(mode))
    except (OSError, ValueError) as error:
        raise InputError(f"'{name}' is damaged; take it out or replace it.") from error
    return pixels[..., None] if mode == "L" else pixels
