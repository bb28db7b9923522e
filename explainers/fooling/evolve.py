"""Fooling images: evolution finds pictures that no person recognises and the network is sure of.

A picture is written down as a small network that draws it (CPPN) or pixel by pixel. In every generation children of
the champions are drawn and shown to the network; a child that is surer of *any* class than its champion takes the
class. What survives shows what the network goes by: often a colour, a texture, an edge repeated, and no whole thing.

Nguyen, Yosinski and Clune 2015, "Deep neural networks are easily fooled" (arXiv:1412.1897). *Published there*, for
AlexNet: a median confidence of 88.11 % after 5000 generations with CPPNs.

Limits: that a picture means nothing to people is not measured here but by the studies beside; what fools one network
need not fool another; and a class without a confident picture may only need more evaluations.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from explainers.base import Result, Run, explainer
from explainers.fooling.chunk import Stretch, StretchParams, Way, encoding_of, fooling_stretch, length
from explainers.fooling.encodings import Encoding
from explainers.fooling.evidence import measure
from explainers.fooling.judge import fitting_size, judge_of
from explainers.fooling.sheet import SIDE, contact_sheet, shown
from explainers.kinds import Classes
from explainers.params import Params, knob
from models import ModelHandle

LARGEST = 128  # pixels a side, where the model takes so small a picture: four times faster than 224
CHILDREN = {"cppn": 400, "direct": 200}
SURE = 0.5


@dataclass(frozen=True, kw_only=True)
class FoolingParams(Params):
    """What can be chosen."""

    encoding: Literal["cppn", "direct"] = knob(
        "cppn",
        help="A small network that draws the picture (cppn), or every pixel by itself (direct).",
        label="Encoding",
    )
    evaluations: int = knob(4000, 1, 10_000_000, "Pictures shown to the network, rounded up to whole generations.")
    size: int | None = knob(
        None, 8, 1024, "Rows and columns of a picture", auto="128 pixels, or what the model takes", label="Size"
    )
    children: int | None = knob(
        None, 1, 100_000, "Children a generation", auto="400 with CPPNs, 200 direct", more=True, label="Children"
    )
    classes: tuple[int, ...] | None = knob(
        None, kind=Classes(), auto="all classes", help="The classes to evolve for", more=True, label="Classes"
    )
    crops: Literal[1, 10] = knob(
        1, help="Views that are averaged: the whole picture, or ten crops as in the paper.", more=True, label="Crops"
    )
    coords: Literal["unit", "pixel"] = knob(
        "unit",
        help="Coordinates from -1 to 1, or counted in pixels, which draws the gratings that the paper shows.",
        more=True,
        label="Coordinates",
        only={"encoding": ("cppn",)},
    )
    spread: float = knob(
        10.0,
        0.1,
        1000.0,
        "Weights of a drawing network lie between minus and plus this.",
        more=True,
        label="Weights",
        only={"encoding": ("cppn",)},
    )


@dataclass(frozen=True, kw_only=True)
class Fooling(Result):
    """The best picture for every class.

    Attributes:
        confidence: (K,), the network's probability of each class for its champion.
        images: uint8 (K, S, S, 3), the champions; black where there is none yet.
        history: (G, 5), least, quartiles, median and largest confidence over the classes after each generation.
        updates: int (K,), how often each class changed hands.
        switches: int (K,), how often by a child of another class's champion.
        parent: int (K,), the row whose champion the champion's parent was; -1 for none.
        classes: int (K,), the classes.
        labels: their names.
        evaluations: pictures shown to the network.
        encoding: how they are written down.
    """

    confidence: np.ndarray
    images: np.ndarray
    history: np.ndarray
    updates: np.ndarray
    switches: np.ndarray
    parent: np.ndarray
    classes: np.ndarray
    labels: tuple[str, ...]
    evaluations: int
    encoding: Way

    @property
    def order(self) -> np.ndarray:
        """Rows, the most confident first."""
        return np.argsort(-self.confidence, kind="stable")

    @property
    def sure(self) -> int:
        """How many classes have a picture of which the network is sure."""
        return int((self.confidence >= SURE).sum())

    @property
    def sentence(self) -> str:
        """How many classes are fooled, and the surest."""
        best = int(self.order[0])
        name, value = self.labels[best].split(",")[0], self.confidence[best]
        return (
            f"After {self.evaluations:,} evaluations {self.sure} of {len(self.confidence)} classes have a picture of"
            f" which the network is more than half sure; the surest is *{name}* at {value:.1%}."
        )


def stretch_params(model: ModelHandle, params: FoolingParams) -> StretchParams:
    """What the whole run asks of its last stretch.

    Raises:
        UnfitError: the model does not choose between classes.
        InputError: a size that the model cannot take, or a class that it does not have.
    """
    judge_of(model, params.classes, params.crops)
    children = params.children or CHILDREN[params.encoding]
    return StretchParams(
        encoding=params.encoding,
        size=fitting_size(model, params.size, LARGEST),
        children=children,
        classes=params.classes,
        crops=params.crops,
        coords=params.coords,
        spread=params.spread,
        generations=-(-params.evaluations // children),
        seed=params.seed,
    )


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
        words = f"{end * last.children:,} evaluations, {int((kept.confidence >= SURE).sum())} classes above one half"
        run.report(end / last.generations, words, _preview(encoding, kept))
    return kept


def _preview(encoding: Encoding[Any], kept: Stretch) -> np.ndarray:
    """The champions so far, small."""
    genomes = encoding.unpack(kept.genomes)
    holders = [at for at in kept.owner[shown(kept.confidence)].tolist() if at >= 0]
    return contact_sheet(encoding.thumbnails([genomes[at] for at in holders], SIDE))


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
