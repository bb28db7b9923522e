"""How far to trust a bank of concepts: fit, stability, fidelity of every importance method, and the graph."""

from typing import Any

import numpy as np
import torch

from explainers.base import Evidence, Run, Score
from explainers.concepts.bank.evidence_fit import measure_fit
from explainers.concepts.bank.params import ConceptsParams
from explainers.kit.concept_curves import insertion_and_deletion, probability, shown
from explainers.kit.dictionaries import Dictionary
from explainers.kit.importance import METHODS, importance
from explainers.kit.layout import purity
from explainers.kit.metrics import area, matched
from explainers.kit.tail import NetworkTail, onward, pick
from models import ModelHandle

IMAGES = 24
FEW_IMAGES = 6
CHOSEN = "chosen importance"


def measure_bank(model: ModelHandle, params: ConceptsParams, result: Any, run: Run) -> Evidence:
    """Scores beside baselines that know nothing; the curves of every importance method are on one plot."""
    run.report(0.0, "reading the head")
    way = way_of(model, result)
    fidelity = _fidelity(way, params, result, run)
    fit = measure_fit(way, params, (result, dictionary_of(result)), run)
    run.report(0.95, "comparing with chance")
    scores = [_reconstruction(result), _stability(result, run), *fidelity, _graph(result, run), *fit]
    if result.part_overlap.size:
        scores.insert(0, _parts(result))
    return Evidence(scores=tuple(scores))


def dictionary_of(result: Any) -> Dictionary:
    """The dictionary of a kept bank, whole: it encodes new activations as it did the old."""
    return Dictionary(
        result.method,
        result.dictionary,
        rule=result.rule,
        mean=result.mean,
        filters=result.filters,
        offset=result.offset,
        penalty=result.penalty,
        active=result.active,
        converged=result.converged,
    )


def way_of(model: ModelHandle, result: Any) -> NetworkTail:
    """The network after the bank's layer, its head found from a probe's own map."""
    layer = pick(model, result.layer)
    body, _ = model.split(layer.name)
    probe = model.normalise(np.stack([_full(each, model) for each in result.thumbnails[:2]]))
    with torch.inference_mode():
        maps = layer.as_map(body(probe)).float().cpu().numpy()
        logits = model.network(probe).float().cpu().numpy()
    return onward(model, layer, maps, logits)


def _full(picture: np.ndarray, model: ModelHandle) -> np.ndarray:
    """A thumbnail at the model's size: any picture will do as a probe."""
    rows, columns = model.card.input_size[1:]
    ys, xs = (np.arange(side) * len(picture) // side for side in (rows, columns))
    return np.ascontiguousarray(picture[ys][:, xs])


def _fidelity(way: NetworkTail, params: ConceptsParams, result: Any, run: Run) -> tuple[Score, Score]:
    atoms = dictionary_of(result)
    few = np.linspace(0, len(result.codes) - 1, min(len(result.codes), IMAGES if way.head else FEW_IMAGES)).astype(int)
    codes, context = shown(way, result.codes[few], result.image_codes[few]), result.context[few]
    answer = probability(way, atoms, result.cls, context)
    ranked = {CHOSEN: result.importance[few], "random order": run.rng.random((len(few), len(result.names)))}
    names = [name for name in METHODS if way.head is not None or name != "closed"]
    for done, name in enumerate(names):
        run.report(0.05 + 0.6 * done / len(names), f"trying {METHODS[name].title}")
        tails = [way.tail(atoms, result.cls, context[i : i + 1]) for i in range(len(few))]
        ranked[METHODS[name].title] = np.concatenate(
            [importance(name, tail, codes[i : i + 1], seed=params.seed) for i, tail in enumerate(tails)]
        )
    curves = {name: insertion_and_deletion(answer, codes, scores) for name, scores in ranked.items()}
    return _curve_score(curves, 0), _curve_score(curves, 1)


def _curve_score(curves: dict[str, tuple[np.ndarray, np.ndarray]], which: int) -> Score:
    name = ("c_insertion", "c_deletion")[which]
    areas = {title: float(area(pair[which][None])[0]) for title, pair in curves.items()}
    first, random = curves[CHOSEN][which], curves["random order"][which]
    words = (
        f"With its first concept alone the class gets {first[1]:.0%}; with one taken at random {random[1]:.0%}.",
        f"Without its first concept the class keeps {first[1]:.0%}; without one taken at random {random[1]:.0%}.",
    )
    return Score(
        of="these concepts",
        name=name,
        title=("C-Insertion", "C-Deletion")[which],
        value=areas[CHOSEN],
        reading=words[which],
        worst=(0.0, 1.0)[which],
        best=(1.0, 0.0)[which],
        baselines={"random order": areas["random order"]},
        curves={title: pair[which] for title, pair in curves.items()},
        axes=("share of concepts put in" if which == 0 else "share of concepts taken away", "probability of the class"),
    )


def _reconstruction(result: Any) -> Score:
    return Score(
        of="these concepts",
        name="reconstruction",
        title="Reconstruction",
        value=result.reconstruction,
        worst=1.0,
        best=0.0,
        baselines={"no concepts": 1.0},
        reading=f"The concepts rebuild the activations to a relative error of {result.reconstruction:.2f};"
        f" from them the model gives the same first answer in {result.agreement:.0%} of the images.",
    )


def _stability(result: Any, run: Run) -> Score:
    """Against atoms of as many channels drawn at random, as sparse as the learnt ones."""
    shuffled = [run.rng.permuted(result.dictionary, axis=1) for _ in range(2)]
    chance = float(matched(*shuffled)[1].mean())
    return Score(
        of="these concepts",
        name="stability",
        title="Stability",
        value=result.stability,
        baselines={"shuffled atoms": chance},
        reading=f"Learnt from either half of the images, the concepts agree to a cosine of {result.stability:.2f}.",
    )


def _graph(result: Any, run: Run) -> Score:
    shuffled = float(np.mean([purity(result.embedding, run.rng.permutation(result.top_concept)) for _ in range(5)]))
    return Score(
        of="these concepts",
        name="graph",
        title="Order in the graph",
        value=result.purity,
        baselines={"shuffled colours": shuffled},
        reading=f"Of a dot's five neighbours {result.purity:.0%} have its colour; importance and share of dots"
        f" correlate by {result.share_correlation:.2f}.",
    )


def _parts(result: Any) -> Score:
    return Score(
        of="these concepts",
        name="parts",
        title="Concepts on true parts",
        value=result.part_score,
        baselines={"random directions": result.part_chance, "cells drawn by lot": result.part_cells},
        best=result.part_best,
        reading=f"Matched one to one, concepts and the animal's true parts overlap by {result.part_score:.2f};"
        f" random directions by {result.part_chance:.2f}, and the parts themselves, on so coarse a grid, by"
        f" {result.part_best:.2f}.",
    )
