"""The images of a class, those that the model predicts as it, with what a layer makes of them: one forward an image."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from explainers.base import Run
from explainers.concepts.bank.chunk import CHUNK, Chunk, ChunkParams, concept_chunk
from explainers.concepts.bank.params import ConceptsParams
from models import Layer, ModelHandle
from models.errors import InputError
from models.imagesets.imageset import UNKNOWN, ImageSet, Picture, image_set

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
        of_label: how many of those looked at are labelled as the class.
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
        """What each is labelled; `UNKNOWN` where nothing is said."""
        return np.array([picture.label for picture in self.pictures])


def collect(model: ModelHandle, params: ConceptsParams, layer: Layer, run: Run) -> Members:
    """Look through the images, chunk by chunk, until enough are predicted as the class.

    Chunks that are kept already are not looked through again.

    Raises:
        InputError: none or too few are predicted as the class; the text says which classes are.
    """
    held, start, chunks = params.stamp(), 0, _Chunks(model, params)
    images = image_set(params.images, model, params.cls, most=params.pool, seed=params.seed)
    while start < len(images) and chunks.members < params.limit:
        chunk_params = ChunkParams(
            images=params.images,
            held=held,
            cls=params.cls,
            layer=layer.name,
            pool=params.pool,
            start=start,
            wanted=min(CHUNK, params.limit - chunks.members),
            seed=params.seed,
        )
        part = run.part(chunks.done(start, len(images)), chunks.done(start + CHUNK, len(images)))
        chunks.add(part.reuse(concept_chunk.request(model.card.name, chunk_params)))
        start += CHUNK
        run.report(chunks.done(start, len(images)), f"{chunks.members} of {chunks.looked} images are of the class")
    return chunks.together(images)


class _Chunks:
    """Puts chunks together."""

    def __init__(self, model: ModelHandle, params: ConceptsParams) -> None:
        self._model, self._params = model, params
        self._all: list[Chunk] = []
        self.members = self.looked = 0

    def done(self, looked: int, available: int) -> float:
        """How far the search is: enough members, or all images looked at."""
        return min(1.0, max(self.members / self._params.limit, looked / available))

    def add(self, chunk: Chunk) -> None:
        """One chunk more."""
        self._all.append(chunk)
        self.members += len(chunk.names)
        self.looked += len(chunk.answers)

    def together(self, images: ImageSet) -> Members:
        """All members."""
        if self.members < FEWEST:
            raise InputError(self._too_few(images))
        some = [chunk for chunk in self._all if chunk.names]
        maps, context, logits = (
            np.concatenate([getattr(chunk, name) for chunk in some]) for name in ("maps", "context", "logits")
        )
        pictures = tuple(picture for chunk in some for picture in chunk.pictures)
        skipped = (*images.skipped, *(each for chunk in self._all for each in chunk.skipped))
        of_label = sum(chunk.of_label for chunk in self._all)
        return Members(
            pictures,
            np.ascontiguousarray(maps),
            context,
            logits,
            self.looked,
            len(images),
            of_label,
            skipped,
            images.title,
        )

    def _too_few(self, images: ImageSet) -> str:
        names, cls = self._model.card.labels, self._params.cls
        if not self.looked:
            return f"No image of {images.title} was looked at; raise 'Images looked at', which is {self._params.pool}."
        taken = Counter(int(answer) for chunk in self._all for answer in chunk.answers)
        many = [(index, count) for index, count in taken.most_common(4) if index != cls]
        offered = ", ".join(f"{names[index].split(',')[0]} ({index}, {count} images)" for index, count in many[:3])
        here = "Only one image" if self.members else "No image"
        remedy = f"choose one of those that are predicted most: {offered}" if offered else "add images"
        return (
            f"{here} of the {self.looked} looked at in {images.title} is predicted as {names[cls].split(',')[0]}"
            f" ({cls}); {remedy}."
        )


def unknown(labels: np.ndarray) -> np.ndarray:
    """Where nothing is said about the class."""
    return np.asarray(labels == UNKNOWN)
