"""Concepts are what a class is made of for a network: collar, sleeve, hem; beak, wing, tail.

Images that the network takes for the class are laid out as the activations of one layer, place by place. A dictionary
of a few directions is learnt that rebuilds all of them, so that every place of every image is a mixture of a few
concepts.
What each concept adds to the class's score is then exact where the layers after it are linear, and sampled elsewhere.
The strategic cluster graph puts one dot an image: images near each other are decided by the same concepts.

Limits: concepts are directions that rebuild activations well; nothing forces a direction to be one idea of ours, and
names are our reading. They are learnt from the images at hand, so that others give others: read the stability. What the
dictionary does not rebuild is not explained: read the reconstruction. Activation is not importance: a concept can be
everywhere and count for nothing. A layout on a plane cannot keep all distances.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from explainers.base import AboutClass, AtLayer, Run, explainer
from explainers.concepts.bank.collect import Members, collect, unknown
from explainers.concepts.bank.crops import best_crops, thresholds, thumbnails, top_of
from explainers.concepts.bank.evidence import measure_bank
from explainers.concepts.bank.ground_truth import Parts, against_truth
from explainers.concepts.bank.learn import Learnt, cells, learn
from explainers.concepts.bank.params import ConceptsParams
from explainers.kit import metrics
from explainers.kit.clusters import FEW, clusters, important, share_correlation, summaries
from explainers.kit.concept_curves import insertion_and_deletion, probability, shown
from explainers.kit.dictionaries.base import Rule
from explainers.kit.importance import prevalence, reliability, shares
from explainers.kit.layout import layout, normalised, purity
from explainers.kit.tail import NetworkTail, onward, pick
from models import ModelHandle

NEAREST_CLASSES = 5
MANY = 100
ENCODER = ("mean", "filters", "offset", "rule", "penalty", "active", "converged")


@dataclass(frozen=True, kw_only=True)
class Concepts(AboutClass, AtLayer):
    """The bank of a class; concepts in order of falling global importance.

    Attributes:
        dictionary: (k, C), atoms. mean: (C,), taken away before encoding; empty where nothing is.
        filters, offset, rule, penalty, active, converged: how codes are found, see `kit.dictionaries.Dictionary`.
        codes: (N, h, w, k), activation of each concept at each place. image_codes: (N, k), in each image as a whole.
        importance: (N, k), signed contributions. global_importance: (k,), shares of the class logit without its bias.
        embedding, embedding_pca: (N, 2), layouts by t-SNE and by the principal axes.
        strategy: int (N,), cluster. top_concept: int (N,). important: bool (k,), top in enough images.
        c_insertion, c_deletion: (k + 1,), mean probability.
        prevalence, reliability: (k,). threshold: (k,), 90th percentile of the codes.
        thumbnails: uint8 (N, s, s, 3). crops: uint8 (k, m, s, s, 3). crop_of: int (k, m), image of each.
        predicted, labelled: int (N,); -1 where nothing is said. wrong: bool (N,). probability: (N,).
        second: int (N,), the likeliest class besides.
        context: (N, t, C), tokens before the patches. aligned, alignment: (k, 5), nearest classes and their cosines.
        part_overlap: (k, P), with the menagerie's parts; empty for photos.
        cls, label, layer, method, exact: what was asked and how it was done; exact is the closed form.
        reconstruction: relative l2 error of the activations. r2, sparsity, stability, gap, agreement: see kit.metrics.
        purity, share_correlation: of the graph.
        tried_k, tried_stability, tried_error: (t,), sizes that were tried where k was left open, their stability and
            their error on the half that they were not learnt from; empty where k was given.
        clusters: a line for each. names: of the concepts. files: of the images, by their path below the folder.
        aligned_labels: names of the nearest classes.
        part_score: mean overlap of matched concepts and parts; part_chance, part_cells, part_best: that of random
            directions, of cells drawn by lot, and of the parts themselves.
        source, looked, available, of_label, skipped: where the images come from, and how many there were.
        enough: images of which a concept must be the first to be important. dead: concepts never active.
    """

    dictionary: np.ndarray
    mean: np.ndarray
    filters: np.ndarray
    offset: np.ndarray
    codes: np.ndarray
    image_codes: np.ndarray
    importance: np.ndarray
    global_importance: np.ndarray
    embedding: np.ndarray
    embedding_pca: np.ndarray
    strategy: np.ndarray
    top_concept: np.ndarray
    important: np.ndarray
    c_insertion: np.ndarray
    c_deletion: np.ndarray
    prevalence: np.ndarray
    reliability: np.ndarray
    threshold: np.ndarray
    thumbnails: np.ndarray
    crops: np.ndarray
    crop_of: np.ndarray
    predicted: np.ndarray
    labelled: np.ndarray
    wrong: np.ndarray
    probability: np.ndarray
    second: np.ndarray
    context: np.ndarray
    aligned: np.ndarray
    alignment: np.ndarray
    part_overlap: np.ndarray
    tried_k: np.ndarray
    tried_stability: np.ndarray
    tried_error: np.ndarray
    cls: int
    method: str
    rule: Rule
    penalty: float
    active: int
    converged: bool
    exact: bool
    reconstruction: float
    r2: float
    sparsity: float
    stability: float
    gap: float
    agreement: float
    purity: float
    share_correlation: float
    clusters: tuple[str, ...]
    names: tuple[str, ...]
    files: tuple[str, ...]
    aligned_labels: tuple[tuple[str, ...], ...]
    part_score: float
    part_chance: float
    part_cells: float
    part_best: float
    source: str
    looked: int
    available: int
    of_label: int
    skipped: tuple[tuple[str, str], ...]
    enough: int
    dead: int

    @property
    def sentence(self) -> str:
        """What the class rests on."""
        count = int(self.important.sum())
        first = [self.names[i] for i in np.argsort(-self.global_importance)[:2] if self.global_importance[i] > 0]
        share = float(self.global_importance[:2].clip(0).sum())
        carry = "carries" if len(first) == 1 else "carry"
        words = f"{share:.0%} of its score" if share <= 1 else "more than all of its score, and others take some away"
        rests = f"; {' and '.join(first)} {carry} {words}" if first else ""
        return (
            f"*{self.label.split(',')[0]}* rests on {count} important concept{'' if count == 1 else 's'}"
            f" over {len(self.codes)} images{rests}."
        )


@explainer("Concepts", paper="https://arxiv.org/abs/2306.07304", evidence=measure_bank)
def concepts(model: ModelHandle, params: ConceptsParams, run: Run) -> Concepts:
    """Learn the concepts of one class; see the module's docstring."""
    model.card.check_target(params.cls)
    run.report(0.0, "finding the layer")
    layer = pick(model, params.layer)
    members = collect(model, params, layer, run.part(0.02, 0.6))
    way = onward(model, layer, members.maps, members.logits, lambda _: run.report(0.6, "reading the head"))
    learnt = learn(way, members, params, run.part(0.6, 0.95).report)
    run.report(0.96, "laying out the graph")
    return _Bank(model, params, members, way, learnt).result()


