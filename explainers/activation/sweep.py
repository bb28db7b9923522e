"""How far to trust the prior, and how hard to ask: a grid of pictures over e1 and e2.

The useful range of both weights is narrow (Nguyen et al. 2017, appendix): without the prior pictures fool, without the
condition they show anything. Each picture of the grid is the first chain from the same start and noise, under weights
that are shares of the prior's preset; a judge that took no part says what it sees.

Limits: one start; another one may prefer other weights.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from explainers.activation.chain import PRESETS
from explainers.activation.lens import activation
from explainers.activation.params import ActivationParams, generator_knob
from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.kinds import Class
from explainers.params import Params, knob
from models import ModelHandle
from models.generators import file as generators

SHARES = (0.0, 0.3, 1.0, 3.0)


@dataclass(frozen=True, kw_only=True)
class SweepParams(Params):
    """What is swept."""

    target: int = knob(0, kind=Class(), help="The class.", label="Class")
    prior: Literal["joint", "noiseless", "ppgn_h"] = knob("joint", help="What denoises; see Pictures.", label="Prior")
    steps: int = knob(60, 2, 2000, "Steps of each chain.", label="Steps")
    generator: str | None = generator_knob()


@dataclass(frozen=True, kw_only=True)
class Sweep(AboutClass):
    """The grid.

    Attributes:
        images: uint8 (R, C, s, s, 3), rows by e1 and columns by e2.
        e1: (R,). e2: (C,).
        probability, independent_probability: (R, C), of the class under the network and the judge; -1 without one.
        judge: its title.
    """

    images: np.ndarray
    e1: np.ndarray
    e2: np.ndarray
    probability: np.ndarray
    independent_probability: np.ndarray
    judge: str

    @property
    def answers(self) -> np.ndarray:
        """(R, C), how sure the judge is, or without one the network."""
        return self.independent_probability if self.judge else self.probability

    @property
    def best(self) -> tuple[int, int]:
        """Row and column of the picture that it is surest of."""
        row, column = np.unravel_index(int(self.answers.argmax()), self.answers.shape)
        return int(row), int(column)

    @property
    def sentence(self) -> str:
        """Where it works."""
        row, column = self.best
        who = self.judge or "the network"
        sure = self.answers[row, column]
        return f"{who} is surest of *{self.label}* at e1 = {self.e1[row]:g} and e2 = {self.e2[column]:g} ({sure:.0%})."


def measure(_model: ModelHandle, _params: SweepParams, result: Sweep, run: Run) -> Evidence:
    """The preset beside no condition and no prior."""
    run.report(0.0, "reading the judge's answers")
    preset, seen = SHARES.index(1.0), result.answers
    value, blind, free = float(seen[preset, preset]), float(seen[preset, 0]), float(seen[0, preset])
    run.report(0.9, "comparing")
    return Evidence(
        scores=(
            Score(
                name="preset",
                title="The preset",
                value=value,
                of="the preset's picture",
                baselines={"no condition (e2 = 0)": blind, "no prior (e1 = 0)": free},
                references=("no prior (e1 = 0)",),
                reading=f"{result.judge or 'The network'} gives the class {value:.0%} at the preset, {blind:.0%}"
                f" without the condition and {free:.0%} without the prior.",
            ),
        )
    )


@explainer("Prior against condition", paper="https://arxiv.org/abs/1612.00005", evidence=measure)
def activation_sweep(model: ModelHandle, params: SweepParams, run: Run) -> Sweep:
    """Run one chain for each pair of weights; see the module's docstring."""
    drawn_by = generators.load(generators.path_of(model, params.generator), model)
    preset = PRESETS[params.prior].times(drawn_by.about.plan.pace)
    e1, e2 = (np.array([share * weight for share in SHARES]) for weight in (preset.e1, preset.e2))
    cells = []
    for at, (first, second) in enumerate((float(a), float(b)) for a in e1 for b in e2):
        wanted = ActivationParams(
            target=params.target,
            prior=params.prior,
            steps=params.steps,
            generator=params.generator,
            seed=params.seed,
            n=1,
            e1=first,
            e2=second,
        )
        share = at / (len(e1) * len(e2))
        run.report(share, f"e1 = {first:g}, e2 = {second:g}")
        cells.append(run.part(share, share).reuse(activation.request(model.card.name, wanted)))
    shape = (len(e1), len(e2))
    return Sweep(
        images=np.stack([cell.images[0] for cell in cells]).reshape(*shape, *cells[0].images.shape[1:]),
        e1=e1,
        e2=e2,
        probability=np.array([cell.probability[0] for cell in cells]).reshape(shape),
        independent_probability=np.array([cell.independent_probability[0] for cell in cells]).reshape(shape),
        judge=cells[0].judge,
        label=model.card.short(params.target),
    )
