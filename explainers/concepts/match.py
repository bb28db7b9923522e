"""The same class in two models: which concept of one is which of the other.

Directions of two networks cannot be compared, for each has a space of its own. Their answers to the same images can: a
concept is described by how present it is in every image that both banks hold, or by its cosines with those images as
anchors (relative representations). Concepts are then matched one to one for the greatest sum of correlations.

Limits: two concepts that come and go together are matched although they may lie on different places: look at the crops.
Only images that both models take for the class count, and over few of them high correlations come by chance: read the
correlation beside that of shuffled images. Where one model has more concepts, some stay alone.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

import models
from explainers.base import AboutClass, AtLayer, Evidence, Run, Score, explainer
from explainers.concepts import chance
from explainers.concepts.bank.evidence import dictionary_of
from explainers.concepts.bank.lens import Concepts
from explainers.concepts.bank.params import ConceptsParams
from explainers.concepts.load import kept_bank
from explainers.kinds import LayerName, ModelName
from explainers.kit.importance.tail import pooled
from explainers.kit.metrics import correlations, cosine
from explainers.params import knob
from models import ModelHandle
from models.errors import InputError

FEWEST = 5
CROPS = 4
OF, SHUFFLED = "matched concepts", "images shuffled"


@dataclass(frozen=True, kw_only=True)
class MatchParams(ConceptsParams):
    """What can be chosen."""

    other: str = knob(
        "", kind=ModelName(), help="Name of the model to compare with; `seewhy models` lists them.", label="Other model"
    )
    by: Literal["correlation", "relative"] = knob(
        "correlation",
        help="What concepts are matched by: presence in the same images, or cosines with these images.",
        label="Match by",
    )
    other_layer: str | None = knob(
        None,
        kind=LayerName(),
        auto="the last whole cut before pooling",
        help="Where in the other network to look",
        more=True,
    )


@dataclass(frozen=True, kw_only=True)
class Match(AboutClass, AtLayer):
    """Concepts of one class in two models.

    Attributes:
        correlation: (k, l), of every concept of the first model with every one of the second.
        pairs: int (p, 2), matched concepts, the most alike first. matched: (p,), their correlations.
        profile: (n, k), what the first model's concepts are described by, a row a shared image; other_profile: (n, l).
        shared: names of those images, as many as there are rows.
        crops: uint8 (k, c, s, s, 3). other_crops: uint8 (l, c, s, s, 3).
        names, other_names: of the concepts. label, other_label, cls, other_cls: the class in either model.
        title, other_title: of the models. layer, other_layer: where. counts: images of either bank.
    """

    correlation: np.ndarray
    pairs: np.ndarray
    matched: np.ndarray
    profile: np.ndarray
    other_profile: np.ndarray
    crops: np.ndarray
    other_crops: np.ndarray
    shared: tuple[str, ...]
    names: tuple[str, ...]
    other_names: tuple[str, ...]
    cls: int
    other_cls: int
    other_label: str
    title: str
    other_title: str
    other_layer: str
    counts: tuple[int, int]

    @property
    def sentence(self) -> str:
        """The pair that is most alike."""
        first, other = self.pairs[0]
        return (
            f"For *{self.label.split(',')[0]}*, {self.names[first]} of {self.title} is most like"
            f" {self.other_names[other]} of {self.other_title} (correlation {self.matched[0]:.2f} over"
            f" {len(self.shared)} images)."
        )


def measure_match(_model: ModelHandle, _params: Any, result: Match, run: Run) -> Evidence:
    """The matched correlation beside that of the same concepts over images in another order (a permutation test)."""

    def shuffled(rng: np.random.Generator) -> np.ndarray:
        table = correlations(rng.permutation(result.profile), result.other_profile)
        return np.asarray(table[linear_sum_assignment(-table)])

    drawn = chance.by_lot(run, "shuffling the images", shuffled)
    means, high = drawn.mean(1), float(np.percentile(drawn, 95))
    mean, value = float(means.mean()), float(result.matched.mean())
    agreement = Score(
        name="agreement",
        title="Agreement",
        value=value,
        of=OF,
        baselines={SHUFFLED: mean},
        interval=chance.middle(means),
        reading=f"Matched concepts correlate by {value:.2f} on average, over shuffled images by {mean:.2f}"
        f" (p = {chance.p_value(value, means):.3f}).",
    )
    words = f"correlate by more than {high:.2f}, which one pair in twenty exceeds over shuffled images."
    return Evidence(scores=(agreement, chance.beyond(result.matched, high, OF, SHUFFLED, words)))


@explainer("Concepts of two models", paper="https://arxiv.org/abs/2209.15430", evidence=measure_match)
def concept_match(model: ModelHandle, params: MatchParams, run: Run) -> Match:
    """Match the concepts of a class in two models; see the module's docstring."""
    model.card.check_target(params.cls)
    run.report(0.0, "finding the class in the other model")
    card = _card(model, params.other)
    there = _class_there(model.card, params.cls, card)
    bank = kept_bank(run.part(0.01, 0.5), model.card.name, params, params.cls)
    note = f"finding the concepts of {card.title}"
    other = kept_bank(run.part(0.5, 0.98), card.name, replace(params, layer=params.other_layer), there, note)
    run.report(0.98, "matching concepts")
    shared = _shared(bank, other)
    profiles = _profile(bank, shared, params.by), _profile(other, shared, params.by)
    table = correlations(*profiles)
    pairs, values = best_pairs(table)
    many = min(CROPS, bank.crops.shape[1], other.crops.shape[1])
    return Match(
        correlation=table,
        pairs=pairs,
        matched=values,
        profile=profiles[0],
        other_profile=profiles[1],
        crops=bank.crops[:, :many],
        other_crops=other.crops[:, :many],
        shared=shared,
        names=bank.names,
        other_names=other.names,
        cls=bank.cls,
        other_cls=other.cls,
        label=bank.label,
        other_label=other.label,
        title=model.card.title,
        other_title=card.title,
        layer=bank.layer,
        other_layer=other.layer,
        counts=(len(bank.files), len(other.files)),
    )


