"""Side by side shows one picture by several methods, or one method at every layer of the network.

Maps that are made in different ways and still agree deserve more trust than one alone; where they differ, the picture
depends on the method and not only on the model. Early layers outline small things and know little of the class; late
ones know the class and are coarse.

Limits: agreement is no proof, since methods of one family share their mistakes. Ranks are compared on a coarse grid, so
that fine maps are judged by where their mass lies. How well a map names the pixels is measured by blurring, which makes
pictures that the model never saw in training.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from explainers.attribution.methods.problem import Problem, Report, silent
from explainers.attribution.methods.table import CAMS, METHODS
from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.evidence import agreement, centre_map, insertion_deletion, random_map
from explainers.kinds import Choice, Class, Names
from explainers.kit.predict import logits_of, probabilities
from explainers.kit.resize import enlarged
from explainers.kit.targets import chosen_class, of_classes
from explainers.params import ImageParams, knob
from models import ModelHandle
from models.errors import SeewhyError, UnfitError

QUICK = (
    "gradcam",
    "gradcam++",
    "hirescam",
    "layercam",
    "eigencam",
    "ablationcam",
    "saliency",
    "input_x_gradient",
    "guided_backprop",
    "deep_lift",
    "lrp",
    "fullgrad",
    "attention_rollout",
    "attention_gradient",
)
STEPS, DRAWS = 15, 8
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class CompareParams(ImageParams):
    """What can be chosen."""

    target: int | None = knob(
        None, kind=Class(), auto="the model's first answer", help="The class to explain", label="Class"
    )
    over: Literal["methods", "layers"] = knob(
        "methods", help="methods: one picture by several of them. layers: one method from the first layer to the last."
    )
    methods: tuple[str, ...] | None = knob(
        None,
        kind=Names(of=METHODS),
        auto="the quick ones",
        help="The methods to lay side by side",
        only={"over": ("methods",)},
        label="Methods",
    )
    method: str = knob(
        "gradcam",
        kind=Choice(of=CAMS, refusal="'{value}' does not look at layers; choose one of {options}."),
        help="The method of the family that is shown at every layer.",
        only={"over": ("layers",)},
        label="Method",
    )


@dataclass(frozen=True, kw_only=True)
class SideBySide(AboutClass):
    """Maps laid side by side.

    Attributes:
        image: uint8 (H, W, 3), the photo as the model saw it.
        maps: float32 (N, H, W), signed, all enlarged to the picture.
        agreement: float64 (N, N), rank correlation of each pair on a grid of 14 x 14; 0 where a map has no order.
        names, titles: of the methods or layers, in the order of the maps.
        over: what varies: methods or layers.
        target, label, probability: the class explained.
        refused: title and reason of each that does not fit this model.
    """

    image: np.ndarray
    maps: np.ndarray
    agreement: np.ndarray
    names: tuple[str, ...]
    titles: tuple[str, ...]
    over: str
    target: int
    probability: float
    refused: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """How far the maps agree, and which stands apart."""
        count, thing = len(self.titles), "layers" if self.over == "layers" else "methods"
        name = self.label.split(",")[0]
        if count < 2:
            return f"One of the {thing} alone fits this model: {self.titles[0]}."
        others = (self.agreement.sum(1) - self.agreement.diagonal()) / (count - 1)
        apart = int(np.argmin(others))
        return (
            f"The {count} {thing} agree on *{name}* to a rank correlation of {mean_agreement(self.agreement):.2f};"
            f" {self.titles[apart]} stands most apart ({others[apart]:.2f})."
        )


def mean_agreement(table: Float[np.ndarray, "n n"]) -> float:
    """Mean of the pairs."""
    return float(table[np.triu_indices(len(table), 1)].mean())


def measure_sides(model: ModelHandle, _params: CompareParams, result: SideBySide, run: Run) -> Evidence:
    """Agreement against random maps, and how well each map names the pixels that count."""
    size = result.image.shape[:2]
    shown = [
        *zip(result.titles, result.maps, strict=True),
        ("centre", centre_map(size)),
        ("random map", random_map(run.rng, size)),
    ]
    gains: dict[str, float] = {}
    for done, (title, heatmap) in enumerate(shown):
        run.report(0.9 * done / len(shown), f"taking pixels away: {title}")
        curves = insertion_deletion(
            lambda images: probabilities(model, images, result.target),
            result.image,
            np.clip(heatmap, 0, None),
            steps=STEPS,
        )
        gains[title] = curves.insertion_auc - curves.deletion_auc
    run.report(0.95, "comparing with random maps")
    return Evidence(scores=(_gain(gains, result.titles), *_agreement(result, run)))


def _gain(gains: dict[str, float], titles: tuple[str, ...]) -> Score:
    known = {title: gains[title] for title in titles if np.isfinite(gains[title])}
    best = max(known, key=known.__getitem__, default="")
    words = f"{best} names the pixels best" if best else "No map has an order"
    return Score(
        name="gain",
        title="Names the pixels that count",
        value=known.get(best, float("nan")),
        worst=-1.0,
        best=1.0,
        baselines={title: gain for title, gain in gains.items() if title != best},
        of=best or "best map",
        reading=f"{words}: insertion minus deletion {known.get(best, float('nan')):.2f}; a random map"
        f" {gains['random map']:.2f}.",
    )


def _agreement(result: SideBySide, run: Run) -> tuple[Score, ...]:
    if len(result.maps) < 2:
        return ()
    random = [random_map(run.rng, result.image.shape[:2]) for _ in range(DRAWS)]
    chance, value = mean_agreement(agreement(random)), mean_agreement(result.agreement)
    return (
        Score(
            name="agreement",
            title="Agreement",
            value=value,
            baselines={"random maps": chance},
            of="these maps",
            reading=f"Two of these maps agree to {value:.2f} on average, two random ones to {chance:.2f}.",
        ),
    )


@explainer("Side by side", paper="https://arxiv.org/abs/2202.01602", evidence=measure_sides)
def compare(model: ModelHandle, params: CompareParams, run: Run) -> SideBySide:
    """Lay maps side by side; see the module's docstring."""
    run.report(0.0, "reading the picture")
    view = model.view(params.image)
    logits = logits_of(model, view.pixels[None])[0].float().cpu()
    target = chosen_class(model, logits, params.target)
    x = model.normalise(view.pixels[None])
    jobs = _layers(model, x, target, params) if params.over == "layers" else _methods(model, x, target, params)
    maps, refused = side_by_side(jobs, x, run.report)
    return SideBySide(
        image=view.pixels,
        maps=np.stack(list(maps.values())),
        agreement=agreement(list(maps.values())),
        names=tuple(maps),
        titles=tuple(jobs[name][0] for name in maps),
        over=params.over,
        target=target,
        label=model.card.labels[target],
        probability=float(model.chances(logits)[target]),
        refused=tuple((jobs[name][0], why) for name, why in refused),
    )


