"""Do they fool other networks? Champions of every network, looked at by every other one.

An archive is evolved on each network (a row), and its most confident champions are shown to all of them (the columns):
the median confidence in the champion's class, and the share of champions for which that class is still the first
answer. A class is the same in two networks where it has the same name. Below stand photos, with the class that they are
labelled or, where nothing is said, that the first network sees, and random pictures, with the class that the first
network happens to see: networks that give one answer to every noise agree there. They are one control; the other
shuffles the champions' classes.

Limits: networks of one family share their mistakes more than others; a champion at another network's size is resized,
which alone may cost confidence. Archives of few evaluations are unsure themselves: compare with the diagonal.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

import models
from explainers.base import Evidence, Result, Run, Score, explainer
from explainers.fooling.studies.archive import ArchiveParams, card_of, resized, same_class
from explainers.fooling.studies.seen import Seen, seen
from explainers.kinds import ModelNames
from explainers.params import knob
from explainers.results import Verdict
from models import ModelCard, ModelHandle
from models.errors import InputError
from models.imagesets.imageset import UNKNOWN
from models.labels import short

SHOWN, SIDE, DRAWS = 6, 96, 1000
PHOTOS, RANDOM, SHUFFLED = "photos", "random pictures", "classes shuffled"


@dataclass(frozen=True, kw_only=True)
class TransferParams(ArchiveParams):
    """What can be chosen."""

    others: tuple[str, ...] | None = knob(
        None,
        kind=ModelNames(),
        auto="all on this machine that know the same classes",
        help="The other models",
        label="Other models",
    )


@dataclass(frozen=True, kw_only=True)
class Transfer(Result):
    """Rows are what pictures were evolved on, columns what they were shown to; the first of both is the model itself.

    Attributes:
        median: (R + 2, C), median confidence in the champion's class; 0 where a network knows none of them.
        first: (R + 2, C), share of which that class is still the first answer.
        classes: int (n, C), class of each champion of the first row in every network; -1 where there is no such class.
        answers: int (n, C), first answer of every network to it.
        counts: int (R + 2,), pictures of each row.
        examples: uint8 (R, e, s, s, 3), the most confident champions of each row.
        example_chances: (R, e, C), confidence in their class.
        names, titles: of the models. rows: of all rows, photos and random pictures last.
        example_labels: of each row, the classes of its examples.
        photos: where the photos come from.
    """

    median: np.ndarray
    first: np.ndarray
    classes: np.ndarray
    answers: np.ndarray
    counts: np.ndarray
    examples: np.ndarray
    example_chances: np.ndarray
    names: tuple[str, ...]
    titles: tuple[str, ...]
    rows: tuple[str, ...]
    example_labels: tuple[tuple[str, ...], ...]
    photos: str

    @property
    def sentence(self) -> str:
        """How many still fool the others, beside how many random pictures would."""
        share, chance = float(self.first[0, 1:].mean()), float(self.first[-1, 1:].mean())
        others = "the other network" if len(self.titles) == 2 else f"the {len(self.titles) - 1} other networks"
        means = "" if share > chance else ", so nothing here says that champions carry over"
        return (
            f"Of {self.counts[0]} champions of *{self.titles[0]}*, {share:.0%} get the same first answer from {others};"
            f" of random pictures {chance:.0%} do{means}."
        )


def measure_transfer(_model: ModelHandle, _params: TransferParams, result: Transfer, run: Run) -> Evidence:
    """For every other network: champions that keep their class, beside the same answers with classes shuffled."""
    scores = []
    run.report(0.0, "shuffling classes")
    for column in range(1, len(result.names)):
        run.report(column / len(result.names), f"comparing with {result.titles[column]}")
        known = result.classes[:, column] != UNKNOWN
        classes, answers = result.classes[known, column], result.answers[known, column]
        scores.append(_score(result, column, classes == answers, _by_lot(classes, answers, run.rng)))
    return Evidence(scores=tuple(scores))


def _by_lot(classes: np.ndarray, answers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shares of champions that keep a class dealt out anew: what a network that loves one answer reaches (draws,)."""
    return np.array([(rng.permutation(classes) == answers).mean() for _ in range(DRAWS)])


def _score(result: Transfer, column: int, hits: np.ndarray, lots: np.ndarray) -> Score:
    value, chance = float(hits.mean()), float(lots.mean())
    photos, noise = float(result.first[-2, column]), float(result.first[-1, column])
    score = Score(
        name=f"on_{column}",
        title=f"On {result.titles[column]}",
        value=value,
        of="champions",
        baselines={SHUFFLED: chance, PHOTOS: photos, RANDOM: noise},
        references=(PHOTOS,),
        interval=tuple(np.percentile(lots, [2.5, 97.5]).tolist()),
        reading=f"{value:.0%} of {len(hits)} champions keep their class, with classes shuffled {chance:.0%};"
        f" {photos:.0%} of photos and {noise:.0%} of random pictures get the same answer.",
    )
    return replace(score, reading=f"{_words(score.verdict)} {score.reading}")


