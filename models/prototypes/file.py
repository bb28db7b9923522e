"""A prototype classifier as one safetensors file: prototypes, weights, thumbnails, and which backbone it stands on.

The backbone's own weights are not copied unless they were fine-tuned: the file names the model of the zoo and its
SHA-256, and loading checks them. Nothing is ever unpickled; thumbnails are decoded as hostile as any upload.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import nn

from models.card import ModelCard
from models.errors import InputError, StorageError
from models.imagesets.decode import open_upload
from models.prototypes.about import KIND, About
from models.prototypes.network import PrototypeNet, Spec

WEIGHTS = ("similarity.", "head.", "backbone.")
RECORD = "record."
CHANGED = "record.changed"
THUMBNAILS, ENDS = "record.thumbnails", "record.thumbnail_ends"
NOBODY: Mapping[int, int] = MappingProxyType({})
THUMBNAIL = 128  # pixels of the longer side of a prototype's picture inside the file


def save(path: Path, about: About, tensors: dict[str, np.ndarray]) -> None:
    """Write a classifier in one piece: a reader sees the old file or the new one.

    Args:
        path: ends in ``.safetensors``.
        about: goes into the header.
        tensors: ``similarity.prototypes`` (P, D), ``head.weight`` (K, P), add-on layers where the metric has them, and
            the record of the training, each name with ``record.`` before it.

    Raises:
        InputError: another ending.
        StorageError: the file cannot be written.
    """
    if path.suffix != ".safetensors":
        raise InputError(f"Weights are written as .safetensors: name the file '{path.stem}.safetensors'.")
    half = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {**tensors, **_encoded(tensors[THUMBNAILS])}
        save_file({key: np.ascontiguousarray(value) for key, value in whole.items()}, half, about.to_header())
        half.replace(path)
    except OSError as error:
        raise StorageError(f"'{path}' cannot be written ({error.strerror}): choose another place.") from error


def without(path: Path, removed: Iterable[int], out: Path, into: Mapping[int, int] = NOBODY) -> None:
    """Write a classifier again without some of its prototypes; nothing is fitted anew.

    Args:
        path: its file.
        removed: numbers of prototypes that count nothing any more.
        out: the new file.
        into: prototypes that are merged: dropped number -> number of the one that counts for both.

    Raises:
        InputError: the file is damaged, or nothing would be left.
        StorageError: the new file cannot be written.
    """
    about = About.from_header(header_of(path), path.name)
    keep = np.setdiff1d(np.arange(len(about.files)), [*removed, *into])
    if not len(keep):
        raise InputError("Without any prototype there is no classifier; keep at least one.")
    with _opened(path) as file:
        tensors = {key: file.get_tensor(key).numpy() for key in file.keys()}  # noqa: SIM118 (no iterator)
    tensors[THUMBNAILS] = _decoded(tensors[THUMBNAILS], tensors.pop(ENDS), path.name)
    weight = tensors["head.weight"].copy()
    for dropped, kept in into.items():
        weight[:, kept] += tensors["head.weight"][:, dropped]
    tensors["head.weight"] = weight
    by_row = ("similarity.prototypes", THUMBNAILS, *(RECORD + name for name in ("owner", "cell", "boxes")))
    by_column = [key for key in tensors if key in ("head.weight", CHANGED) or key.endswith("_similarity")]
    tensors |= {key: tensors[key][keep] for key in by_row} | {key: tensors[key][..., keep] for key in by_column}
    save(out, replace(about, files=tuple(about.files[at] for at in keep)), tensors)


def header_of(path: Path) -> dict[str, str]:
    """The header of a file that holds prototypes; empty for any other file."""
    if path.suffix != ".safetensors":
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            header = dict(file.metadata() or {})
    except (OSError, SafetensorError):  # the reader of checkpoints says what is wrong with it
        return {}
    return header if header.get("kind") == KIND else {}


def card(path: Path, header: dict[str, Any], base_of: Any) -> ModelCard:
    """The card of a file; ``base_of`` gives the card of a name of the zoo.

    Raises:
        InputError: the file is damaged, or there is no such backbone.
    """
    about = About.from_header(header, path.name)
    base: ModelCard = base_of(about.base)
    accuracy = about.facts.get("test_accuracy")
    words = f", {accuracy:.1%} of its test pictures named rightly" if accuracy is not None else ""
    return replace(
        base,
        name=str(path),
        title=f"{path.stem} (prototypes on {base.title})",
        labels=about.classes,
        licence="yours",
        source=f"trained by `seewhy train prototypes` on {about.source}{words}",
        paper="https://arxiv.org/abs/1806.10574",
        path=path if base.ready else None,
        remedy="" if base.ready else f"Its backbone is {base.name}. {base.remedy}",
        build=lambda: _build(path, about, base),
        fill=lambda network, file: _fill(network, file, (about, base)),
    )


def _build(path: Path, about: About, base: ModelCard) -> PrototypeNet:
    layer = base.layer(about.layer)
    with _opened(path) as file:
        prototypes, channels = file.get_slice("similarity.prototypes").get_shape()
    metric: Any = about.metric
    return PrototypeNet(base.build(), Spec(layer, metric, prototypes, channels, len(about.classes)))


def _fill(network: nn.Module, path: Path, known: tuple[About, ModelCard]) -> None:
    about, base = known
    if not isinstance(network, PrototypeNet) or base.path is None:
        raise InputError(f"'{path.name}' holds prototypes; load it by its path.")
    if base.digest != about.base_sha256:
        raise InputError(
            f"'{path.name}' stands on other weights of {base.name} than those on this machine; train it again here."
        )
    base.fill(network.backbone, base.path)
    with _opened(path) as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no iterator)
    weights = {key: value for key, value in tensors.items() if key.startswith(WEIGHTS)}
    try:
        missing, unexpected = network.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise InputError(f"'{path.name}' is damaged; train the prototypes again.") from error
    if unexpected or any(key.startswith(WEIGHTS) for key in set(missing) - _untuned(network, weights)):
        raise InputError(f"'{path.name}' is damaged; train the prototypes again.")
    network.about = about
    record = {key: value.numpy() for key, value in tensors.items() if key.startswith(RECORD)}
    record[THUMBNAILS] = _decoded(record[THUMBNAILS], record.pop(ENDS), path.name)
    network.record = {key.removeprefix(RECORD): value for key, value in record.items()}


def _untuned(network: nn.Module, weights: Mapping[str, Any]) -> set[str]:
    """Names of the backbone, where its weights are not in the file but those of the zoo."""
    tuned = any(key.startswith("backbone.") for key in weights)
    return set() if tuned else {key for key in network.state_dict() if key.startswith("backbone.")}


def _encoded(thumbnails: np.ndarray) -> dict[str, np.ndarray]:
    """Pictures (P, 128, 128, 3) as WebP, one after the other: a fifteenth of their size."""
    files = []
    for pixels in thumbnails:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "WEBP", quality=90)
        files.append(buffer.getvalue())
    ends = np.cumsum([len(data) for data in files])
    return {THUMBNAILS: np.frombuffer(b"".join(files), np.uint8), ENDS: ends.astype(np.int64)}


def _decoded(data: np.ndarray, ends: np.ndarray, name: str) -> np.ndarray:
    """What `_encoded` wrote; a file is as hostile as any upload."""
    pictures = [open_upload(part.tobytes(), name).pixels for part in np.split(data, ends[:-1])]
    if any(picture.shape != (THUMBNAIL, THUMBNAIL, 3) for picture in pictures):
        raise InputError(f"'{name}' is damaged; train the prototypes again.")
    return np.stack(pictures)


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (OSError, SafetensorError) as error:
        raise InputError(f"'{path.name}' is damaged or gone; train the prototypes again.") from error