def best_pairs(table: Float[np.ndarray, "k l"]) -> tuple[np.ndarray, np.ndarray]:
    """The one-to-one matching of greatest sum (Hungarian), the most alike first: pairs (p, 2), values (p,)."""
    rows, columns = linear_sum_assignment(-table)
    order = np.argsort(-table[rows, columns], kind="stable")
    return np.stack([rows, columns], 1)[order], table[rows, columns][order]


def _card(model: ModelHandle, name: str) -> models.ModelCard:
    if not name:
        raise InputError("Name the model to compare with as other; `seewhy models` lists them.")
    return model.card if name == model.card.name else models.card(name)


def _class_there(card: models.ModelCard, cls: int, other: models.ModelCard) -> int:
    """The class of the same name: at the same index where it is there, else wherever it is."""
    label = card.labels[cls]
    if cls < len(other.labels) and other.labels[cls] == label:
        return cls
    if other.labels.count(label) == 1:
        return other.labels.index(label)
    raise InputError(
        f"{other.title} has no class called {label.split(',')[0]}; choose a class that both models know, or another"
        " model."
    )


def _shared(bank: Concepts, other: Concepts) -> tuple[str, ...]:
    """Images that both banks hold."""
    theirs = set(other.files)
    shared = tuple(name for name in bank.files if name in theirs)
    if len(shared) < FEWEST:
        raise InputError(
            f"The banks of the two models hold {len(bank.files)} and {len(other.files)} images and share {len(shared)};"
            f" {FEWEST} are needed: raise limit, or add images that both take for the class."
        )
    return shared


def _profile(bank: Concepts, shared: tuple[str, ...], by: str) -> Float[np.ndarray, "n k"]:
    """Each concept by its mean codes in the shared images, or by its atom's cosines with them as they are rebuilt."""
    place = {name: i for i, name in enumerate(bank.files)}
    present = pooled(bank.codes[[place[name] for name in shared]])
    if by == "correlation":
        return present
    return cosine(dictionary_of(bank).decode(present), bank.dictionary)