def _words(verdict: Verdict) -> str:
    if verdict.word == "better than":
        return "Champions carry over."
    if verdict.opponent == RANDOM:
        return "Networks agree as often on random pictures: this says nothing of champions."
    return "Shuffled classes do as well: this network has favourite answers."


@explainer("Fooling other networks", paper="https://arxiv.org/abs/1412.1897", evidence=measure_transfer)
def fooling_transfer(model: ModelHandle, params: TransferParams, run: Run) -> Transfer:
    """Evolve on each, look with each; see the module's docstring."""
    run.report(0.0, "finding networks that know the same classes")
    cards = [model.card, *_others(model.card, params)]
    ends = np.linspace(0, 1, len(cards) + 1)
    columns = [
        _column(run.part(float(ends[at]), float(ends[at + 1])), card, cards, params) for at, card in enumerate(cards)
    ]
    cells = [
        [_cell(columns[0][row], column[row], cards[0], card) for column, card in zip(columns, cards, strict=True)]
        for row in range(len(cards) + 2)
    ]
    rows = [columns[0][at] for at in range(len(cards))]
    shown = min(SHOWN, *(len(row.labels) for row in rows))
    return Transfer(
        median=np.array([[cell.median for cell in row] for row in cells]),
        first=np.array([[cell.first for cell in row] for row in cells]),
        classes=np.stack([column[0].labels for column in columns], 1),
        answers=np.stack([column[0].chances.argmax(1) for column in columns], 1),
        counts=np.array([len(column.labels) for column in columns[0]]),
        examples=np.stack([np.stack([resized(one, SIDE) for one in row.pictures[:shown]]) for row in rows]),
        example_chances=np.stack([np.stack([cell.chances[:shown] for cell in row], 1) for row in cells[:-2]]),
        names=tuple(card.name for card in cards),
        titles=tuple(card.title for card in cards),
        rows=(*(card.title for card in cards), PHOTOS, RANDOM),
        example_labels=tuple(
            tuple(short(card.labels[at]) for at in columns[place][place].labels[:shown])
            for place, card in enumerate(cards)
        ),
        photos=columns[0][-2].title,
    )


def _others(card: ModelCard, params: TransferParams) -> list[ModelCard]:
    """Cards of the other models, in the order in which they are named.

    Raises:
        InputError: there is none, or one shares no class.
    """
    if params.others is None:
        others = [other for other in models.cards() if other.ready and other.name != card.name]
        others = [other for other in others if set(other.labels) == set(card.labels)]
    else:
        others = [card_of(name, card) for name in dict.fromkeys(params.others)]
    strangers = [other.title for other in others if not set(other.labels) & set(card.labels)]
    if strangers:
        raise InputError(f"{strangers[0]} shares no class with {card.title}; choose a model that knows the same ones.")
    if not others:
        raise InputError(
            f"No other model on this machine knows the classes of {card.title}; get or train one, see `seewhy models`."
        )
    return others


def _column(run: Run, card: ModelCard, cards: list[ModelCard], params: TransferParams) -> list[Seen]:
    """What one network makes of all rows: champions of each network, photos, random pictures."""
    ends = np.linspace(0, 1, len(cards) + 3)
    parts = [run.part(float(low), float(high)) for low, high in pairwise(ends)]
    rows = [seen(part, card.name, row.name, params, "champions") for part, row in zip(parts, cards, strict=False)]
    photos = seen(parts[-2], card.name, cards[0].name, params, "photos")
    return [*rows, photos, seen(parts[-1], card.name, cards[0].name, params, "random")]


@dataclass(frozen=True)
class _Cell:
    """Pictures of one row before one network: confidence in their class (n,), whether it comes first (n,)."""

    chances: np.ndarray
    hits: np.ndarray
    known: np.ndarray

    @property
    def median(self) -> float:
        """Over the pictures whose class the network knows; 0 where it knows none."""
        return float(np.median(self.chances[self.known])) if self.known.any() else 0.0

    @property
    def first(self) -> float:
        """Share of those."""
        return float(self.hits[self.known].mean()) if self.known.any() else 0.0


def _cell(first: Seen, here: Seen, card: ModelCard, there: ModelCard) -> _Cell:
    """Where nothing says what a picture is, it is what the first network sees in it."""
    guess = same_class(card.labels, there.labels)[first.chances.argmax(1)]
    labels = np.where(here.labels == UNKNOWN, guess, here.labels) if not here.confidence.any() else here.labels
    known = labels != UNKNOWN
    chances = np.where(known, here.chances[np.arange(len(labels)), labels], 0.0)
    return _Cell(chances, known & (here.chances.argmax(1) == labels), known)
