"""Three quick measurements of a map on this very picture and model: deletion, insertion and the randomisation check."""

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student
from torch import nn

from explainers.attribution.evidence.subject import MOVED, THIS, MapUnderTest, chance_correlation
from explainers.attribution.methods.table import Method
from explainers.base import Run, Score
from explainers.evidence import centre_map, insertion_deletion, moved_map, random_map, rank_correlation
from explainers.evidence.faithfulness import Curves, Predict, both_ends, share_to_halve
from explainers.evidence.sanity import cascade

CONTROLS = 3
STEPS = 15
STAGES = 6
Measured = dict[str, list[Curves]]


def forwards(method: Method) -> int:
    """What the quick evidence of a method's map costs, in forward passes: two curves of every map, and the cascade."""
    maps = 1 + 2 * CONTROLS + 1
    return round(2 * STEPS * maps + 2 + STAGES * method.cost_forwards)


def faithfulness(subject: MapUnderTest, run: Run) -> Measured:
    """Curves of the map, of the same map moved, of random maps and of a centre map; blur where pixels are missing."""
    predict: Predict = subject.predict
    size = subject.image.shape[:2]
    maps = [
        (THIS, subject.heatmap),
        *((MOVED, moved_map(run.rng, subject.heatmap)) for _ in range(CONTROLS)),
        *(("random map", random_map(run.rng, size)) for _ in range(CONTROLS)),
        ("centre", centre_map(size)),
    ]
    ends = both_ends(predict, subject.image)
    measured: Measured = {}
    for done, (name, heatmap) in enumerate(maps):
        run.report(done / len(maps), f"taking pixels away, map {done + 1} of {len(maps)}")
        measured.setdefault(name, []).append(
            insertion_deletion(predict, subject.image, heatmap, steps=STEPS, ends=ends)
        )
    return measured


def deletion(measured: Measured, subject: MapUnderTest) -> Score:
    """Deletion: lower is better."""
    this, half = measured[THIS][0], share_to_halve(measured[THIS][0].deletion)
    other = float(np.mean([share_to_halve(curves.deletion) for curves in measured[MOVED]]))
    needs, halves = f"{other:.0%}" if other < 1 else "all of them", _halves(subject)
    reading = (
        f"Blurring the brightest pixels never {halves}."
        if half >= 1
        else f"Blurring the brightest {half:.0%} {halves}; the same map in another place needs {needs}."
    )
    return Score(
        name="deletion",
        title="Deletion",
        value=this.deletion_auc,
        worst=1.0,
        best=0.0,
        reading=subject.unless(this.reason, reading),
        baselines=_means(measured, "deletion_auc"),
        interval=_spread(measured, "deletion_auc"),
        curves=_curves(measured, "deletion"),
        axes=("share of pixels blurred", subject.measured.axis),
    )


def _halves(subject: MapUnderTest) -> str:
    if subject.measured.target is None:
        return "halves the probability of anything else" if subject.against else "halves the probability"
    return f"raises {subject.measured.noun} by half" if subject.against else f"halves {subject.measured.noun}"


def insertion(measured: Measured, subject: MapUnderTest) -> Score:
    """Insertion: higher is better."""
    this, third = measured[THIS][0], STEPS // 3
    gave, other = float(this.insertion[third]), float(np.mean([each.insertion[third] for each in measured[MOVED]]))
    seen = "The brightest third of the pixels, the rest blurred,"
    if subject.measured.target is None:
        thing = "everything else" if subject.against else "the class"
        reading = f"{seen} gives {thing} {gave:.0%}; a third in another place gives {other:.0%}."
    else:
        gave, other = (2 - gave, 2 - other) if subject.against else (gave, other)
        reading = (
            f"{seen} gives {gave:.0%} of {subject.measured.noun} that the whole picture has; a third in another place"
            f" gives {other:.0%}."
        )
    return Score(
        name="insertion",
        title="Insertion",
        value=this.insertion_auc,
        reading=subject.unless(this.reason, reading),
        baselines=_means(measured, "insertion_auc"),
        interval=_spread(measured, "insertion_auc"),
        curves=_curves(measured, "insertion"),
        axes=("share of pixels shown sharp", subject.measured.axis),
    )


def sanity(subject: MapUnderTest, run: Run) -> Score:
    """Cascading randomisation: mean absolute rank correlation with the map of the trained model; lower is better."""
    model, x = subject.model, subject.x

    def explain(network: nn.Module) -> np.ndarray:
        return subject.again(model.under(network), x, subject.target)

    correlations = [1.0]
    for stage, cam in enumerate(cascade(model.network, explain, run.rng, STAGES)):
        correlations.append(abs(rank_correlation(subject.signed, cam)))
        run.report((stage + 1) / STAGES, "replacing the weights by noise")
    similarity = np.array(correlations)
    known = similarity[1:][np.isfinite(similarity[1:])]
    value = float(known.mean()) if known.size else float("nan")
    chance = chance_correlation(run.rng, subject.signed.shape)
    return Score(
        name="randomisation",
        title="Randomisation check",
        value=value,
        worst=1.0,
        best=0.0,
        reading=_sanity_words(value),
        baselines={"two random maps": chance, "map that ignores the model": 1.0},
        references=("two random maps",),
        curves={THIS: similarity},
        axes=("share of the weights replaced, from the top", "rank correlation"),
    )


def _sanity_words(value: float) -> str:
    if not np.isfinite(value):
        return "Cannot be measured: without its weights the model gives the same map everywhere."
    if value < 0.5:
        return f"The map changes when weights are randomised, as it should (rank correlation {value:.2f})."
    return f"The map stays much the same when weights are randomised ({value:.2f}): part of it is the photo alone."


def _means(measured: Measured, area: str) -> dict[str, float]:
    return {
        name: float(np.mean([getattr(curves, area) for curves in group]))
        for name, group in measured.items()
        if name != THIS
    }


def _curves(measured: Measured, name: str) -> dict[str, np.ndarray]:
    return {title: np.mean([getattr(curves, name) for curves in group], axis=0) for title, group in measured.items()}


def _spread(measured: Measured, area: str) -> tuple[float, float]:
    """Where 95% of random maps fall: `prediction_interval` of those that were measured."""
    return prediction_interval(np.array([getattr(curves, area) for curves in measured["random map"]]))


def prediction_interval(values: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """Where the next value falls with 95%, if all are normal; wide for few, as it should be.

    From Student's t with n - 1 degrees of freedom (Geisser, Predictive Inference, 1993): 1.96 standard deviations of
    three values would hold only 77% of the next ones.
    """
    count = len(values)
    half = float(student.ppf(0.975, count - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / count))
    return float(values.mean()) - half, float(values.mean()) + half
