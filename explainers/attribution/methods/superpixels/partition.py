"""Owen values over a tree of rectangles: areas that count are split further, as long as the samples last."""

import heapq
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float

from explainers.attribution.methods.problem import Attribution, Problem, silent
from explainers.attribution.methods.superpixels.segments import scores, spread

AT_ONCE = 8


@dataclass(frozen=True)
class Area:
    """A rectangle of pixels."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> int:
        """Pixels in it."""
        return (self.bottom - self.top) * (self.right - self.left)

    @property
    def index(self) -> tuple[slice, slice]:
        """Where it lies in a map."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def halves(self) -> tuple["Area", "Area"]:
        """Cut across its longer side; the first half is the smaller one."""
        rows, columns = self.bottom - self.top, self.right - self.left
        if rows >= columns:
            row = self.top + rows // 2
            return Area(self.top, self.left, row, self.right), Area(row, self.left, self.bottom, self.right)
        column = self.left + columns // 2
        return Area(self.top, self.left, self.bottom, column), Area(self.top, column, self.bottom, self.right)


@dataclass(order=True)
class Share:
    """What an area adds to what else is shown.

    Attributes:
        rank: what it adds, weighed, negative: the largest comes first.
        order: of arrival, between equals.
        area: of pixels.
        shown: bool (H, W), what else is shown.
        without, within: the score without and with the area.
        weight: of this company among all that the area is tried in.
    """

    rank: float
    order: int
    area: Area = field(compare=False)
    shown: Bool[np.ndarray, "y x"] = field(compare=False)
    without: float = field(compare=False)
    within: float = field(compare=False)
    weight: float = field(compare=False)

    @property
    def gain(self) -> float:
        """Its part of the area's Owen value."""
        return self.weight * (self.within - self.without)

    def together(self, area: Area) -> Bool[np.ndarray, "y x"]:
        """What is shown with another area as well."""
        mask = self.shown.copy()
        mask[area.index] = True
        return mask


def partition_shap(problem: Problem) -> Attribution:
    """Owen values over a binary tree of rectangles (Owen 1977; the recursion of SHAP's partition explainer).

    An area's value is shared out between its halves, each tried with the other hidden and shown; the areas that add
    most are split first. Within an area that is not split any further every pixel gets the same. The values always add
    up to the score's change from grey. The tree is cut by place: rectangles are halved across their longer side.
    """
    rows, columns = problem.x.shape[2:]
    none = np.zeros((rows, columns), dtype=bool)
    ends = _worth(problem, [none, ~none])
    heap = [_share(0, Area(0, 0, rows, columns), none, (ends[0], ends[1]), 1.0)]
    values, spent, count = np.zeros((rows, columns)), 2, 1
    while heap and spent < problem.samples:
        problem.report(spent / problem.samples, f"splitting the picture, score {spent} of {problem.samples}")
        parents = [heapq.heappop(heap) for _ in range(min(AT_ONCE, len(heap)))]
        for share in _split(problem, parents):
            if share.area.size == 1:
                values[share.area.index] += share.gain
            else:
                count += 1
                share.order = count
                heapq.heappush(heap, share)
        spent += 2 * len(parents)
    for share in heap:
        values[share.area.index] += share.gain / share.area.size
    return spread(values, problem, complete=True)


def _share(order: int, area: Area, shown: Bool[np.ndarray, "y x"], worth: tuple[float, float], weight: float) -> Share:
    return Share(-abs(worth[1] - worth[0]) * weight, order, area, shown, worth[0], worth[1], weight)


def _split(problem: Problem, parents: list[Share]) -> list[Share]:
    """Both halves of each area, each with the other hidden and shown."""
    halves = [parent.area.halves() for parent in parents]
    masks = [parent.together(half) for parent, both in zip(parents, halves, strict=True) for half in both]
    worth, shares = _worth(problem, masks), []
    for index, (parent, (one, two)) in enumerate(zip(parents, halves, strict=True)):
        (with_one, with_two), weight = worth[2 * index : 2 * index + 2], parent.weight / 2
        shares += [
            _share(0, one, parent.shown, (parent.without, with_one), weight),
            _share(0, two, parent.shown, (parent.without, with_two), weight),
            _share(0, one, masks[2 * index + 1], (with_two, parent.within), weight),
            _share(0, two, masks[2 * index], (with_one, parent.within), weight),
        ]
    return shares


def _worth(problem: Problem, masks: list[Bool[np.ndarray, "y x"]]) -> Float[np.ndarray, " n"]:
    stacked = np.stack(masks)
    return scores(_quiet(problem), len(stacked), lambda rows: stacked[rows])


def _quiet(problem: Problem) -> Problem:
    """The same problem without a report of its own: how many samples are spent tells how far it is."""
    return replace(problem, report=silent)
