"""Localisation holds a method to boxes: does its map lie on the thing that the box is drawn around?

Give a folder of pictures and the boxes that go with them. Each box's class is explained, or the model's own first
answer where the box's name means no class to the model, and the map is held against the box in four ways. *Pointing*:
is the brightest place in the box, or within 15 pixels of it on a picture of 224? *Recall*: the same, with the right to
say "not there", which is asked for once more with the strongest class that is not in the picture. *Energy*: how much of
the map lies inside? *Weak localisation*: does the box around the map's largest blob overlap the true one by more than
half? A map of the picture's centre and random maps stand beside, for things are in the centre of photos.

Limits: a model may rightly look beside the thing, at water for a boat, and a box says nothing of that; low marks are a
question and not yet a fault. Boxes hold background too. What the crop cuts away is not judged. A map that has no order,
the same everywhere, is never a hit. Pictures are few: read the intervals.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from explainers.attribution.localise.images import BoxedSet, boxed_folder, boxed_scenes
from explainers.attribution.localise.scoring import MapSource, Row, interval, recall, rows_of
from explainers.attribution.methods.table import CAMS, METHODS
from explainers.base import AtLayer, Evidence, Run, Score, explainer
from explainers.kinds import Choice, Images, Layers
from explainers.params import Params, knob
from models import ModelHandle
from models.errors import InputError
from models.imagesets.datasets import DATASETS
from models.imagesets.imageset import MENAGERIE, UNKNOWN
from models.imagesets.reader import Reader

BATCH, SHOWN = 8, 8
NOTHING = np.zeros((0, 0), np.float32)
Shown = tuple[np.ndarray, np.ndarray]  # a picture, and its map
Worked = tuple[list[Row], list[Shown], list[tuple[str, str]]]
TITLES = {
    "pointing": "Pointing game",
    "recall": "Pointing recall",
    "energy": "Energy inside",
    "weak": "Weak localisation",
}


@dataclass(frozen=True, kw_only=True)
class LocaliseParams(Params):
    """What can be chosen."""

    images: str = knob(
        "menagerie", kind=Images(), help="Where the images come from: a folder with boxes, menagerie, or oxford_pets."
    )
    boxes: str = knob(
        "",
        help="Name of the box file inside the folder; every COCO .json, .csv or VOC .xml in it when left open.",
        label="Box file",
    )
    method: str = knob("gradcam", kind=Choice(of=METHODS), help="The method whose maps are held to the boxes.")
    layer: tuple[str, ...] | None = knob(
        None,
        kind=Layers(),
        auto="the last map before pooling",
        help="Where in the network to look, several layers are fused",
        more=True,
        only={"method": tuple(CAMS)},
    )
    part: Literal["animal", "badge"] = knob(
        "animal",
        help="What the menagerie's boxes are drawn around.",
        more=True,
        label="Box around",
        only={"images": MENAGERIE},
    )
    limit: int = knob(200, 1, 5000, "At most so many images.", more=True, label="Images at most")


@dataclass(frozen=True, kw_only=True)
class Localisation(AtLayer):
    """Marks of a method, a row for each thing in a picture; a thing is all boxes of one class.

    Attributes:
        marks: float64 (N, 4), of each row: pointing, recall, energy, weak; 0 where a map has no order.
        controls: float64 (2, N, 4), the same of a centre map and of a random map.
        mean, low, high: float64 (4,), mean over rows and its 95% interval by bootstrap over pictures.
        picture: int (N,), number of the picture of each row.
        target: int (N,), class explained. named: bool (N,), whether the box's label means that class.
        probability: float64 (N,), of the class.
        images: uint8 (S, H, W, 3), of the first rows. maps: uint8 (S, H, W), their maps as drawn, 255 for 1.
        box: float64 (M, 4), left, top, right, bottom in pixels of what the model sees. box_row: int (M,), row of each.
        names, labels: of each row: the picture, and what the boxes call the thing.
        classes: name of the class explained.
        columns, titles: of the marks.
        method, title, layer: whose maps these are; the layer is empty for methods of single pixels.
        flat: how many maps have no order. outside: pictures whose boxes the crop cuts away.
        threshold: below which a map says "not there".
        source: where the images come from.
        unboxed, unboxed_count: pictures without a box, the first hundred, and how many.
        orphans, orphan_count: the same of pictures that boxes name and that are not there.
        skipped: files that could not be read, and why.
    """

    marks: np.ndarray
    controls: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    picture: np.ndarray
    target: np.ndarray
    named: np.ndarray
    probability: np.ndarray
    images: np.ndarray
    maps: np.ndarray
    box: np.ndarray
    box_row: np.ndarray
    names: tuple[str, ...]
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    titles: tuple[str, ...]
    method: str
    title: str
    flat: int
    outside: tuple[str, ...]
    threshold: float
    source: str
    unboxed: tuple[str, ...]
    unboxed_count: int
    orphans: tuple[str, ...]
    orphan_count: int
    skipped: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """How often the method points at the thing, beside maps that know nothing."""
        centre, random = self.controls[:, :, 0].mean(1)
        return (
            f"*{self.title}* points at {self.mean[0]:.0%} of {len(self.names)} things in boxes (95% interval"
            f" {self.low[0]:.0%} to {self.high[0]:.0%}; the picture's centre {centre:.0%}, a random map {random:.0%});"
            f" {self.mean[2]:.0%} of its evidence lies inside."
        )


def against_nothing(_model: ModelHandle, _params: LocaliseParams, result: Localisation, run: Run) -> Evidence:
    """Each mark beside those of a centre map and of random maps."""
    words = {
        "pointing": "The brightest place lies on the thing in {own:.0%} of the boxes; in the centre of the picture it"
        " would in {centre:.0%}.",
        "recall": "Asked for what is there and for what is not, the map answers {own:.0%} rightly; a map that knows no"
        " class answers half.",
        "energy": "{own:.0%} of the map lies inside the boxes; of a map of the picture's centre, {centre:.0%}.",
        "weak": "The box around the largest blob fits the true one in {own:.0%}; that of the centre in {centre:.0%}.",
    }
    scores = []
    for at, name in enumerate(result.columns):
        run.report(at / len(result.columns), f"{TITLES[name]}: comparing with maps that know nothing")
        value, (centre, random) = float(result.mean[at]), result.controls[:, :, at].mean(1)
        scores.append(
            Score(
                name=name,
                title=TITLES[name],
                value=value,
                of="these maps",
                interval=(float(result.low[at]), float(result.high[at])),
                baselines={"centre": float(centre), "random map": float(random)},
                reading=words[name].format(own=value, centre=centre),
            )
        )
    return Evidence(scores=tuple(scores))


@explainer("Localisation", paper="https://arxiv.org/abs/1608.00507", evidence=against_nothing)
def localise(model: ModelHandle, params: LocaliseParams, run: Run) -> Localisation:
    """Hold a method to boxes; see the module's docstring."""
    run.report(0.0, "reading the boxes")
    layers = METHODS[params.method].layers(model, params.layer)
    boxed_set = boxed(model, params)
    source, reader = MapSource(model, params.method, layers, run.rng), Reader(boxed_set.items, [*boxed_set.skipped])
    rows: list[Row] = []
    shown: list[Shown] = []
    step = BATCH if METHODS[params.method].cost_forwards < BATCH else 1
    for batch in reader.batches(step):
        first = reader.read - len(batch)
        for row in rows_of(source, batch, first, _share(run, reader.tried - len(batch), boxed_set)):
            if len(shown) < SHOWN:
                shown.append((batch[row.picture - first].pixels, (255 * row.heatmap).round().astype(np.uint8)))
            rows.append(replace(row, heatmap=NOTHING))  # thousands of maps would not fit
        run.report(_done(reader.tried, boxed_set), f"{reader.tried} of {len(boxed_set.items)} images")
    if not rows:
        raise InputError(
            f"No box of {len(boxed_set.items)} images in {boxed_set.title} can be seen by the model;"
            " check that the boxes are in pixels of these pictures."
        )
    return _result(model, params, boxed_set, (rows, shown, reader.skipped), run)


