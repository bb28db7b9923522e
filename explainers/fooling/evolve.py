"""Fooling images: evolution finds pictures that no person recognises and the network is sure of.

A picture is written down as a small network that draws it (CPPN) or pixel by pixel. In every generation children of
the champions are drawn and shown to the network; a child that is surer of *any* class than its champion takes the
class. What survives shows what the network goes by: often a colour, a texture, an edge repeated, and no whole thing.

Nguyen, Yosinski and Clune 2015, "Deep neural networks are easily fooled" (arXiv:1412.1897). *Published there*, for
AlexNet: a median confidence of 88.11% after 5000 generations with CPPNs.

Limits: that a picture means nothing to people is not measured here but by the studies beside; what fools one network
need not fool another; and a class without a confident picture may only need more evaluations.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from explainers.base import Run, explainer
from explainers.fooling.archive import Fooling, FoolingParams, stretch_params
from explainers.fooling.chunk import Stretch, StretchParams, encoding_of, fooling_stretch, length, so_far
from explainers.fooling.encodings import Encoding
from explainers.fooling.evidence import measure
from explainers.fooling.judge import judge_of
from explainers.fooling.sheet import preview, shown
from models import ModelHandle


@explainer("Fooling images", paper="https://arxiv.org/abs/1412.1897", evidence=measure)
def fooling(model: ModelHandle, params: FoolingParams, run: Run) -> Fooling:
    """Evolve; see the module's docstring."""
    run.report(0.0, "drawing the first pictures")
    last = stretch_params(model, params)
    return _result(model, last, evolve(model, last, run))


def evolve(model: ModelHandle, last: StretchParams, run: Run) -> Stretch:
    """Ask for one stretch after the other up to the last; each is kept."""
    encoding, done = encoding_of(model, last), 0
    for end in [*range(length(last), last.generations, length(last)), last.generations]:
        part = run.part(done / last.generations, end / last.generations)
        kept = part.reuse(fooling_stretch.request(model.card.name, replace(last, generations=end)))
        done = end
        words = so_far(end * last.children, kept.confidence)
        genomes = encoding.unpack(kept.genomes)
        holders = [at for at in kept.owner[shown(kept.confidence)].tolist() if at >= 0]
        run.report(end / last.generations, words, preview(encoding, [genomes[at] for at in holders]))
    return kept


def champions(encoding: Encoding[Any], kept: Stretch, size: int) -> np.ndarray:
    """The champions' pictures, uint8 (K, S, S, 3); black for a class without one."""
    genomes = encoding.unpack(kept.genomes)
    holders, rows = np.unique(kept.owner, return_inverse=True)  # one often holds several classes
    black = np.zeros((1, size, size, 3), np.uint8)
    drawn = [encoding.render([genomes[at]]) if at >= 0 else black for at in holders.tolist()]
    return np.concatenate(drawn)[rows]


def _result(model: ModelHandle, last: StretchParams, kept: Stretch) -> Fooling:
    classes = judge_of(model, last.classes, last.crops).classes
    cells = np.where(kept.owner >= 0, kept.cell[kept.owner], -1)
    return Fooling(
        confidence=kept.confidence,
        images=champions(encoding_of(model, last), kept, last.size),
        history=kept.history,
        updates=kept.updates,
        switches=kept.switches,
        parent=cells,
        classes=classes,
        labels=tuple(model.card.labels[cls] for cls in classes.tolist()),
        evaluations=last.generations * last.children,
        encoding=last.encoding,
    )
