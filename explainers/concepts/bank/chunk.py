"""A stretch of the pictures, looked through: those of the class with what a layer makes of them.

A bank looks through hundreds of pictures before it learns anything. It asks for them a chunk at a time, and each chunk
is kept like any other answer, so that a bank which was cancelled, or whose process ended, goes on where it was; and
another bank of the same class, with another number of concepts, has them ready.

Limits: the chunk knows nothing of concepts; nobody asks for it but the bank.
"""

from dataclasses import dataclass

import numpy as np

from explainers.base import Evidence, Result, Run, explainer
from explainers.kinds import Class, Text
from explainers.kit.tail import activations_at
from explainers.params import Params, knob
from models import Layer, ModelHandle
from models.imagesets.imageset import Picture, image_set
from models.imagesets.reader import Reader

BATCH = 16
CHUNK = 4 * BATCH


@dataclass(frozen=True, kw_only=True)
class ChunkParams(Params):
    """Which pictures, and which of them are wanted."""

    images: str = knob("menagerie", kind=Text(), help="Where the pictures come from.")
    held: str = knob("", help="What that place held when the bank was begun.")
    cls: int = knob(0, kind=Class(), help="The class whose pictures are wanted.")
    layer: str = knob("", help="Where in the network to look.")
    pool: int = knob(3000, 2, 100_000, help="At most so many pictures are looked at.")
    start: int = knob(0, 0, None, help="The first picture.")
    wanted: int = knob(CHUNK, 1, CHUNK, help="After so many of the class no more are looked at.")


@dataclass(frozen=True, kw_only=True)
class Chunk(Result):
    """Pictures of the class among `CHUNK`; item i of each belongs together.

    Attributes:
        pixels: uint8 (n, H, W, 3). owners: uint8 (n, H, W), or (n, 0, 0) for photos. labels: int (n,).
        maps: float32 (n, C, h, w). context: float32 (n, t, C). logits: float32 (n, K).
        answers: int (looked,), the class that each picture looked at is taken for.
        names: of the pictures. of_label: how many of those looked at are labelled as the class.
        skipped: files that could not be read, and why.
    """

    pixels: np.ndarray
    owners: np.ndarray
    labels: np.ndarray
    maps: np.ndarray
    context: np.ndarray
    logits: np.ndarray
    answers: np.ndarray
    names: tuple[str, ...]
    of_label: int
    skipped: tuple[tuple[str, str], ...]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures of the class."""
        parts = zip(self.names, self.labels.tolist(), self.pixels, self.owners, strict=True)
        return tuple(Picture(*each) for each in parts)


def _nothing(_model: ModelHandle, _params: ChunkParams, _result: Chunk, _run: Run) -> Evidence:
    """A piece of work claims nothing."""
    return Evidence(scores=())


@explainer("Pictures of a class", paper="https://arxiv.org/abs/2306.07304", evidence=_nothing, inner=True)
def concept_chunk(model: ModelHandle, params: ChunkParams, run: Run) -> Chunk:
    """Look through a chunk; see the module's docstring."""
    search = _Search(model, params, model.layer(params.layer))
    images = image_set(params.images, model, params.cls, most=params.pool, seed=params.seed)
    reader = Reader(images.items[params.start : params.start + CHUNK])
    run.report(0.0, f"looking at image {params.start + 1}")
    for batch in reader.batches(BATCH):
        search.look(batch)
        run.report(min(1.0, len(search.answers) / CHUNK), f"{params.start + len(search.answers)} images looked at")
        if len(search.pictures) >= params.wanted:
            break
    return search.chunk(tuple(reader.skipped))


class _Search:
    """Keeps what is of the class."""

    def __init__(self, model: ModelHandle, params: ChunkParams, layer: Layer) -> None:
        self.model, self.params, self.layer = model, params, layer
        self.pictures: list[Picture] = []
        self.answers: list[int] = []
        self.of_label = 0
        self._kept: list[list[np.ndarray]] = []

    def look(self, batch: list[Picture]) -> None:
        """One forward of a batch."""
        seen = activations_at(self.model, self.layer, np.stack([picture.pixels for picture in batch]))
        answers = seen.logits.argmax(1)
        wanted = np.flatnonzero(answers == self.params.cls)[: self.params.wanted - len(self.pictures)]
        self.answers += answers.tolist()
        self.of_label += sum(picture.label == self.params.cls for picture in batch)
        self.pictures += [batch[i] for i in wanted]
        self._kept.append([part[wanted] for part in (seen.maps, seen.context, seen.logits)])

    def chunk(self, skipped: tuple[tuple[str, str], ...]) -> Chunk:
        """What was found; empty arrays where nothing was."""
        none = [np.zeros((0, 1, 1, 1), np.float32), np.zeros((0, 0, 1), np.float32), np.zeros((0, 1), np.float32)]
        maps, context, logits = (np.concatenate(parts) for parts in zip(*(self._kept or [none]), strict=True))
        some = self.pictures
        return Chunk(
            pixels=np.stack([each.pixels for each in some]) if some else np.zeros((0, 1, 1, 3), np.uint8),
            owners=np.stack([each.owners for each in some]) if some else np.zeros((0, 0, 0), np.uint8),
            labels=np.array([each.label for each in some], np.int64),
            maps=maps,
            context=context,
            logits=logits,
            answers=np.array(self.answers, np.int64),
            names=tuple(each.name for each in some),
            of_label=self.of_label,
            skipped=skipped,
        )
