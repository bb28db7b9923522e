"""Marks of maps where it is known where things are: the map of each thing, of what is not there, and of no model."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from explainers.attribution.localise.images import Boxed, Thing
from explainers.attribution.methods.problem import Problem, Report, silent
from explainers.attribution.methods.table import METHODS
from explainers.evidence import centre_map, energy_inside, pointing_game, random_map, weak_localisation
from explainers.kit.predict import logits_of
from explainers.kit.targets import of_classes
from models import Layer, ModelHandle

METRICS = ("pointing", "energy", "weak")
TOLERANCE, SIDE = 15, 224  # of the pointing game, in pixels, and the side of the pictures for which it was set


@dataclass(frozen=True)
class Row:
    """A thing in a picture, and what was found of it.

    Attributes:
        name: of the picture.
        picture: its number, by which rows belong together.
        thing: what is in the boxes.
        cls: class explained: that of the thing, or the model's first answer where the label means no class.
        probability: of that class.
        heatmap: (H, W) in [0, 1], what is drawn.
        marks: (3, M), of the map, of a centre map and of a random map; NaN where a map has no order.
        peaks: (2,), largest signed value of this class's map, and of the strongest class's that is not in the picture.
    """

    name: str
    picture: int
    thing: Thing
    cls: int
    probability: float
    heatmap: Float[np.ndarray, "y x"]
    marks: Float[np.ndarray, "3 m"]
    peaks: Float[np.ndarray, "2"]


@dataclass(frozen=True)
class MapSource:
    """How maps are asked for.

    Attributes:
        model: left exactly as found.
        method: a name of `METHODS`.
        layers: where methods of the CAM family look.
        rng: for maps that draw at random, and for the random control.
    """

    model: ModelHandle
    method: str
    layers: tuple[Layer, ...]
    rng: np.random.Generator

    def maps(
        self, x: Float[Tensor, "b colours y x"], classes: Int[Tensor, " b"], report: Report
    ) -> tuple[Float[Tensor, "b y x"], Float[Tensor, " b"]]:
        """Positive maps at the size of the picture, as they are drawn, and the largest signed value of each."""
        problem = Problem(self.model, x, of_classes(classes), rng=self.rng, report=report)
        cam = METHODS[self.method].solve(problem, self.layers).cam.float()
        positive = cam.clamp(min=0)[:, None]
        large = F.interpolate(positive, size=tuple(x.shape[2:]), mode="bilinear", align_corners=False)[:, 0]
        return large.cpu(), cam.amax((1, 2)).cpu()


def rows_of(source: MapSource, batch: list[Boxed], first: int, report: Report = silent) -> list[Row]:
    """A row for each thing that can be seen in a batch of pictures, numbered from ``first``."""
    model = source.model
    logits = logits_of(model, np.stack([each.pixels for each in batch])).float().cpu()
    things = [(at, thing) for at, each in enumerate(batch) for thing in each.things if len(thing.boxes)]
    if not things:
        return []
    explained = [thing.cls if thing.cls >= 0 else int(logits[at].argmax()) for at, thing in things]
    absent = [_absent(logits[at], batch[at], cls) for (at, _), cls in zip(things, explained, strict=True)]
    x = model.normalise(np.stack([batch[at].pixels for at, _ in things]))
    classes = torch.tensor([*explained, *absent], device=x.device)
    maps, tops = (each.numpy() for each in source.maps(torch.cat([x, x]), classes, report))
    rows = []
    for row, (at, thing) in enumerate(things):
        chance, marks = float(logits[at].softmax(0)[explained[row]]), _marks(source.rng, maps[row], thing)
        heatmap = maps[row] / max(float(maps[row].max()), 1e-30)
        peaks = tops[[row, len(things) + row]].astype(np.float64)
        rows.append(Row(batch[at].name, first + at, thing, explained[row], chance, heatmap, marks, peaks))
    return rows


def _absent(logits: Float[Tensor, " k"], picture: Boxed, cls: int) -> int:
    """The strongest class that nothing in the picture is of; the explained one where every class is there."""
    there = {cls, *(thing.cls for thing in picture.things)}
    return next((index for index in logits.argsort(descending=True).tolist() if index not in there), cls)


def _marks(rng: np.random.Generator, heatmap: Float[np.ndarray, "y x"], thing: Thing) -> Float[np.ndarray, "3 m"]:
    size = heatmap.shape
    mask, tolerance = mask_of(thing, size), TOLERANCE * min(size) / SIDE
    controls = (heatmap, centre_map(size), random_map(rng, size))
    boxes = [tuple(map(float, box)) for box in thing.boxes]
    return np.array(
        [
            (pointing_game(each, mask, tolerance=tolerance), energy_inside(each, mask), weak_localisation(each, boxes))
            for each in controls
        ]
    )


def mask_of(thing: Thing, size: tuple[int, ...]) -> Bool[np.ndarray, "y x"]:
    """Pixels whose centre lies in one of the boxes; at least one pixel a box."""
    inside = np.zeros(size, dtype=bool)
    for left, top, right, bottom in thing.boxes:
        rows, columns = (
            slice(min(round(low), side - 1), max(round(high), min(round(low), side - 1) + 1))
            for low, high, side in ((top, bottom, size[0]), (left, right, size[1]))
        )
        inside[rows, columns] = True
    return inside


def recall(
    hits: Float[np.ndarray, " n"], peaks: Float[np.ndarray, "n 2"], picture: Int[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " n"], float]:
    """The pointing game with the right to say "not there" (Selvaraju et al. 2017, section 4.3).

    Each row asks two questions: point at the class that is there, and say that the strongest other class is not. A map
    whose largest value stays below a threshold says "not there". The paper sets one threshold for a model; here the
    pictures of one half set that of the other half, so that no picture is judged by a threshold it helped to choose.

    Returns:
        Share of the two questions that each row answers rightly; the threshold that all rows together would set.
    """
    recalled, half = np.zeros(len(hits)), picture % 2
    for part in (0, 1):
        here, there = half == part, half != part
        recalled[here] = _answers(hits[here], peaks[here], _threshold(hits[there], peaks[there]))
    return recalled, _threshold(hits, peaks)


def _threshold(hits: Float[np.ndarray, " n"], peaks: Float[np.ndarray, "n 2"]) -> float:
    """The value that answers most questions rightly; 0, "it supports the class at all", is the least."""
    levels = np.unique(np.clip(peaks, 0, None))
    tried = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2])
    return float(tried[int(np.argmax([_answers(hits, peaks, each).sum() for each in tried]))])


def _answers(hits: Float[np.ndarray, " n"], peaks: Float[np.ndarray, "n 2"], at: float) -> Float[np.ndarray, " n"]:
    return (np.where(peaks[:, 0] >= at, hits, 0) + (peaks[:, 1] < at)) / 2


def interval(
    marks: Float[np.ndarray, "n m"], picture: Int[np.ndarray, " n"], rng: np.random.Generator, draws: int = 1000
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """95% interval of the mean over rows by bootstrap over pictures (Efron 1979, percentiles)."""
    _, member = np.unique(picture, return_inverse=True)
    pictures = int(member.max()) + 1
    sums, counts = np.zeros((pictures, marks.shape[1])), np.bincount(member, minlength=pictures).astype(float)
    np.add.at(sums, member, marks)
    drawn = rng.multinomial(pictures, np.full(pictures, 1 / pictures), size=draws).astype(float)
    means = (drawn @ sums) / (drawn @ counts)[:, None]
    low, high = np.percentile(means, (2.5, 97.5), axis=0)
    return low, high
