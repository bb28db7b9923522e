"""A new image in the light of a class's concepts: what each adds to its score, where it lies, who its neighbours are.

The bank of the class is learnt once and kept. The image is read in the same dictionary, its contributions are found in
the same way, and its dot lands in the strategic graph between those images that are decided as it is.

Limits: concepts were learnt on the images of the bank; what this image shows beyond them is not explained, and the
reconstruction tells how much that is. Where it lands depends on its nearest neighbours alone.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import softmax

from explainers.base import AboutClass, AtLayer, Evidence, Run, Score, explainer
from explainers.concepts.bank.evidence import dictionary_of
from explainers.concepts.bank.learn import cells, encode, image_codes, weigh
from explainers.concepts.bank.lens import Concepts
from explainers.concepts.bank.params import BankParams, ConceptsParams, bank_of
from explainers.concepts.load import kept_bank
from explainers.kinds import Class
from explainers.kit import metrics
from explainers.kit.concept_curves import insertion_and_deletion, probability, shown
from explainers.kit.layout import normalised, place
from explainers.kit.tail import Activations, activations_at, onward, pick
from explainers.params import ImageParams, knob
from models import ModelHandle

NEIGHBOURS = 5
SEEN = 0.1  # probability below which a class that is not the first answer is not seen in the picture


@dataclass(frozen=True, kw_only=True)
class ExplainParams(ImageParams, BankParams):
    """What can be chosen."""

    cls: int | None = knob(
        None, kind=Class(), auto="the model's first answer", help="The class whose concepts are used", label="Class"
    )


@dataclass(frozen=True, kw_only=True)
class ConceptExplained(AboutClass, AtLayer):
    """One image, read in a bank.

    Attributes:
        image: uint8 (H, W, 3), as the model saw it.
        codes: float32 (h, w, k). importance: (k,), signed. place: (2,), in the bank's t-SNE layout; place_pca: (2,).
        nearest: int (m,), the bank's images that are most similar.
        threshold: (k,), of the bank. c_insertion, c_deletion: (k + 1,), probability of the class.
        cls, label, probability: the class whose concepts are used. names: of its concepts. layer: where.
        strategy: cluster of the nearest images, and its line in words.
        belongs: whether the model sees the class in the image; where it does not, its place and its neighbours say
            nothing.
        reconstruction: relative error of this image's activations; bank_reconstruction: of the bank's.
    """

    image: np.ndarray
    codes: np.ndarray
    importance: np.ndarray
    place: np.ndarray
    place_pca: np.ndarray
    nearest: np.ndarray
    threshold: np.ndarray
    c_insertion: np.ndarray
    c_deletion: np.ndarray
    cls: int
    probability: float
    names: tuple[str, ...]
    strategy: int
    strategy_words: str
    belongs: bool
    reconstruction: float
    bank_reconstruction: float

    @property
    def sentence(self) -> str:
        """What supports the class here."""
        name = self.label.split(",")[0]
        if not self.belongs:
            return (
                f"The model does not see *{name}* in this picture (probability {self.probability:.0%}): it does not"
                " belong among the images of the graph."
            )
        order = np.argsort(-self.importance, kind="stable")
        pro = [self.names[i] for i in order[:2] if self.importance[i] > 0]
        contra = self.names[order[-1]] if self.importance[order[-1]] < 0 else ""
        against = f"; {contra} opposes it most" if contra else ""
        says = " and ".join(pro) + (" support" if len(pro) > 1 else " supports") if pro else "No concept supports"
        return f"{says[0].upper()}{says[1:]} *{name}* most (probability {self.probability:.0%}){against}."


def measure_place(model: ModelHandle, params: ExplainParams, result: ConceptExplained, run: Run) -> Evidence:
    """Whether the concepts' order is that of their effect, and whether they rebuild this image at all."""
    run.report(0.0, "reading the curves")
    fall, rise = result.c_deletion, result.c_insertion
    run.report(0.5, "reading the reconstruction")
    reached = int(np.argmax(rise >= rise[-1] / 2))
    return Evidence(
        scores=(
            Score(
                of="this picture",
                name="c_deletion",
                title="C-Deletion",
                value=float(metrics.area(fall[None])[0]),
                worst=1.0,
                best=0.0,
                reading=f"Without its first concept the probability falls from {fall[0]:.0%} to {fall[1]:.0%}.",
                baselines={"no concept taken away": float(fall[0])},
                curves={"taken away": fall, "put in": rise},
                axes=("share of concepts", "probability of the class"),
            ),
            Score(
                of="this picture",
                name="c_insertion",
                title="C-Insertion",
                value=float(metrics.area(rise[None])[0]),
                reading=f"{reached} of {len(rise) - 1} concepts give half of what all of them give.",
                baselines={"no concept put in": float(rise[0])},
            ),
            Score(
                of="this picture",
                name="reconstruction",
                title="Reconstruction",
                value=result.reconstruction,
                worst=1.0,
                best=0.0,
                reading=f"The concepts rebuild this image to a relative error of {result.reconstruction:.2f}; those"
                f" of the bank to {result.bank_reconstruction:.2f}.",
                baselines={"images of the bank": result.bank_reconstruction, "no concepts": 1.0},
            ),
        )
    )


