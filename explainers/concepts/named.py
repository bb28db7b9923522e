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

import numpy as np
from jaxtyping import Float, UInt8

import models
from explainers.base import AboutClass, AtLayer, Run, explainer
from explainers.concepts.bank.load import kept_bank
from explainers.concepts.bank.params import ConceptsParams
from explainers.concepts.named_trust import measure_named
from explainers.concepts.vocabulary import WORDS
from explainers.kinds import Many, ModelName
from explainers.params import knob
from models import ModelHandle, clip
from models.errors import InputError, UnfitError

BEST = 3
MOST = 2000
CROPS = 4
BATCH = 64
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
        own = int(self.cosine[:, 0].argmax())
        return (
            f"{self.title} would call {self.names[own]} of *{label}* '{self.best[own][0]}'"
            f" (cosine {self.cosine[own, 0]:.2f}, of {len(self.words)} names)."
        )


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
    own = [" ".join(re.sub(MARKUP, " ", word).split()) for word in given or ()]
    classes = [label.split(",")[0].strip() for label in labels]
    plain = [*WORDS, *(name for name in classes if not re.fullmatch(r"class \d+", name))]
    found = tuple(dict.fromkeys(word for word in (own if any(own) else plain) if word))
    if any(own) and len(found) > MOST:
        raise InputError(f"{len(found)} names are too many; give at most {MOST} words.")
    return found


def embedded(model: ModelHandle, crops: UInt8[np.ndarray, "k m s s 3"], run: Run) -> Float[np.ndarray, "k m d"]:
    """The CLIP's embedding of every crop, of length 1."""
    flat = crops.reshape(-1, *crops.shape[2:])
    found = []
    for start in range(0, len(flat), BATCH):
        run.report(0.8 + 0.19 * start / len(flat), f"looking at crops, {start} of {len(flat)}")
        found.append(clip.pictures(model, flat[start : start + BATCH]).double().cpu().numpy())
    return np.concatenate(found).reshape(*crops.shape[:2], -1)


def closest(
    seen: Float[np.ndarray, "k m d"], texts: Float[np.ndarray, "n d"]
) -> tuple[Float[np.ndarray, "k b"], np.ndarray, bool]:
    """Cosines and numbers of the texts nearest to each concept, and whether all concepts are the same.

    A concept is the mean of its crops less the mean of all concepts; a single one has nothing taken away.
    """
    mean = seen.mean(1)
    own = mean - mean.mean(0) if len(mean) > 1 else mean
    length = np.linalg.norm(own, axis=1, keepdims=True)
    alike = bool((length < 1e-6).all())
    table = np.divide(own, length, out=np.zeros_like(own), where=length > 1e-6) @ texts.T
    order = np.argsort(-table, axis=1, kind="stable")[:, :BEST]
    return np.take_along_axis(table, order, 1), order, alike
