"""The same concept in other classes: a collar is a collar, on a shirt as on a coat.

The banks of other classes are learnt as this one was, on the same layer, so that their atoms are directions of one
space. Beside each concept stands the one of every other class whose atom points most as its own does.

Limits: a cosine tells how alike two directions are, and not whether people would call them alike: look at the crops.
Every concept has a nearest one, and a wide layer makes even strangers somewhat alike: read the cosine beside that of
atoms whose channels were shuffled. Classes that are not asked about are not compared.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from explainers.base import AboutClass, AtLayer, Evidence, Run, Score, explainer
from explainers.concepts import chance
from explainers.concepts.bank.lens import Concepts
from explainers.concepts.bank.params import ConceptsParams
from explainers.concepts.load import kept_bank
from explainers.kinds import Classes
from explainers.kit.metrics import cosine
from explainers.params import knob
from models import ModelHandle
from models.errors import InputError

NEAREST = 3
CROPS = 4
DRAWS = 20
OF, SHUFFLED = "nearest concepts", "shuffled atoms"
ALMOST = 0.8  # from here on two directions are called almost the same


@dataclass(frozen=True, kw_only=True)
class SimilarParams(ConceptsParams):
    """What can be chosen."""

    others: tuple[int, ...] | None = knob(
        None, kind=Classes(), auto="the three nearest", help="The classes to compare with", label="Other classes"
    )


@dataclass(frozen=True, kw_only=True)
class Similar(AboutClass, AtLayer):
    """Concepts of a class beside the nearest ones of m other classes.

    Attributes:
        cosine: (k, m), of each concept with the nearest one of each class. index: int (k, m), which one that is.
        classes: int (m,). crops: uint8 (k, c, s, s, 3), of the own concepts. near_crops: uint8 (k, m, c, s, s, 3).
        part: int (k,), the menagerie's part that each concept lies on. near_part: int (k, m); -1 for photos.
        part_chance: share of all pairs of concepts that lie on the same part; 0 for photos.
        chance, chance_high: mean and 95th percentile of the same cosines when the own atoms' channels are shuffled.
        names: of the own concepts. near_names: (k, m). labels: of the classes.
        skipped: classes that have no bank, and why.
        cls, label, layer, source: of the own bank.
    """

    cosine: np.ndarray
    index: np.ndarray
    classes: np.ndarray
    crops: np.ndarray
    near_crops: np.ndarray
    part: np.ndarray
    near_part: np.ndarray
    part_chance: float
    chance: float
    chance_high: float
    names: tuple[str, ...]
    near_names: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    cls: int
    source: str

    @property
    def sentence(self) -> str:
        """The two that are most alike."""
        here, other = np.unravel_index(int(self.cosine.argmax()), self.cosine.shape)
        value = float(self.cosine[here, other])
        verb = "is almost" if value >= ALMOST else "comes nearest to"
        return (
            f"*{self.label.split(',')[0]}*'s {self.names[here]} {verb} {self.near_names[here][other]} of"
            f" *{self.labels[other].split(',')[0]}* (cosine {value:.2f})."
        )


def measure_similar(_model: ModelHandle, _params: Any, result: Similar, run: Run) -> Evidence:
    """Cosines beside those of shuffled atoms; in the menagerie, whether both lie on the same true part."""
    run.report(0.0, "comparing with shuffled atoms")
    mean, high = float(result.cosine.mean()), result.chance_high
    closeness = Score(
        name="closeness",
        title="Closeness",
        value=mean,
        of=OF,
        baselines={SHUFFLED: result.chance},
        reading=f"The nearest concepts have a mean cosine of {mean:.2f}; those of shuffled atoms {result.chance:.2f}.",
    )
    words = f"are closer than {high:.2f}, which one shuffled atom in twenty exceeds."
    scores = [closeness, chance.beyond(result.cosine, high, OF, SHUFFLED, words)]
    run.report(0.9, "comparing the parts")
    if (result.part >= 0).any():
        scores.append(_parts(result))
    return Evidence(scores=tuple(scores))


def _parts(result: Similar) -> Score:
    same = float((result.part[:, None] == result.near_part).mean())
    return Score(
        name="same_part",
        title="On the same true part",
        value=same,
        of=OF,
        baselines={"any two concepts": result.part_chance},
        reading=f"{same:.0%} of the pairs lie on the same part of the animal; of any two concepts"
        f" {result.part_chance:.0%}.",
    )


@explainer("Similar concepts of other classes", paper="https://arxiv.org/abs/2306.07304", evidence=measure_similar)
def concept_similar(model: ModelHandle, params: SimilarParams, run: Run) -> Similar:
    """Look for a class's concepts in other classes; see the module's docstring."""
    model.card.check_target(params.cls)
    named = _named(model, params)
    bank = kept_bank(run.part(0.0, 0.3), model.card.name, params, params.cls)
    banks, skipped = _banks(model, params, named or nearest(bank), run)
    run.report(0.98, "comparing atoms")
    cosines, index = closest(bank, banks)
    shuffled = by_chance(bank, banks, run.rng)
    part, parts = _part(bank), [_part(each) for each in banks]
    return Similar(
        cosine=cosines,
        index=index,
        classes=np.array([each.cls for each in banks]),
        chance=float(shuffled.mean()),
        chance_high=float(np.percentile(shuffled, 95)),
        part=part,
        near_part=np.stack([their[at] for their, at in zip(parts, index.T, strict=True)], 1),
        part_chance=float(np.mean([part[:, None] == their for their in parts])) if bank.part_overlap.size else 0.0,
        names=bank.names,
        labels=tuple(each.label for each in banks),
        skipped=skipped,
        **_crops(bank, banks, index),
        near_names=tuple(tuple(each.names[i] for each, i in zip(banks, row, strict=True)) for row in index),
        cls=bank.cls,
        label=bank.label,
        layer=bank.layer,
        source=bank.source,
    )


def closest(bank: Concepts, banks: list[Concepts]) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and number of the concept of each bank that is nearest to each own one, both (k, m)."""
    tables = [cosine(bank.dictionary, each.dictionary) for each in banks]
    return np.stack([table.max(1) for table in tables], 1), np.stack([table.argmax(1) for table in tables], 1)