Jobs = dict[str, tuple[str, Callable[[], Tensor]]]


def _methods(model: ModelHandle, x: Tensor, target: int, params: CompareParams) -> Jobs:
    """The chosen methods by name: title, and how to get the map."""
    classes = torch.tensor([target], device=x.device)
    names = params.methods or [name for name in QUICK if METHODS[name].fits(model.card)]
    return {name: (METHODS[name].title, lambda name=name: METHODS[name].map(model, x, classes)) for name in names}  # type: ignore[misc]


def _layers(model: ModelHandle, x: Tensor, target: int, params: CompareParams) -> Jobs:
    """Every main layer by name, from the picture to the answer."""
    classes = of_classes(torch.tensor([target]))
    layers = {layer.name: layer for layer in model.layers() if layer.main or layer.default}

    def at(name: str) -> Callable[[], Tensor]:
        rng = np.random.default_rng(params.seed)
        return lambda: METHODS[params.method].solve(Problem(model, x, classes, layers[name], rng)).cam

    return {name: (f"{name}, {layer.shape[1]}×{layer.shape[2]}", at(name)) for name, layer in layers.items()}


def side_by_side(jobs: Jobs, x: Tensor, report: Report = silent) -> tuple[dict[str, np.ndarray], list[tuple[str, str]]]:
    """Signed maps (H, W) by name; and name and reason of each that does not fit.

    Raises:
        UnfitError: none fits.
    """
    maps: dict[str, np.ndarray] = {}
    refused: list[tuple[str, str]] = []
    for done, (name, (title, work)) in enumerate(jobs.items()):
        report(0.05 + 0.9 * done / len(jobs), f"{title}, {done + 1} of {len(jobs)}")
        try:
            maps[name] = enlarged(work(), (int(x.shape[2]), int(x.shape[3])))[0]
        except SeewhyError as error:
            refused.append((name, str(error)))
        except (RuntimeError, TypeError, AttributeError, IndexError, AssertionError) as error:
            logger.warning("%s failed inside a comparison", title, exc_info=error)
            first = (str(error).strip().splitlines() or [""])[0][:120]
            refused.append((name, f"{title} failed on this network ({type(error).__name__}: {first})."))
    if not maps:
        raise UnfitError(refused[0][1])
    return maps, refused
