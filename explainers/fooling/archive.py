"""What is chosen of an evolution, and what comes out of it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from explainers.base import Result
from explainers.fooling.chunk import StretchParams
from explainers.fooling.judge import fitting_size, judge_of
from explainers.fooling.settings import SETTINGS, SURE, Way
from explainers.kinds import Choice, Classes
from explainers.params import Params, knob
from models import ModelHandle

LARGEST = 128  # pixels a side, where the model takes so small a picture: four times faster than 224


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
    search: Literal["tuned", "paper"] = knob(
        "tuned",
        help="Settings that reach more within the same evaluations (tuned), or those of the paper (paper).",
        label="Search",
        more=True,
    )
    children: int | None = knob(
        None, 1, 100_000, "Children a generation", auto="as the search has it", more=True, label="Children"
    )
    classes: tuple[int, ...] | None = knob(
        None, kind=Classes(), auto="all classes", help="The classes to evolve for", more=True, label="Classes"
    )
    crops: int = knob(
        1,
        kind=Choice(of={1: "the whole picture", 10: "ten crops"}),
        help="Views that are averaged: 1, the whole picture, or 10 crops as in the paper.",
        more=True,
        label="Crops",
    )
    coords: Literal["unit", "pixel"] = knob(
        "unit",
        help="Coordinates from -1 to 1, or counted in pixels, which draws the gratings that the paper shows.",
        more=True,
        label="Coordinates",
        only={"encoding": ("cppn",)},
    )
    spread: float | None = knob(
        None,
        0.1,
        1000.0,
        "Weights of a drawing network lie between minus and plus this",
        auto="as the search has it",
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
    settings = SETTINGS[params.search][params.encoding]
    children = params.children or settings.children
    return StretchParams(
        encoding=params.encoding,
        search=params.search,
        size=fitting_size(model, params.size, LARGEST),
        children=children,
        classes=params.classes,
        crops=params.crops,
        coords=params.coords,
        spread=settings.mutation.spread if params.spread is None else params.spread,
        generations=-(-params.evaluations // children),
        seed=params.seed,
    )
