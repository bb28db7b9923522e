"""The ancestors of a fooling image: each was the champion of some class when its child was made.

Evolution by novelty often takes detours: a picture that became a coil was a spider's web before (Nguyen, Yosinski and
Clune 2016, "Understanding innovation engines"). The film shows them from the first network to the champion.

Limits: of a picture evolved pixel by pixel no ancestors are kept; between two frames of a long line some are left out.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.fooling.archive import FoolingParams, stretch_params
from explainers.fooling.chunk import Stretch, encoding_of
from explainers.fooling.evolve import evolve
from explainers.fooling.judge import judge_of
from explainers.kinds import Class
from explainers.params import knob
from models import ModelHandle
from models.errors import InputError, UnfitError

FRAMES = 24


@dataclass(frozen=True, kw_only=True)
class LineageParams(FoolingParams):
    """The evolution, and whose line."""

    target: int | None = knob(
        None, kind=Class(), auto="the surest that has ancestors", help="Whose champion", label="Class"
    )


@dataclass(frozen=True, kw_only=True)
class FoolingLineage(AboutClass):
    """A champion and its ancestors, the first one first.

    Attributes:
        images: uint8 (F, S, S, 3), at most 24 of them, the first and the last among these.
        confidence: (F,), probability of the class.
        other: (F,), probability of the same class for as many ancestors of another class's champion.
        held: the class whose champion each was taken from when its child was made; the last is the class itself.
        length: how many ancestors there are in all.
        target, label: the class.
    """

    images: np.ndarray
    confidence: np.ndarray
    other: np.ndarray
    held: tuple[str, ...]
    length: int
    target: int

    @property
    def sentence(self) -> str:
        """How long the line is, and through how many classes it went."""
        name, count = self.label.split(",")[0], len(set(self.held) - {self.label})
        if not self.length:
            return (
                f"The picture for *{name}* was drawn at random and has no ancestors; it has {self.confidence[-1]:.0%}."
            )
        detours = f"through {count} other class{'es' if count != 1 else ''}" if count else "through no other class"
        ancestors = f"{self.length} ancestor{'s' if self.length != 1 else ''}"
        return (
            f"The picture for *{name}* has {ancestors}, {detours}; from the first to the last its confidence went from"
            f" {self.confidence[0]:.0%} to {self.confidence[-1]:.0%}."
        )


def measure(_model: ModelHandle, _params: LineageParams, result: FoolingLineage, run: Run) -> Evidence:
    """What the line gained for its class, beside another class's line."""
    run.report(0.0, "comparing with another class's line")
    gain, chance = (float(curve[-1] - curve[0]) for curve in (result.confidence, result.other))
    run.report(0.5, "comparing with another class's line")
    score = Score(
        name="gain",
        title="Gained for the class",
        value=gain,
        of="this line",
        baselines={"another class's line": chance},
        reading=f"Along this line the class gained {gain:z.0%}; along another class's line {chance:z.0%}.",
        curves={"this line": result.confidence, "another class's line": result.other},
        axes=("share of the line", "probability of the class"),
    )
    return Evidence(scores=(score,))


@explainer("Ancestors of a fooling image", paper="https://arxiv.org/abs/1412.1897", evidence=measure)
def fooling_lineage(model: ModelHandle, params: LineageParams, run: Run) -> FoolingLineage:
    """Follow the parents; see the module's docstring."""
    if params.encoding != "cppn":
        raise UnfitError("Ancestors are kept of pictures that a network draws; choose encoding cppn.")
    last = stretch_params(model, params)
    judge = judge_of(model, params.classes, params.crops)
    kept = evolve(model, last, run.part(0.0, 0.9))
    row = _row(kept, judge.classes, params.target, model)
    line, other = _line(kept, row), _line(kept, _another(kept, row))
    encoding = encoding_of(model, last)
    genomes = encoding.unpack(kept.genomes)
    images = encoding.render([genomes[at] for at in line])
    run.report(0.95, "asking about the ancestors")
    return FoolingLineage(
        images=images,
        confidence=judge(images)[:, row],
        other=judge(encoding.render([genomes[at] for at in other]))[:, row],
        held=_held(kept, line, row, tuple(model.card.labels[cls] for cls in judge.classes.tolist())),
        length=len(_ancestors(kept, row)) - 1,
        target=int(judge.classes[row]),
        label=model.card.labels[int(judge.classes[row])],
    )


def _row(kept: Stretch, classes: np.ndarray, target: int | None, model: ModelHandle) -> int:
    """The row of the class; or of the surest champion that has ancestors, of the surest where none has."""
    if target is None:
        bred = np.array([at >= 0 and kept.parent[at] >= 0 for at in kept.owner.tolist()])
        return int(np.where(bred | ~bred.any(), kept.confidence, -1.0).argmax())
    rows = np.flatnonzero(classes == model.card.check_target(target))
    if not len(rows):
        raise InputError(f"Class {target} is not among the classes evolved for; add it to classes.")
    return int(rows[0])


def _another(kept: Stretch, row: int) -> int:
    """The surest class that another champion holds; the same one where one holds all."""
    others = [at for at in np.argsort(-kept.confidence).tolist() if kept.owner[at] != kept.owner[row]]
    return others[0] if others else row


def _ancestors(kept: Stretch, row: int) -> list[int]:
    """Individuals from the first network to the champion."""
    at, line = int(kept.owner[row]), []
    while at >= 0:
        line.append(at)
        at = int(kept.parent[at])
    return line[::-1]


def _line(kept: Stretch, row: int) -> list[int]:
    """At most `FRAMES` of them, evenly."""
    line = _ancestors(kept, row)
    return [line[at] for at in np.unique(np.linspace(0, len(line) - 1, FRAMES).round().astype(int))]


def _held(kept: Stretch, line: list[int], row: int, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The class that each frame was champion of when the next in its line was made."""
    whole = _ancestors(kept, row)
    child = dict(itertools.pairwise(whole))
    return tuple(labels[row] if at == whole[-1] else labels[int(kept.cell[child[at]])] for at in line)
