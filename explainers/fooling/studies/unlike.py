"""How unlike photos are they? Champions beside photos of their class, in another network's eyes and in none.

Another network, which the champions were not evolved on, reads champions, photos and random pictures; likeness is the
cosine of the features that its last layer reads, seen from the mean of the photos. A champion is compared with the
photos of its class: those labelled as it, or, where nothing is labelled, those that this network takes for it. Beside
it stand photos of the class with each other, photos of other classes, and random pictures. Entropy and the size of the
packed file need no network: they say how plain a picture is.

Limits: likeness is that of one network, no person was asked; two networks of one family share blind spots. Champions
whose class has no photo are left out of the likeness. A PNG of a photo that was resized is larger than one of a drawing
without being more natural.
"""

from dataclasses import dataclass

import numpy as np

import models
from explainers.base import Evidence, Result, Run, Score, explainer
from explainers.fooling.studies.archive import ArchiveParams, card_of
from explainers.fooling.studies.seen import Seen, readable, seen
from explainers.kinds import ModelName
from explainers.kit.detectors import likeness
from explainers.params import knob
from models import ModelCard, ModelHandle
from models.errors import InputError
from models.imagesets.imageset import UNKNOWN
from models.labels import short

PAIRS, DRAWS = 6, 1000
OTHERS, RANDOM, PHOTOS = "photos of other classes", "random pictures", "photos of the class"
PLAINNESS = ("entropy, bits", "PNG, bytes a pixel", "zlib, bytes a pixel")


@dataclass(frozen=True, kw_only=True)
class UnlikeParams(ArchiveParams):
    """What can be chosen."""

    by: str | None = knob(
        None,
        kind=ModelName(),
        auto="another one on this machine that knows the same classes",
        help="The model in whose eyes likeness is measured",
        label="Seen by",
    )


@dataclass(frozen=True, kw_only=True)
class Unlike(Result):
    """Champions beside photos.

    Attributes:
        likeness: (c,), of each champion whose class has photos: mean cosine with these.
        photo_likeness: (p,), of photos with the others of their class. other_likeness: (p,), with those of others.
        random_likeness: (r,), of each random picture with the photos of one class after the other.
        plainness, photo_plainness, random_plainness: (n, 3) of champions, photos, random pictures: entropy of the
            colours in bits, bytes a pixel as PNG, bytes a pixel by zlib.
        champions: uint8 (m, S, S, 3), some of those compared, the most confident first.
        nearest: uint8 (m, S, S, 3), the photo of its class that is most like each.
        names: class of each, confidence on the model itself.
        by: title of the model in whose eyes.
        photos: where the photos come from.
        compared: champions whose class has photos, of
        looked: those that were looked at.
    """

    likeness: np.ndarray
    photo_likeness: np.ndarray
    other_likeness: np.ndarray
    random_likeness: np.ndarray
    plainness: np.ndarray
    photo_plainness: np.ndarray
    random_plainness: np.ndarray
    champions: np.ndarray
    nearest: np.ndarray
    names: tuple[tuple[str, float], ...]
    by: str
    photos: str
    compared: int
    looked: int

    @property
    def sentence(self) -> str:
        """Likeness in a number, beside that of photos."""
        return (
            f"Seen by *{self.by}*, champions resemble photos of their class with a mean cosine of"
            f" {self.likeness.mean():.2f}; photos of the same class have {self.photo_likeness.mean():.2f}, photos of"
            f" different classes {self.other_likeness.mean():.2f}, random pictures {self.random_likeness.mean():.2f}."
        )


def measure_unlike(_model: ModelHandle, _params: UnlikeParams, result: Unlike, run: Run) -> Evidence:
    """Are they liker to their class than what knows nothing of it? And how plain are they?"""
    run.report(0.0, "drawing champions again and again")
    value = float(result.likeness.mean())
    draws = run.rng.choice(result.likeness, (DRAWS, len(result.likeness))).mean(1)
    others, chance = float(result.other_likeness.mean()), float(result.random_likeness.mean())
    run.report(0.5, "comparing with photos")
    like = Score(
        name="likeness",
        title="Likeness to the class",
        value=value,
        of="champions",
        baselines={OTHERS: others, RANDOM: chance, PHOTOS: float(result.photo_likeness.mean())},
        references=(PHOTOS,),
        interval=tuple(np.percentile(draws, [2.5, 97.5]).tolist()),
        worst=-1.0,
        reading=_words(value, max(others, chance), float(np.ptp(np.percentile(draws, [2.5, 97.5]))) / 2),
    )
    return Evidence(scores=(like, *(_plain(result, at) for at in range(len(PLAINNESS)))))


