"""Concepts in words: which of many names a CLIP finds most fitting for the crops of each concept.

The bank of a class is learnt in the model that is looked into; the CLIP only reads its crops. The crops of a concept
become one vector, the mean of their embeddings of length 1; from it the mean over all concepts is taken away, so that
what all crops share, the class itself and the look of the photos, names none of them. The names nearest to what is left
are proposed.

Limits: a name says what a CLIP sees in the crops and not what the model uses in them: a concept that is a corner of the
picture may be called after the thing that happens to lie there. Only the names that were given can be found, and the
best of bad ones comes first all the same: read whether names fit crops that they were not chosen by. A class of which
all concepts look alike leaves nothing to name them by. CLIP is poor at counting, at places, and at drawn pictures.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

import models
from explainers.base import AboutClass, AtLayer, Evidence, Run, Score, explainer
from explainers.concepts import chance
from explainers.concepts.bank.params import ConceptsParams
from explainers.concepts.load import kept_bank
from explainers.concepts.vocabulary import WORDS
from explainers.kinds import Many, ModelName
from explainers.params import knob
from models import ModelHandle, clip
from models.errors import InputError, UnfitError

BEST = 3
MOST = 2000
CROPS = 4
BATCH = 64
WHY_NOT = "That cannot be measured of {}: it takes two concepts with two crops each."
PROMPT = "a photo of {}."
MARKUP = r"[^\w\s.'’&%+/-]|_"  # what a page might read as such


@dataclass(frozen=True, kw_only=True)
class NamedParams(ConceptsParams):
    """What can be chosen."""

    of: str = knob(
        "",
        kind=ModelName(),
        help="Name of the model whose concepts are named; those of the CLIP itself when left open.",
        label="Concepts of",
    )
    words: tuple[str, ...] | None = knob(
        None, kind=Many(), auto="some two hundred plain ones and the classes of the model", help="Names to choose from"
    )


@dataclass(frozen=True, kw_only=True)
class Named(AboutClass, AtLayer):
    """Names for the concepts of a class.

    Attributes:
        cosine: (k, b), of each concept with the names that fit it best. word: int (k, b), which these are.
        table: (k, m, n), cosine of each crop with each word, nothing taken away.
        crops: uint8 (k, c, s, s, 3), the first of the m crops of each concept.
        best: (k, b), the same names as text. words: the n names that there were to choose from.
        names: of the concepts. cls, label: the class. title, of_title: of the CLIP, and of the model of the concepts.
        of, layer: whose concepts, and where. alike: whether the concepts' crops are all the same to the CLIP.
    """

    cosine: np.ndarray
    word: np.ndarray
    table: np.ndarray
    crops: np.ndarray
    best: tuple[tuple[str, ...], ...]
    words: tuple[str, ...]
    names: tuple[str, ...]
    cls: int
    title: str
    of_title: str
    of: str
    alike: bool

    @property
    def sentence(self) -> str:
        """The name that fits best."""
        label = self.label.split(",")[0]
        if self.alike:
            return f"To {self.title} all concepts of *{label}* look alike: no name tells them apart."
        best = int(self.cosine[:, 0].argmax())
        return (
            f"{self.title} would call {self.names[best]} of *{label}* '{self.best[best][0]}'"
            f" (cosine {self.cosine[best, 0]:.2f}, of {len(self.words)} names)."
        )


def measure_named(_model: ModelHandle, _params: Any, result: Named, run: Run) -> Evidence:
    """Names chosen by every other crop, held to the crops between; beside the same with crops dealt out by lot."""
    run.report(0.0, "holding names to other crops")
    table = result.table
    k, m = table.shape[:2]
    if k < 2 or m < 2:
        return Evidence(scores=(_unknown("fit", "Fit", k, m), _unknown("told_apart", "Told apart", k, m)))
    fit, right = marks(table)

    def dealt(rng: np.random.Generator) -> tuple[float, float]:
        return marks(rng.permutation(table.reshape(k * m, -1)).reshape(table.shape))

    lot, guessed = chance.by_lot(run, "dealing out the crops", dealt).T
    return Evidence(scores=(_fit(fit, lot), _told_apart(right, guessed, k)))


def marks(table: Float[np.ndarray, "k m n"]) -> tuple[float, float]:
    """How names do on crops that they were not chosen by.

    Returns:
        Cosine of a name with the crops of its concept, less that with the crops of the others; and the share of crops
        that fit the name of their own concept better than those of the others, what all crops share taken away.
    """
    fits, rights = [], []
    for first in (0, 1):
        chosen_by, held = table[:, first::2].mean(1), table[:, 1 - first :: 2]
        word = (chosen_by - chosen_by.mean(0)).argmax(1)
        said = held[:, :, word]  # of each concept's crops with the name of each
        mean = said.mean(1)
        k = len(mean)
        diagonal = np.diagonal(mean)
        fits.append(float((diagonal - (mean.sum(0) - diagonal) / (k - 1)).mean()))
        rights.append(_share_right(said - mean.mean(0)))
    return float(np.mean(fits)), float(np.mean(rights))


def _share_right(said: Float[np.ndarray, "k m k"]) -> float:
    """Share of crops whose own name comes first; a tie with others counts as a guess among them."""
    top = said.max(2, keepdims=True)
    first = said == top
    diagonal = np.diagonal(first, axis1=0, axis2=2).T
    return float((diagonal / first.sum(2)).mean())


def _fit(value: float, lot: np.ndarray) -> Score:
    mean = float(lot.mean())
    return Score(
        name="fit",
        title="Fit",
        value=value,
        of="these names",
        baselines={"crops dealt out by lot": mean},
        worst=-0.1,
        best=0.1,
        interval=chance.middle(lot),
        reading=f"On crops that they were not chosen by, names fit their own concept better than the others by a cosine"
        f" of {value:.3f}, and by {mean:.3f} where crops are dealt out by lot (p = {chance.p_value(value, lot):.3f}).",
    )


def _told_apart(value: float, lot: np.ndarray, k: int) -> Score:
    return Score(
        name="told_apart",
        title="Told apart",
        value=value,
        of="these names",
        baselines={"crops dealt out by lot": float(lot.mean())},
        interval=chance.middle(lot),
        reading=f"{value:.0%} of such crops fit the name of their own concept best among the {k}; by lot"
        f" {float(lot.mean()):.0%} would.",
    )


def _unknown(name: str, title: str, k: int, m: int) -> Score:
    words = WHY_NOT.format("one concept" if k < 2 else f"{k} concepts with {m} crop each")
    return Score(name=name, title=title, value=float("nan"), of="these names", reading=words)


@explainer("Concepts in words", paper="https://arxiv.org/abs/2204.10965", evidence=measure_named)
def concept_named(model: ModelHandle, params: NamedParams, run: Run) -> Named:
    """Name the concepts of a class; see the module's docstring."""
    run.report(0.0, "finding the concepts")
    if not clip.is_clip(model.network):
        raise UnfitError(
            f"{model.card.title} reads no words, so it can name no concepts; choose a CLIP such as clip/ViT-B-32"
            " (`pip install 'seewhy[clip]'`)."
        )
    card = models.card(params.of) if params.of not in ("", model.card.name) else model.card
    words = candidates(params.words, card.labels)
    bank = kept_bank(run.part(0.01, 0.7), card.name, params, card.check_target(params.cls))
    run.report(0.7, "reading the names")
    texts = clip.sentences(model, [PROMPT.format(word) for word in words]).double().cpu().numpy()
    seen = embedded(model, bank.crops, run)
    cosine, order, alike = closest(seen, texts)
    return Named(
        cosine=cosine.astype(np.float32),
        word=order,
        table=(seen @ texts.T).astype(np.float32),
        alike=alike,
        crops=bank.crops[:, :CROPS],
        best=tuple(tuple(words[i] for i in row) for row in order),
        words=words,
        names=bank.names,
        cls=bank.cls,
        label=bank.label,
        title=model.card.title,
        of_title=card.title,
        of=card.name,
        layer=bank.layer,
    )


