"""What a model makes of an archive's champions, of photos and of random pictures: answers, last features, plainness.

Limits: nobody asks for it but the studies, which find it ready for another model or another question.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from explainers.base import Evidence, Result, Run, explainer
from explainers.fooling.studies.archive import (
    ArchiveParams,
    as_fed,
    card_of,
    kept_archive,
    photos_of,
    random_pictures,
    same_class,
    strongest,
)
from explainers.kinds import ModelName
from explainers.kit.penultimate import features_and_logits, last_layer
from explainers.kit.plainness import entropy, png_bytes, zlib_bytes
from explainers.kit.predict import logits_of
from explainers.params import knob
from models import ModelCard, ModelHandle
from models.errors import UnfitError
from models.imagesets.imageset import UNKNOWN

BATCH = 32
Of = Literal["champions", "photos", "random"]


@dataclass(frozen=True, kw_only=True)
class SeenParams(ArchiveParams):
    """Which pictures."""

    source: str = knob("", kind=ModelName(), help="The model on which the champions were evolved.")
    of: Literal["champions", "photos", "random"] = knob("champions", help="Champions, photos or random pictures.")


@dataclass(frozen=True, kw_only=True)
class Seen(Result):
    """Item i of each belongs together.

    Attributes:
        pictures: uint8 (n, S, S, 3), at the size of the champions.
        labels: int (n,), class of this model: a champion's own, a photo's label; -1 for none.
        confidence: (n,), of champions the stored confidence; zeros for others.
        logits, chances: float32 (n, K), and their probabilities.
        features: float32 (n, D), what the last linear layer reads; (n, 0) of a network that ends in no such layer.
        plainness: (n, 3), entropy in bits, bytes a pixel as PNG, bytes a pixel by zlib.
        title: where they come from.
    """

    pictures: np.ndarray
    labels: np.ndarray
    confidence: np.ndarray
    logits: np.ndarray
    chances: np.ndarray
    features: np.ndarray
    plainness: np.ndarray
    title: str


def _nothing(_model: ModelHandle, _params: SeenParams, _result: Seen, _run: Run) -> Evidence:
    """A piece of work claims nothing."""
    return Evidence(scores=())


def seen(run: Run, model: str, source: str, params: ArchiveParams, of: Of) -> Seen:
    """What the model of that name makes of the pictures, kept or looked at now."""
    wanted = {name: getattr(params, name) for name in ArchiveParams.__dataclass_fields__}
    return run.reuse(fooling_seen.request(model, SeenParams(**wanted, source=source, of=of)))


@explainer("What a model sees", paper="https://arxiv.org/abs/1412.1897", evidence=_nothing, inner=True)
def fooling_seen(model: ModelHandle, params: SeenParams, run: Run) -> Seen:
    """Look at the pictures; see the module's docstring."""
    card = card_of(params.source, model.card)
    archive = kept_archive(run.part(0.0, 0.7), params.source, params)
    side = archive.images.shape[1]
    confidence = np.zeros(0)
    if params.of == "champions":
        rows = strongest(archive.confidence, params.champions)
        pictures, confidence = archive.images[rows], archive.confidence[rows]
        labels, title = same_class(card.labels, model.card.labels)[archive.classes[rows]], "champions"
    elif params.of == "photos":
        photos = photos_of(model, params, side, run.part(0.7, 0.8))
        pictures, labels, title = photos.pictures, photos.labels, photos.title
    else:
        pictures = random_pictures(params.photos, side, run.rng)
        labels, title = np.full(len(pictures), UNKNOWN), "random pictures"
    features, logits = [], []
    for start in range(0, len(pictures), BATCH):
        run.report(0.8 + 0.2 * start / len(pictures), f"{model.card.title} looks at {title}")
        batch = as_fed(model, pictures[start : start + BATCH], card)
        some, answers = _read(model, batch)
        features.append(some)
        logits.append(answers)
    together = np.concatenate(logits)
    return Seen(
        pictures=pictures,
        labels=labels,
        confidence=confidence if len(confidence) else np.zeros(len(pictures)),
        logits=together,
        chances=model.chances(torch.from_numpy(together)).numpy(),
        features=np.concatenate(features),
        plainness=np.array([[entropy(one), png_bytes(one), zlib_bytes(one)] for one in pictures]),
        title=title,
    )


def _read(model: ModelHandle, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features and logits."""
    try:
        return features_and_logits(model, batch, last_layer(model))
    except UnfitError:
        return np.zeros((len(batch), 0), np.float32), logits_of(model, batch).float().cpu().numpy()


def readable(card: ModelCard, pictures: Seen) -> None:
    """Raise an `UnfitError` where the last features could not be read."""
    if pictures.features.shape[1] == 0:
        raise UnfitError(
            f"{card.title} does not end in one linear layer, so its last features cannot be read; choose an"
            " EfficientNet-Lite or a menagerie network."
        )
