"""The images of a class, those that the model predicts as it, with what a layer makes of them: one forward an image."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from explainers.concepts.choices import ConceptsParams
from explainers.kit.hooks import watched
from explainers.kit.onward import context_of
from models import Layer, ModelHandle
from models.errors import InputError
from models.gallery import UNKNOWN, Gallery, Picture, gallery

BATCH = 16
FEWEST = 2
Report = Callable[[float, str], None]


@dataclass(frozen=True)
class Members:
    """Images of a class; item i of each belongs together.

    Attributes:
        pictures: as the model sees them.
        maps: float32 (N, C, h, w).
        context: float32 (N, t, C), tokens before the patches.
        logits: float32 (N, K).
        looked: how many images were looked at, of
        available: how many there were.
        of_label: how many of those looked at are said to be of the class.
        skipped: files that could not be read, and why.
        source: where they come from.
    """

    pictures: tuple[Picture, ...]
    maps: np.ndarray
    context: np.ndarray
    logits: np.ndarray
    looked: int
    available: int
    of_label: int
    skipped: tuple[tuple[str, str], ...]
    source: str

    @property
    def labels(self) -> np.ndarray:
        """What each is said to be; `UNKNOWN` where nothing is said."""
        return np.array([picture.label for picture in self.pictures])


def gather(model: ModelHandle, params: ConceptsParams, layer: Layer, report: Report) -> Members:
    """Look through the images until enough are predicted as the class.

    Raises:
        InputError: none or too few are predicted as the class; the text says which classes are.
    """
    found = gallery(params.images, model, params.cls, most=params.pool, seed=params.seed)
    search = _Search(model, params, layer, found)
    for batch in _batches(found, search.skipped):
        search.look(batch)
        share = max(len(search.pictures) / params.limit, search.looked / len(found))
        report(min(1.0, share), f"{len(search.pictures)} of {search.looked} images are of the class")
        if len(search.pictures) >= params.limit:
            break
    return search.members()


def _batches(found: Gallery, skipped: list[tuple[str, str]]) -> Iterator[list[Picture]]:
    """Readable pictures in batches; those that are damaged are noted."""

    def readable() -> Iterator[Picture]:
        for name, read in found:
            try:
                yield read()
            except InputError as error:
                skipped.append((name, str(error)))

    pictures = readable()
    while batch := list(islice(pictures, BATCH)):
        yield batch


class _Search:
    """Keeps what is of the class and counts the rest."""

    def __init__(self, model: ModelHandle, params: ConceptsParams, layer: Layer, found: Gallery) -> None:
        self.model, self.params, self.layer, self.found = model, params, layer, found
        self.pictures: list[Picture] = []
        self.skipped = list(found.skipped)
        self.looked = self.of_label = 0
        self._kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._others: Counter[int] = Counter()

    def look(self, batch: list[Picture]) -> None:
        with torch.inference_mode(), watched(self.model.network, self.layer.name) as seen:
            logits = self.model.network(self.model.normalise(np.stack([picture.pixels for picture in batch])))
        if seen.output is None:
            raise InputError(f"The network does not run layer '{self.layer.name}'; choose another layer.")
        answers = logits.argmax(1).cpu().numpy()
        self._others.update(answers.tolist())
        mine = np.flatnonzero(answers == self.params.cls)[: self.params.limit - len(self.pictures)]
        self.looked += len(batch)
        self.of_label += sum(picture.label == self.params.cls for picture in batch)
        self.pictures += [batch[i] for i in mine]
        parts = (self.layer.as_map(seen.output), context_of(self.layer, seen.output), logits)
        self._kept.append(tuple(part[mine].float().cpu().numpy() for part in parts))  # type: ignore[arg-type]

    def members(self) -> Members:
        if len(self.pictures) < FEWEST:
            raise InputError(self._too_few())
        maps, context, logits = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
        return Members(
            tuple(self.pictures), np.ascontiguousarray(maps), context, logits, self.looked, len(self.found),
            self.of_label, tuple(self.skipped), self.found.title,
        )  # fmt: skip

    def _too_few(self) -> str:
        names = self.model.card.labels
        many = [(index, count) for index, count in self._others.most_common(4) if index != self.params.cls]
        told = ", ".join(f"{names[index].split(',')[0]} ({index}, {count} images)" for index, count in many[:3])
        here = "No image" if not self.pictures else "Only one image"
        remedy = f"choose one of those that are predicted most: {told}" if told else "add images"
        return (
            f"{here} of the {self.looked} looked at in {self.found.title} is predicted as"
            f" {names[self.params.cls].split(',')[0]} ({self.params.cls}); {remedy}."
        )


def unknown(labels: np.ndarray) -> np.ndarray:
    """Where nothing is said about the class."""
    return np.asarray(labels == UNKNOWN)
