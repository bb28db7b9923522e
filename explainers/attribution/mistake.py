"""Where an answer goes wrong: what supports the answer given, what supports the true class, and what tips the balance.

The maps of both classes stand side by side, and their difference shows what supports the one rather than the other.
Each of the likeliest classes is then read: does it see the same place, is it a close name, does its own place alone
carry it? A wrong answer is often no mistake of seeing: several things stand in the picture, the names are close, or the
model leans on a cue beside the thing (Vasudevan et al. 2022, "When does dough become a bagel?").

Limits: the readings come from maps and blurred pictures, not from knowing what is in the photo: take them as questions
to ask of it. Close names are those whose weights in the last layer point the same way. Blurred pictures are unlike what
the model was trained on.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from explainers.attribution.evidence.run import measure as measure_map
from explainers.attribution.evidence.subject import MapUnderTest
from explainers.attribution.methods.maps import class_maps, heatmap
from explainers.attribution.sentences import place_of
from explainers.base import AboutClass, AtLayer, Evidence, Run, explainer
from explainers.evidence.baselines import blurred
from explainers.kinds import Class, LayerName
from explainers.kit.predict import logits_of
from explainers.params import ImageParams, knob
from models import ModelHandle
from models.errors import InputError

LIKELIEST = 5
SAME_PLACE = 1 / 3
CLOSE = 0.02  # a name is close when it is among this share of the classes, the one nearest at least
KINDS = {
    "right": "the answer is the class that was given",
    "fine": "close names for the same thing",
    "same": "the same place, taken for something else",
    "several": "several things, each of which may be right",
    "cue": "the answer may rest on a cue beside the thing",
    "weak": "the true class has little evidence of its own here",
}


@dataclass(frozen=True, kw_only=True)
class MistakeParams(ImageParams):
    """What can be chosen."""

    truth: int | None = knob(
        None, kind=Class(), auto="the model's second answer", help="The class that would be right", label="True class"
    )
    layer: str | None = knob(
        None, kind=LayerName(), auto="the last map before pooling", help="Where in the network to look", more=True
    )


@dataclass(frozen=True, kw_only=True)
class Row:
    """One of the likeliest classes.

    Attributes:
        index, label, probability: the class.
        place: where most of its evidence lies, in words.
        overlap: intersection over union of its place and the answer's; a place holds half of the evidence.
        likeness: share of all classes whose weights are less like the answer's; NaN where there are no such weights.
        alone: its probability when only its place is sharp.
        without: its probability when the answer's place is blurred.
        reading: what that says, in words.
    """

    index: int
    label: str
    probability: float
    place: str
    overlap: float
    likeness: float
    alone: float
    without: float
    reading: str


@dataclass(frozen=True, kw_only=True)
class Mistake(AboutClass, AtLayer):
    """An answer beside the true one.

    Attributes:
        image: uint8 (H, W, 3), as the model saw it.
        maps: float32 (n, h, w), signed Grad-CAM of each row's class.
        cam: float32 (h, w), what supports the answer rather than the true class.
        heatmap: float32 (H, W) in [0, 1], its positive part.
        logits: float32 (K,).
        rows: the answer first, then the true class, then the other likely ones.
        kind: key of `KINDS`.
        target, label, probability, truth, truth_label: the answer and the class that would be right.
        layer: layer looked at. given: whether the true class was given, or is the second answer.
        after: the first answer when the answer's place is blurred.
    """

    image: np.ndarray
    maps: np.ndarray
    cam: np.ndarray
    heatmap: np.ndarray
    logits: np.ndarray
    rows: tuple[Row, ...]
    kind: str
    target: int
    probability: float
    truth: int
    truth_label: str
    given: bool
    after: str

    @property
    def method(self) -> str:
        """What the map shows."""
        return "gradcam"

    @property
    def sentence(self) -> str:
        """What kind of mistake it reads as."""
        answer, truth = (name.split(",")[0] for name in (self.label, self.truth_label))
        if self.kind == "right":
            return f"The model answers *{answer}* ({self.probability:.0%}), which is the class that was given."
        beside = "the true class" if self.given else "its second answer"
        return (
            f"*{answer}* ({self.probability:.0%}) rather than *{truth}* ({self.rows[1].probability:.0%}), {beside}:"
            f" {KINDS[self.kind]}. With the place of *{answer}* blurred, the model says *{self.after}*."
        )


def measure_mistake(model: ModelHandle, params: MistakeParams, result: Mistake, run: Run) -> Evidence:
    """Evidence for the difference: does it hold what tips the balance?"""

    def again(other: ModelHandle, x: Tensor, target: int) -> np.ndarray:
        pair = class_maps(other, x, (target, result.truth), params.layer)
        return (pair[0] - pair[1]).float().cpu().numpy()

    versus = result.truth if result.truth != result.target else None
    return measure_map(
        MapUnderTest(model, result.image, result.heatmap, result.cam, result.target, versus, False, again), run
    )


@explainer("Where it goes wrong", paper="https://arxiv.org/abs/2205.04596", evidence=measure_mistake)
def mistake(model: ModelHandle, params: MistakeParams, run: Run) -> Mistake:
    """Set an answer beside the true one; see the module's docstring."""
    run.report(0.05, "reading the picture")
    image, labels = model.view(params.image).pixels, model.card.labels
    logits = logits_of(model, image[None])[0].float().cpu()
    if len(logits) < 2:
        raise InputError("A network with a single class cannot mistake it for another; choose another model.")
    order = logits.argsort(descending=True, stable=True).tolist()
    target = order[0]
    truth = order[1] if params.truth is None else model.card.check_target(params.truth)
    shown = list(dict.fromkeys([target, truth, *order[:LIKELIEST]]))
    run.report(0.3, f"drawing the maps of {len(shown)} classes")
    maps = class_maps(model, model.normalise(image[None]), shown, params.layer).float().cpu().numpy()
    run.report(0.5, "blurring the place of each class")
    heats = [heatmap(each, image.shape[:2]) for each in maps]
    rows, after = _rows(model, image, (shown, model.chances(logits).tolist()), heats)
    difference = maps[0] - maps[shown.index(truth)]
    cam = maps[0] if truth == target else difference
    return Mistake(
        image=image,
        maps=maps,
        cam=cam,
        heatmap=heatmap(cam, image.shape[:2]),
        logits=logits.numpy(),
        rows=rows,
        kind=_kind(rows, shown.index(truth), after == truth),
        target=target,
        label=labels[target],
        probability=rows[0].probability,
        truth=truth,
        truth_label=labels[truth],
        given=params.truth is not None,
        layer=model.layer(params.layer).name,
        after=labels[after].split(",")[0],
    )