@explainer("Concepts of one image", paper="https://arxiv.org/abs/2306.07304", evidence=measure_place)
def concept_explain(model: ModelHandle, params: ExplainParams, run: Run) -> ConceptExplained:
    """Explain one image with the concepts of its class; see the module's docstring."""
    run.report(0.0, "reading the picture")
    layer = pick(model, params.layer)
    view = model.view(params.image)
    seen = activations_at(model, layer, view.pixels[None])
    first = model.first_answer(torch.from_numpy(seen.logits[0]))
    cls = first if params.cls is None else model.card.check_target(params.cls)
    bank = kept_bank(run, model.card.name, params, cls)
    run.report(0.98, "reading the picture's concepts")
    return _Reading(model, bank, seen).result(view.pixels, bank_of(params, cls))


@dataclass(frozen=True)
class _Reading:
    """An image's activations beside the bank that they are read in."""

    model: ModelHandle
    bank: Concepts
    seen: Activations

    def result(self, pixels: np.ndarray, params: ConceptsParams) -> ConceptExplained:
        """Codes, contributions, place and neighbours."""
        bank, cls, seen = self.bank, self.bank.cls, self.seen
        way = onward(self.model, pick(self.model, bank.layer), seen.maps, seen.logits)
        atoms = dictionary_of(bank)
        codes = encode(atoms, seen.maps)
        pieces = shown(way, codes, image_codes(atoms, seen.maps, codes))
        scores = weigh(way, atoms, (pieces, seen.context), params, lambda _share, _note: None)[0]
        vectors, profile = normalised(bank.importance), normalised(scores[None])[0]
        nearest = np.argsort(-metrics.cosine(profile[None], vectors)[0], kind="stable")[:NEIGHBOURS]
        strategy = int(np.bincount(bank.strategy[nearest]).argmax())
        insertion, deletion = insertion_and_deletion(probability(way, atoms, cls, seen.context), pieces, scores[None])
        chance = float(softmax(seen.logits[0])[cls])
        rebuilt = atoms.decode(codes.reshape(-1, atoms.k))
        return ConceptExplained(
            image=pixels,
            codes=codes[0],
            importance=scores,
            place=place(profile, vectors, bank.embedding),
            place_pca=place(profile, vectors, bank.embedding_pca),
            nearest=nearest,
            threshold=bank.threshold,
            c_insertion=insertion,
            c_deletion=deletion,
            cls=cls,
            label=bank.label,
            names=bank.names,
            layer=bank.layer,
            probability=chance,
            belongs=chance >= SEEN or int(seen.logits[0].argmax()) == cls,
            strategy=strategy,
            strategy_words=bank.clusters[strategy],
            reconstruction=metrics.relative_l2(cells(seen.maps)[0], rebuilt),
            bank_reconstruction=bank.reconstruction,
        )