@dataclass(frozen=True)
class _Bank:
    """Everything that the result is read off."""

    model: ModelHandle
    params: ConceptsParams
    members: Members
    way: NetworkTail
    learnt: Learnt

    def result(self) -> Concepts:
        members, learnt, params = self.members, self.learnt, self.params
        parts = against_truth(members, learnt.codes, params.seed)
        return Concepts(
            dictionary=learnt.atoms.atoms,
            **{name: getattr(learnt.atoms, name) for name in ENCODER},
            codes=learnt.codes,
            image_codes=learnt.images,
            importance=learnt.scores,
            global_importance=shares(learnt.scores),
            context=members.context,
            method=learnt.method,
            exact=learnt.exact,
            stability=learnt.stable,
            thumbnails=thumbnails(members.pictures),
            threshold=thresholds(learnt.codes),
            cls=params.cls,
            label=self.model.card.labels[params.cls],
            layer=self.way.layer.name,
            source=members.source,
            files=tuple(picture.name for picture in members.pictures),
            looked=members.looked,
            available=members.available,
            of_label=members.of_label,
            skipped=members.skipped,
            dead=metrics.dead(learnt.codes.reshape(-1, learnt.atoms.k)),
            sparsity=metrics.hoyer(learnt.codes.reshape(-1, learnt.atoms.k)),
            tried_k=learnt.tried.k,
            tried_error=learnt.tried.error,
            tried_stability=learnt.tried.stability,
            **self._fit(),
            **self._graph(parts),
            **self._class(parts),
        )

    def _fit(self) -> dict[str, Any]:
        """How well codes stand for activations, and what the network makes of that."""
        members, learnt, way = self.members, self.learnt, self.way
        rows = cells(members.maps).reshape(-1, members.maps.shape[1])
        rebuilt = learnt.atoms.decode(learnt.codes.reshape(-1, learnt.atoms.k))
        codes = shown(way, learnt.codes, learnt.images)
        logits = way.logits(learnt.atoms, codes, members.context)
        answer = probability(way, learnt.atoms, self.params.cls, members.context)
        insertion, deletion = insertion_and_deletion(answer, codes, learnt.scores)
        return {
            "reconstruction": metrics.relative_l2(rows, rebuilt),
            "r2": metrics.r2(rows, rebuilt),
            "gap": metrics.logit_gap(members.logits, logits),
            "agreement": metrics.agreement(members.logits, logits),
            "c_insertion": insertion,
            "c_deletion": deletion,
        }

    def _graph(self, parts: Parts) -> dict[str, Any]:
        """The strategic cluster graph."""
        scores, k = self.learnt.scores, self.learnt.atoms.k
        vectors, top = normalised(scores), top_of(scores)
        embedding, strategy = layout("tsne", vectors, seed=self.params.seed), clusters(vectors)
        enough = FEW if len(scores) >= MANY else max(1, len(scores) // 10)
        names = tuple(
            f"{part} ({i + 1})" if part else f"concept {i + 1}" for i, part in enumerate(parts.matched or ("",) * k)
        )
        return {
            "embedding": embedding,
            "embedding_pca": layout("pca", vectors),
            "strategy": strategy,
            "top_concept": top,
            "important": important(top, k, threshold=enough),
            "enough": enough,
            "names": names,
            "clusters": tuple(summaries(vectors, strategy, names)),
            "purity": purity(embedding, top),
            "share_correlation": share_correlation(shares(scores), top),
            "part_overlap": parts.overlap,
            "part_score": parts.score,
            "part_chance": parts.chance,
            "part_cells": parts.cells,
            "part_best": parts.best,
            "prevalence": prevalence(top, k),
        }

    def _class(self, parts: Parts) -> dict[str, Any]:
        """What the images are labelled, which crops show the concepts, and which classes use them."""
        members, labels = self.members, self.members.labels
        wrong = (labels != self.params.cls) & ~unknown(labels)
        best, top = best_crops(members.pictures, self.learnt.codes), top_of(self.learnt.scores)
        near, cosines = self._aligned()
        return {
            "predicted": np.full(len(labels), self.params.cls),
            "labelled": labels,
            "wrong": wrong,
            "second": _second(members.logits, self.params.cls),
            "probability": softmax(members.logits, 1)[:, self.params.cls],
            "crops": best.crops,
            "crop_of": best.of,
            "reliability": reliability(top, ~wrong, self.learnt.atoms.k)[0],
            "aligned": near,
            "alignment": cosines,
            "aligned_labels": tuple(tuple(self.model.card.labels[i] for i in row) for row in near),
        }

    def _aligned(self) -> tuple[np.ndarray, np.ndarray]:
        """Classes whose weights point most as each atom does; none where the way is not linear."""
        atoms = self.learnt.atoms.atoms
        if self.way.head is None:
            return np.zeros((len(atoms), 0), np.int64), np.zeros((len(atoms), 0), np.float32)
        cosines = metrics.cosine(atoms, self.way.head.weight)
        near = np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST_CLASSES]
        return near, np.take_along_axis(cosines, near, axis=1)


def _second(logits: np.ndarray, cls: int) -> np.ndarray:
    """The likeliest class of each image besides ``cls``."""
    others = logits.copy()
    others[:, cls] = -np.inf
    return np.asarray(others.argmax(1))