def place_mask(heat: Float[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """The brightest pixels that together hold half of the map; none of an empty map."""
    ordered = np.sort(heat.ravel())[::-1]
    total = float(ordered.sum())
    if total <= 0:
        return np.zeros(heat.shape, bool)
    least = ordered[int(np.searchsorted(ordered.cumsum(), total / 2))]
    return np.asarray((heat >= least) & (heat > 0))


def overlap_of(a: Bool[np.ndarray, "y x"], b: Bool[np.ndarray, "y x"]) -> float:
    """Intersection over union; 0 where there is nothing."""
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 0.0


def likeness_to(network: nn.Module, target: int, classes: int) -> Float[np.ndarray, " k"]:
    """Share of all other classes whose last weights are less like those of ``target``; NaN without such weights."""
    heads = [each for each in network.modules() if isinstance(each, nn.Linear) and each.out_features == classes]
    if not heads:
        return np.full(classes, np.nan)
    weights = heads[-1].weight.detach().double().cpu()
    cosines = torch.cosine_similarity(weights, weights[target][None])
    below = (cosines[None] < cosines[:, None]).sum(1)
    return np.asarray((below / max(1, classes - 1)).clamp(max=1).numpy())


def _rows(
    model: ModelHandle, image: np.ndarray, likeliest: tuple[list[int], list[float]], heats: list[np.ndarray]
) -> tuple[tuple[Row, ...], int]:
    """What each class's map says beside the answer's; and the first answer without the answer's place."""
    shown, chance = likeliest
    places, soft = [place_mask(heat) for heat in heats], blurred(image)
    tried = [np.where(place[..., None], image, soft) for place in places]
    tried.append(np.where(places[0][..., None], soft, image))
    odds = model.chances(logits_of(model, np.stack(tried)).float()).cpu().numpy()
    likeness = likeness_to(model.network, shown[0], len(chance))
    rows = []
    for i, index in enumerate(shown):
        row = Row(
            index=index,
            label=model.card.labels[index],
            probability=chance[index],
            place=place_of(heats[i]) if heats[i].any() else "nowhere",
            overlap=overlap_of(places[i], places[0]),
            likeness=float(likeness[index]),
            alone=float(odds[i, index]),
            without=float(odds[-1, index]),
            reading="",
        )
        rows.append(Row(**{**vars(row), "reading": _reading(row, first=i == 0, classes=len(chance))}))
    return tuple(rows), int(odds[-1].argmax())


def close(row: Row, classes: int) -> bool:
    """Whether a class is among those most like the answer."""
    return row.likeness * (classes - 1) >= classes - 1 - max(1.0, CLOSE * classes)


def stands_alone(row: Row) -> bool:
    """Whether the class's own place, the rest blurred, is enough for it."""
    return row.alone >= max(0.1, 0.5 * row.probability)


def _reading(row: Row, *, first: bool, classes: int) -> str:
    if first:
        return "the answer" + ("; its place alone is enough" if stands_alone(row) else "; it needs more than its place")
    if row.overlap >= SAME_PLACE:
        return "a close name for the same place" if close(row, classes) else "the same place, another thing"
    return "another place, which alone is enough" if stands_alone(row) else "another place, which alone is not enough"


def _kind(rows: tuple[Row, ...], truth: int, raised: bool) -> str:
    """The reading of the pair of answer and true class."""
    if truth == 0:
        return "right"
    row = rows[truth]
    if row.overlap >= SAME_PLACE:
        return "fine" if row.reading.startswith("a close name") else "same"
    if stands_alone(row):
        return "several"
    return "cue" if raised or not stands_alone(rows[0]) else "weak"