def _words(value: float, chance: float, margin: float) -> str:
    if value > chance + margin:
        return (
            f"Champions resemble their class more (mean cosine {value:.2f}) than pictures that show nothing of it do"
            f" ({chance:.2f})."
        )
    return (
        f"Champions resemble their class no more (mean cosine {value:.2f}) than pictures that show nothing of it do"
        f" ({chance:.2f}): this network does not recognise them."
    )


def _plain(result: Unlike, at: int) -> Score:
    """A measure of plainness; nothing to be won, so photos and random pictures are references."""
    values = [float(group[:, at].mean()) for group in _groups(result)]
    name, unit = PLAINNESS[at].split(", ")
    return Score(
        name=name.lower(),
        title=f"Plainness: {name}",
        value=values[0],
        of="champions",
        baselines={"photos": values[1], RANDOM: values[2]},
        references=("photos", RANDOM),
        best=8.0 if at == 0 else 3.2,
        reading=f"Champions have {values[0]:.2f} {unit}, photos {values[1]:.2f}, random pictures {values[2]:.2f}.",
    )


def _groups(result: Unlike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return result.plainness, result.photo_plainness, result.random_plainness


@explainer("Champions beside photos", paper="https://arxiv.org/abs/1412.1897", evidence=measure_unlike)
def fooling_unlike(model: ModelHandle, params: UnlikeParams, run: Run) -> Unlike:
    """Compare champions with photos; see the module's docstring."""
    run.report(0.0, "choosing who looks")
    by = _judge(model.card, params)
    champions = seen(run.part(0.0, 0.7), by.name, model.card.name, params, "champions")
    photos = seen(run.part(0.7, 0.85), by.name, model.card.name, params, "photos")
    noise = seen(run.part(0.85, 1.0), by.name, model.card.name, params, "random")
    readable(by, champions)
    return compared(by, champions, photos, noise)


def _judge(card: ModelCard, params: UnlikeParams) -> ModelCard:
    """The model in whose eyes.

    Raises:
        InputError: the named one shares no class; or none is named and there is no other.
    """
    if params.by is not None:
        judge = card_of(params.by, card)
        if not set(judge.labels) & set(card.labels):
            raise InputError(f"{judge.title} shares no class with {card.title}; choose a model that knows the same.")
        return judge
    same = (other for other in models.cards() if other.ready and set(other.labels) == set(card.labels))
    for other in same:
        if other.name != card.name:
            return other
    raise InputError(f"No other model on this machine knows the classes of {card.title}; name one as by.")


def compared(by: ModelCard, champions: Seen, photos: Seen, noise: Seen) -> Unlike:
    """What the model ``by`` saw, put side by side.

    Raises:
        InputError: no two photos are of one class, or hardly a champion's class has photos.
    """
    labels = np.where(photos.labels == UNKNOWN, photos.chances.argmax(1), photos.labels)
    centre = photos.features.mean(0)
    among = likeness(photos.features, photos.features, centre)
    same = labels[:, None] == labels
    others = ~same
    np.fill_diagonal(same, False)
    if not (same.any() and others.any()):
        raise InputError(
            f"Of {len(labels)} photos of {photos.title} no two are of one class; choose a folder with several photos a"
            " class as images."
        )
    members = champions.labels[:, None] == labels
    here = np.flatnonzero(members.any(1))
    if len(here) < 2:
        raise InputError(
            f"Of the {len(champions.labels)} champions only {len(here)} are of a class that occurs among the photos,"
            f" {photos.title}; choose images of more classes, or look at more champions."
        )
    near = likeness(champions.features, photos.features, centre)
    far = likeness(noise.features, photos.features, centre)
    shown = here[:PAIRS]
    best = np.where(members[shown], near[shown], -np.inf).argmax(1)
    return Unlike(
        likeness=_mean(near[here], members[here]),
        photo_likeness=_mean(among, same)[same.any(1)],
        other_likeness=_mean(among, others)[others.any(1)],
        random_likeness=np.concatenate([far[:, labels == cls].mean(1) for cls in np.unique(labels)]),
        plainness=champions.plainness,
        photo_plainness=photos.plainness,
        random_plainness=noise.plainness,
        champions=champions.pictures[shown],
        nearest=photos.pictures[best],
        names=tuple((short(by.labels[champions.labels[at]]), float(champions.confidence[at])) for at in shown),
        by=by.title,
        photos=photos.title,
        compared=len(here),
        looked=len(champions.labels),
    )


def _mean(table: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Mean of each row over the columns that count; 0 where none does."""
    return (table * which).sum(1) / np.maximum(1, which.sum(1))
