"""How far to trust a class map: three measurements on this very picture and model."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from explainers.attribution.family import CAMS, layers_of, maps_of
from explainers.attribution.maps import Ask
from explainers.attribution.targets import of_classes, of_difference
from explainers.base import Evidence, Run, Score
from explainers.evidence import centre_map, insertion_deletion, moved_map, random_map, rank_correlation
from explainers.evidence.faithfulness import Curves, Predict, share_to_halve
from explainers.evidence.sanity import cascade
from explainers.kit.predict import logits_of
from models import ModelHandle

if TYPE_CHECKING:
    from explainers.attribution.gradcam import GradCam, GradCamParams

THIS, MOVED = "this map", "same map elsewhere"
CONTROLS = 3
STEPS = 15
STAGES = 6
Measured = dict[str, list[Curves]]


def measure(model: ModelHandle, params: "GradCamParams", result: "GradCam", run: Run) -> Evidence:
    """Deletion and insertion against maps that know nothing, and the randomisation check."""
    against = CAMS[params.method].against
    predict = predictor(model, params, result)

    measured = _faithfulness(predict, result, run)
    return Evidence(
        scores=(deletion(measured, against), insertion(measured, against), sanity(model, params, result, run))
    )


def predictor(model: ModelHandle, params: "GradCamParams", result: "GradCam") -> Predict:
    """Pictures -> probability of the class (of the two where it is set against one); of the rest for "against"."""

    def predict(images: np.ndarray) -> np.ndarray:
        logits = logits_of(model, images)
        if result.versus is not None:
            logits = logits[:, [result.target, result.versus]]
        chance = logits.softmax(1)[:, 0 if result.versus is not None else result.target].cpu().numpy()
        return 1 - chance if CAMS[params.method].against else chance

    return predict


def _faithfulness(predict: Predict, result: "GradCam", run: Run) -> Measured:
    """Curves of the map, of the same map moved, of random maps and of a centre map; blur where pixels are missing."""
    size = result.image.shape[:2]
    maps = [
        (THIS, result.heatmap),
        *((MOVED, moved_map(run.rng, result.heatmap)) for _ in range(CONTROLS)),
        *(("random map", random_map(run.rng, size)) for _ in range(CONTROLS)),
        ("centre", centre_map(size)),
    ]
    measured: Measured = {}
    for done, (name, heatmap) in enumerate(maps):
        run.report(0.8 * done / len(maps), f"taking pixels away, map {done + 1} of {len(maps)}")
        measured.setdefault(name, []).append(insertion_deletion(predict, result.image, heatmap, steps=STEPS))
    return measured


def deletion(measured: Measured, against: bool) -> Score:
    """Deletion: lower is better."""
    own, thing = measured[THIS][0], "the probability of anything else" if against else "the probability"
    half = share_to_halve(own.deletion)
    other = float(np.mean([share_to_halve(curves.deletion) for curves in measured[MOVED]]))
    needs = f"{other:.0%}" if other < 1 else "all of them"
    if own.reason:
        reading = f"Cannot be measured: {own.reason}."
    elif half >= 1:
        reading = f"Blurring the brightest pixels never halves {thing}."
    else:
        reading = f"Blurring the brightest {half:.0%} halves {thing}; the same map in another place needs {needs}."
    return Score(
        name="deletion", title="Deletion", value=own.deletion_auc, reading=reading, worst=1.0, best=0.0,
        baselines=_means(measured, "deletion_auc"), interval=_spread(measured, "deletion_auc"),
        curves=_curves(measured, "deletion"), axes=("share of pixels blurred", "probability"),
    )  # fmt: skip


def insertion(measured: Measured, against: bool) -> Score:
    """Insertion: higher is better."""
    own, thing = measured[THIS][0], "everything else" if against else "the class"
    third = STEPS // 3
    other = float(np.mean([curves.insertion[third] for curves in measured[MOVED]]))
    reading = (
        f"Cannot be measured: {own.reason}."
        if own.reason
        else f"The brightest third of the pixels, the rest blurred, gives {thing} {own.insertion[third]:.0%};"
        f" a third in another place gives {other:.0%}."
    )
    return Score(
        name="insertion", title="Insertion", value=own.insertion_auc, reading=reading,
        baselines=_means(measured, "insertion_auc"), interval=_spread(measured, "insertion_auc"),
        curves=_curves(measured, "insertion"), axes=("share of pixels shown sharp", "probability"),
    )  # fmt: skip


def sanity(model: ModelHandle, params: "GradCamParams", result: "GradCam", run: Run) -> Score:
    """Cascading randomisation: mean absolute rank correlation with the map of the trained model; lower is better."""

    def explain(network: torch.nn.Module) -> np.ndarray:
        return again(ModelHandle(network, model.card, model.device), params, result)

    found = [1.0]
    for stage, cam in enumerate(cascade(model.network, explain, run.rng, STAGES)):
        found.append(abs(rank_correlation(result.cam, cam)))
        run.report(0.8 + 0.2 * (stage + 1) / STAGES, "replacing the weights by noise")
    similarity = np.array(found)
    known = similarity[1:][np.isfinite(similarity[1:])]
    value = float(known.mean()) if known.size else float("nan")
    chance = _chance_correlation(run.rng, result.cam.shape)
    return Score(
        name="randomisation", title="Randomisation check", value=value, worst=1.0, best=0.0,
        reading=_sanity_words(value), baselines={"two random maps": chance, "map that ignores the model": 1.0},
        curves={THIS: similarity}, axes=("share of the weights replaced, from the top", "rank correlation"),
    )  # fmt: skip


def again(model: ModelHandle, params: "GradCamParams", result: "GradCam", x: Tensor | None = None) -> np.ndarray:
    """The signed map (h, w) of another network, or of another input, for the same question."""
    classes = torch.tensor([result.target])
    against = None if result.versus is None else torch.tensor([result.versus])
    target = of_classes(classes) if against is None else of_difference(classes, against)
    layers = layers_of(model, result.layer)
    inputs = model.normalise(result.image[None]) if x is None else x
    ask = Ask(model, inputs, target, layers[0], np.random.default_rng(params.seed), params.groups)
    return maps_of(params.method, ask, layers).cam[0].float().cpu().numpy()


def _sanity_words(value: float) -> str:
    if not np.isfinite(value):
        return "Cannot be measured: without its weights the model gives the same map everywhere."
    if value < 0.5:
        return f"Noise for weights leaves little of the map (rank correlation {value:.2f}): it shows what was learned."
    return f"Noise for weights leaves much of the map (rank correlation {value:.2f}): part of it is the photo alone."


def _chance_correlation(rng: np.random.Generator, shape: tuple[int, ...]) -> float:
    pairs = rng.random((64, 2, *shape))
    return float(np.nanmean([abs(rank_correlation(a, b)) for a, b in pairs]))


def _means(measured: Measured, area: str) -> dict[str, float]:
    return {
        name: float(np.mean([getattr(curves, area) for curves in group]))
        for name, group in measured.items()
        if name != THIS
    }


def _curves(measured: Measured, name: str) -> dict[str, np.ndarray]:
    return {title: np.mean([getattr(curves, name) for curves in group], axis=0) for title, group in measured.items()}


def _spread(measured: Measured, area: str) -> tuple[float, float]:
    """Where 95 % of random maps fall, under a normal distribution of their scores."""
    values = np.array([getattr(curves, area) for curves in measured["random map"]])
    half = 1.96 * float(values.std(ddof=1))
    return float(values.mean()) - half, float(values.mean()) + half
