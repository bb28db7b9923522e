"""A stretch of evolution, kept like any other answer.

A run asks for its stretches one after the other; each goes on from the one before. So a run that was cancelled, or
whose process ended, goes on where it was, and one with more evaluations goes on from one with fewer, whoever began it.

Limits: nobody asks for a stretch but a run.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from explainers.base import Evidence, Result, Run, explainer
from explainers.fooling.encodings import Direct, Encoding, Pattern
from explainers.fooling.evolution import Evolution, Individual
from explainers.fooling.judge import Judge, judge_of
from explainers.fooling.settings import SETTINGS, SURE, Settings
from explainers.fooling.sheet import preview, shown
from explainers.kinds import Classes
from explainers.params import Params, knob
from models import ModelHandle

PICTURES = 4  # of the champions, within a stretch of many generations
STRETCH = 400 * 128**2  # pixels that a stretch evaluates: about two seconds of EfficientNet-Lite0 on one core


@dataclass(frozen=True, kw_only=True)
class StretchParams(Params):
    """What a run evolves, and how far."""

    encoding: Literal["cppn", "direct"] = knob("cppn", help="How pictures are written down.")
    search: Literal["tuned", "paper"] = knob("tuned", help="Whose settings.")
    size: int = knob(128, 1, 1024, help="Rows and columns.")
    children: int = knob(400, 1, 100_000, help="Children a generation.")
    classes: tuple[int, ...] | None = knob(None, kind=Classes(), help="Which classes.")
    crops: int = knob(1, 1, 10, help="Views of each picture.")
    coords: Literal["unit", "pixel"] = knob("unit", help="What the inputs count.")
    spread: float = knob(10.0, 0.1, 1000.0, help="Weights lie between minus and plus this.")
    generations: int = knob(1, 1, None, help="After so many generations.")


@dataclass(frozen=True, kw_only=True)
class Stretch(Result):
    """The archive after some generations.

    Attributes:
        confidence, updates, switches: (k,), of each class.
        history: (g, 5), quantiles of confidence after each generation.
        owner: int (k,), index of the individual that holds each class; -1 for none.
        parent: int (i,), index of each individual's parent; -1 for none.
        cell: int (i,), the class whose champion the parent was; -1 for none.
        genomes: the individuals' genomes, as their encoding packs them.
    """

    confidence: np.ndarray
    updates: np.ndarray
    switches: np.ndarray
    history: np.ndarray
    owner: np.ndarray
    parent: np.ndarray
    cell: np.ndarray
    genomes: dict[str, np.ndarray]


def _nothing(_model: ModelHandle, _params: StretchParams, _result: Stretch, _run: Run) -> Evidence:
    """A piece of work claims nothing."""
    return Evidence(scores=())


def length(params: StretchParams) -> int:
    """Generations of a stretch."""
    return max(1, round(STRETCH / (params.children * params.crops * params.size**2)))


def encoding_of(model: ModelHandle, params: StretchParams) -> Encoding[Any]:
    """The way pictures are written down."""
    grey = model.card.input_size[0] == 1
    settings = _settings(params)
    if params.encoding == "direct":
        return Direct(params.size, grey, settings.moves)
    return Pattern(params.size, grey, params.coords, replace(settings.mutation, spread=params.spread))


def _settings(params: StretchParams) -> Settings:
    return replace(SETTINGS[params.search][params.encoding], children=params.children)


def begin(judge: Judge, params: StretchParams) -> Evolution[Any]:
    """An evolution before its first generation."""
    return Evolution(encoding_of(judge.model, params), judge.count, params.seed, _settings(params))


@explainer("A stretch of evolution", paper="https://arxiv.org/abs/1412.1897", evidence=_nothing, inner=True)
def fooling_stretch(model: ModelHandle, params: StretchParams, run: Run) -> Stretch:
    """Go on from the stretch before; see the module's docstring."""
    judge = judge_of(model, params.classes, params.crops)
    evolution = begin(judge, params)
    before = (params.generations - 1) // length(params) * length(params)
    if before:
        unpack(evolution, run.reuse(fooling_stretch.request(model.card.name, replace(params, generations=before))))
    rare = max(1, length(params) // PICTURES)
    for at in range(before, params.generations):
        evolution.step(judge)
        words = so_far((at + 1) * params.children, evolution.elites.confidence)
        shows = at == 0 or (rare > 1 and (at - before) % rare == rare - 1)  # the first champions are seen at once
        picture = _preview(evolution) if shows else None
        run.report((at + 1 - before) / (params.generations - before), words, picture)
    return pack(evolution)


def _preview(evolution: Evolution[Any]) -> np.ndarray:
    champions = [evolution.elites.champions[at] for at in shown(evolution.elites.confidence)]
    return preview(evolution.encoding, [one.genome for one in champions if one is not None])


def so_far(evaluations: int, confidence: np.ndarray) -> str:
    """How far a run has come, and of how many classes the network is more than half sure."""
    return f"{evaluations:,} evaluations, {int((confidence >= SURE).sum())} classes above one half"


def pack(evolution: Evolution[Any]) -> Stretch:
    """All that is needed to go on: champions and their ancestors, each once."""
    index: dict[int, int] = {}
    family: list[Individual[Any]] = []
    for champion in evolution.elites.champions:
        line = []
        while champion is not None and id(champion) not in index:
            index[id(champion)] = -1
            line.append(champion)
            champion = champion.parent
        for individual in reversed(line):  # parents first
            index[id(individual)] = len(family)
            family.append(individual)
    owners = [-1 if one is None else index[id(one)] for one in evolution.elites.champions]
    parents = [-1 if one.parent is None else index[id(one.parent)] for one in family]
    return Stretch(
        confidence=evolution.elites.confidence,
        updates=evolution.elites.updates,
        switches=evolution.switches,
        history=np.stack(evolution.history),
        owner=np.array(owners, np.int64),
        parent=np.array(parents, np.int64),
        cell=np.array([one.cell for one in family], np.int64),
        genomes=evolution.encoding.pack([one.genome for one in family]),
    )


def unpack(evolution: Evolution[Any], kept: Stretch) -> None:
    """Take up a packed archive."""
    family = individuals(evolution.encoding, kept)
    elites = evolution.elites
    elites.confidence, elites.updates = kept.confidence.copy(), kept.updates.copy()
    elites.champions = [None if at < 0 else family[at] for at in kept.owner.tolist()]
    evolution.switches = kept.switches.copy()
    evolution.history = list(kept.history)


def individuals(encoding: Encoding[Any], kept: Stretch) -> list[Individual[Any]]:
    """The champions and their ancestors, parents first."""
    family: list[Individual[Any]] = []
    rows = zip(encoding.unpack(kept.genomes), kept.parent.tolist(), kept.cell.tolist(), strict=True)
    for genome, parent, cell in rows:
        family.append(Individual(genome, family[parent] if parent >= 0 else None, cell))
    return family