def by_chance(bank: Concepts, banks: list[Concepts], rng: np.random.Generator) -> np.ndarray:
    """What `closest` finds for atoms whose channels are shuffled, (draws, k, m)."""
    drawn = [replace(bank, dictionary=rng.permuted(bank.dictionary, axis=1)) for _ in range(DRAWS)]
    return np.stack([closest(each, banks)[0] for each in drawn])


def nearest(bank: Concepts) -> tuple[int, ...]:
    """Classes to compare with, the nearest first.

    Behind a linear head those whose weights point as the bank's atoms do, atoms counting by their importance; where
    there is none, or where they are too few, those that are most often second for the bank's images.
    """
    weights = (bank.global_importance.clip(0)[:, None] * bank.alignment.clip(0)).ravel()
    candidates = [*_ranked(bank.aligned.ravel(), weights), *_ranked(bank.second, np.ones(len(bank.second)))]
    return tuple(cls for cls in dict.fromkeys(candidates) if cls != bank.cls)[:NEAREST]


def _ranked(classes: np.ndarray, weights: np.ndarray) -> list[int]:
    """Classes by the sum of their weights, those without any left out."""
    sums = np.bincount(classes, weights)
    return [int(cls) for cls in np.argsort(-sums, kind="stable") if sums[cls] > 0]


def _named(model: ModelHandle, params: SimilarParams) -> tuple[int, ...]:
    wanted = dict.fromkeys(model.card.check_target(cls) for cls in params.others or ())
    wanted.pop(params.cls, None)
    if params.others and not wanted:
        raise InputError(
            f"Class {params.cls} cannot be compared with itself; name other classes, or leave others open."
        )
    return tuple(wanted)


def _banks(
    model: ModelHandle, params: SimilarParams, classes: tuple[int, ...], run: Run
) -> tuple[list[Concepts], tuple[tuple[str, str], ...]]:
    """The banks that can be had, and why the others cannot."""
    banks: list[Concepts] = []
    skipped = []
    for done, cls in enumerate(classes):
        part = run.part(0.3 + 0.65 * done / len(classes), 0.3 + 0.65 * (done + 1) / len(classes))
        note = f"learning the concepts of {model.card.short(cls)}"
        try:
            banks.append(kept_bank(part, model.card.name, params, cls, note))
        except InputError as error:
            skipped.append((model.card.labels[cls], str(error)))
    if not banks:
        raise InputError(
            f"No other class has concepts to compare with: {skipped[0][1] if skipped else 'there is none'}"
        )
    return banks, tuple(skipped)


def _part(bank: Concepts) -> np.ndarray:
    """The menagerie's part on which each concept lies most; -1 for photos."""
    if not bank.part_overlap.size:
        return np.full(len(bank.names), -1)
    return np.asarray(bank.part_overlap.argmax(1))


def _crops(bank: Concepts, banks: list[Concepts], index: np.ndarray) -> dict[str, np.ndarray]:
    many = min(CROPS, *(each.crops.shape[1] for each in (bank, *banks)))
    near = [each.crops[at, :many] for each, at in zip(banks, index.T, strict=True)]
    return {"crops": bank.crops[:, :many], "near_crops": np.stack(near, 1)}