def candidates(given: tuple[str, ...] | None, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Names to choose from, each once: those given with commas between, or plain ones and the classes' first names.

    Raises:
        InputError: more than `MOST` were given.
    """
    typed = [" ".join(re.sub(MARKUP, " ", word).split()) for word in given or ()]
    classes = [label.split(",")[0].strip() for label in labels]
    plain = [*WORDS, *(name for name in classes if not re.fullmatch(r"class \d+", name))]
    words = tuple(dict.fromkeys(word for word in (typed if any(typed) else plain) if word))
    if any(typed) and len(words) > MOST:
        raise InputError(f"{len(words)} names are too many; give at most {MOST} words.")
    return words


def embedded(model: ModelHandle, crops: UInt8[np.ndarray, "k m s s 3"], run: Run) -> Float[np.ndarray, "k m d"]:
    """The CLIP's embedding of every crop, of length 1."""
    flat = crops.reshape(-1, *crops.shape[2:])
    rows = []
    for start in range(0, len(flat), BATCH):
        run.report(0.8 + 0.19 * start / len(flat), f"looking at crops, {start} of {len(flat)}")
        rows.append(clip.pictures(model, flat[start : start + BATCH]).double().cpu().numpy())
    return np.concatenate(rows).reshape(*crops.shape[:2], -1)


def closest(
    seen: Float[np.ndarray, "k m d"], texts: Float[np.ndarray, "n d"]
) -> tuple[Float[np.ndarray, "k b"], np.ndarray, bool]:
    """Cosines and numbers of the texts nearest to each concept, and whether all concepts are the same.

    A concept is the mean of its crops less the mean of all concepts; a single one has nothing taken away.
    """
    mean = seen.mean(1)
    centred = mean - mean.mean(0) if len(mean) > 1 else mean
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    alike = bool((length < 1e-6).all())
    table = np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-6) @ texts.T
    order = np.argsort(-table, axis=1, kind="stable")[:, :BEST]
    return np.take_along_axis(table, order, 1), order, alike