def boxed(model: ModelHandle, params: LocaliseParams) -> BoxedSet:
    """The pictures with boxes that the choices name."""
    if params.images in MENAGERIE:
        biased = params.images != "menagerie"
        return boxed_scenes(model, params.limit, params.seed, biased=biased, part=params.part)
    if params.images in DATASETS:
        pictures, notes = DATASETS[params.images].boxes()
        return boxed_folder(model, pictures, "", params.limit, notes)
    return boxed_folder(model, params.images, params.boxes, params.limit)


def _done(tried: int, boxed_set: BoxedSet) -> float:
    return 0.02 + 0.93 * tried / len(boxed_set.items)


def _share(run: Run, done: int, boxed_set: BoxedSet) -> Callable[[float, str], None]:
    """Progress inside a batch, for methods that take long over one picture."""
    return lambda fraction, note: run.report(
        _done(done, boxed_set) + 0.9 * fraction * 0.93 / len(boxed_set.items), note
    )


def _result(model: ModelHandle, params: LocaliseParams, boxed_set: BoxedSet, worked: Worked, run: Run) -> Localisation:
    rows, shown, skipped = worked
    raw, picture = np.stack([row.marks for row in rows], 1), np.array([row.picture for row in rows])
    marks, threshold = _marks(np.nan_to_num(raw), rows, picture)
    low, high = interval(marks[0], picture, run.rng)
    named = np.array([row.thing.cls != UNKNOWN for row in rows])
    return Localisation(
        marks=marks[0],
        controls=marks[1:],
        mean=marks[0].mean(0),
        low=low,
        high=high,
        picture=picture,
        target=np.array([row.cls for row in rows]),
        named=named,
        probability=np.array([row.probability for row in rows]),
        images=np.stack([pixels for pixels, _ in shown]),
        maps=np.stack([drawn for _, drawn in shown]),
        box=np.concatenate([row.thing.boxes for row in rows]),
        box_row=np.repeat(np.arange(len(rows)), [len(row.thing.boxes) for row in rows]),
        names=tuple(row.name for row in rows),
        labels=tuple(row.thing.label for row in rows),
        classes=tuple(model.card.labels[row.cls] for row in rows),
        columns=tuple(TITLES),
        titles=tuple(TITLES.values()),
        method=params.method,
        title=METHODS[params.method].title,
        layer=_layer(model, params),
        flat=int(np.isnan(raw[0, :, 0]).sum()),
        outside=_outside(boxed_set, rows, skipped),
        threshold=threshold,
        source=boxed_set.title,
        unboxed=boxed_set.unboxed,
        unboxed_count=boxed_set.unboxed_count,
        orphans=boxed_set.orphans,
        orphan_count=boxed_set.orphan_count,
        skipped=tuple(skipped),
    )


def _marks(known: np.ndarray, rows: list[Row], picture: np.ndarray) -> tuple[np.ndarray, float]:
    """Marks (map or control, row, column) with recall as the second column, and the threshold of recall."""
    answers, threshold = recall(known[0, :, 0], np.stack([row.peaks for row in rows]), picture)
    # A map that knows no class gives both questions the same answer, and one of the two is right.
    recalled = np.stack([answers, np.full(len(rows), 0.5), np.full(len(rows), 0.5)])
    return np.concatenate([known[:, :, :1], recalled[:, :, None], known[:, :, 1:]], 2), threshold


def _layer(model: ModelHandle, params: LocaliseParams) -> str:
    return ",".join(layer.name for layer in METHODS[params.method].layers(model, params.layer))


def _outside(boxed_set: BoxedSet, rows: list[Row], skipped: list[tuple[str, str]]) -> tuple[str, ...]:
    """Pictures that were read and gave no row."""
    seen = {row.name for row in rows} | {name for name, _ in skipped}
    return tuple(name for name, _ in boxed_set.items if name not in seen)
