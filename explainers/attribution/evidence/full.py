"""The rest of the evidence, for those who ask for all of it: about 600 forward passes more."""

from collections.abc import Callable

import numpy as np
import torch

from explainers.attribution.evidence.subject import MOVED, THIS, MapUnderTest, chance_correlation
from explainers.attribution.methods.perturbation import occlusion
from explainers.attribution.methods.problem import Problem
from explainers.base import Evidence, Run, Score
from explainers.evidence import drop_and_increase, max_sensitivity, moved_map, mu_fidelity, rank_correlation, road
from explainers.kit.targets import of_class
from models.errors import UnfitError

SHARES = (0.2, 0.4, 0.6, 0.8)
RADIUS = 0.02
SAME = "the map is the same everywhere"


def further(subject: MapUnderTest, run: Run, first: tuple[Score, ...]) -> tuple[Score, ...]:
    """Average drop, ROAD, muFidelity, random logit, stability and agreement with occlusion, in this order.

    Each is offered, behind the ``first``, as soon as it is known.
    """
    measures: tuple[tuple[Callable[[MapUnderTest, np.random.Generator], Score], str], ...] = (
        (average_drop, "dimming the picture by the map"),
        (removed_and_filled, "filling pixels from their neighbours"),
        (fidelity, "taking random places away"),
        (random_logit, "asking for another class"),
        (stability, "changing the picture a little"),
        (with_occlusion, "hiding places one by one"),
    )
    scores: list[Score] = []
    for done, (measure, note) in enumerate(measures):
        run.report(done / len(measures), note)
        scores.append(measure(subject, run.rng))
        run.offer(Evidence(scores=(*first, *scores)))
    return tuple(scores)


def average_drop(subject: MapUnderTest, rng: np.random.Generator) -> Score:
    """Share of the probability lost when the picture is dimmed by the map; lower is better."""
    drop, increase = drop_and_increase(subject.predict, subject.image, subject.heatmap)
    other, _ = drop_and_increase(subject.predict, subject.image, moved_map(rng, subject.heatmap))
    noun = subject.measured.noun
    if increase:
        reading = f"With only what the map keeps, {noun} is higher than with the whole picture."
    else:
        reading = f"With only what the map keeps, {drop:.0%} of {noun} is lost; the map elsewhere loses {other:.0%}."
    reading = subject.unless("" if np.isfinite(drop) else SAME, reading)
    return Score(
        name="average_drop", title="Drop", value=drop, reading=reading, worst=1.0, best=0.0, baselines={MOVED: other}
    )


def removed_and_filled(subject: MapUnderTest, rng: np.random.Generator) -> Score:
    """ROAD: mean probability while the brightest pixels are filled in from their neighbours; lower is better."""
    value = road(subject.predict, subject.image, subject.heatmap, rng, SHARES)
    other = road(subject.predict, subject.image, moved_map(rng, subject.heatmap), rng, SHARES)
    leaves, whole = "leaves a probability of", subject.measured.target is None
    leaves = leaves if whole else "leaves"
    rest = "" if whole else f" of {subject.measured.noun}"
    reading = f"Filling in the brightest 20% {leaves} {value[0]:.0%}{rest}; 20% elsewhere leaves {other[0]:.0%}."
    return Score(
        name="road",
        title="Remove and fill",
        value=float(value.mean()),
        worst=1.0,
        best=0.0,
        reading=subject.unless("" if np.isfinite(value[0]) else SAME, reading),
        baselines={MOVED: float(other.mean())},
        curves={THIS: value, MOVED: other},
        axes=("share of pixels filled in", subject.measured.axis),
    )


def fidelity(subject: MapUnderTest, rng: np.random.Generator) -> Score:
    """MuFidelity: correlation between what the map says of places and what their loss costs; higher is better."""
    value = mu_fidelity(subject.predict, subject.image, subject.heatmap, rng)
    other = mu_fidelity(subject.predict, subject.image, moved_map(rng, subject.heatmap), rng)
    reading = subject.unless(
        "" if np.isfinite(value) else f"the map or {subject.measured.noun} is the same everywhere",
        f"What random places cost when taken away goes with what the map gives them: correlation {value:.2f}.",
    )
    return Score(
        name="mu_fidelity", title="Fidelity", value=value, reading=reading, worst=-1.0, baselines={MOVED: other}
    )


def random_logit(subject: MapUnderTest, rng: np.random.Generator) -> Score:
    """Absolute rank correlation with the map of a class drawn at random; lower is better (Sixt et al. 2020)."""
    count = len(subject.model.card.labels)
    others = [index for index in range(count) if index not in (subject.target, subject.versus)]
    if not others:
        return Score(
            name="random_logit",
            title="Another class",
            value=float("nan"),
            worst=1.0,
            best=0.0,
            reading="Cannot be measured: there is no other class to ask for.",
        )
    chosen = int(rng.choice(others))
    try:
        value = abs(rank_correlation(subject.signed, subject.again(subject.model, subject.x, chosen)))
    except UnfitError:  # the place where a neuron or an embedding is read may come too late for any class
        value = float("nan")
    name = subject.model.card.labels[chosen].split(",")[0]
    if not np.isfinite(value):
        reading = "Cannot be measured: one of the two maps is the same everywhere."
    elif value > 0.9:
        thing = "the class" if subject.measured.target is None else "anything"
        reading = f"The map for *{name}* is nearly the same (rank correlation {value:.2f}): it hardly asks for {thing}."
    else:
        reading = f"The map for *{name}* is another one (rank correlation {value:.2f})."
    return Score(
        name="random_logit",
        title="Another class",
        value=value,
        reading=reading,
        worst=1.0,
        best=0.0,
        baselines={"two random maps": chance_correlation(rng, subject.signed.shape)},
        references=("two random maps",),
    )


def stability(subject: MapUnderTest, rng: np.random.Generator) -> Score:
    """Max-sensitivity under noise too small to see; lower is better."""
    x = subject.x

    def explain(values: np.ndarray) -> np.ndarray:
        return subject.again(subject.model, torch.from_numpy(values).to(x), subject.target)

    value = max_sensitivity(explain, x.cpu().numpy(), rng, RADIUS, samples=6)
    reading = (
        f"Noise too small to see changes the map by at most {value:.0%}."
        if np.isfinite(value)
        else "Cannot be measured: the map is empty."
    )
    return Score(name="stability", title="Stability", value=value, reading=reading, worst=1.0, best=0.0)


def with_occlusion(subject: MapUnderTest, _rng: np.random.Generator) -> Score:
    """Rank correlation with an occlusion map (Selvaraju et al. 2017, section 4.1 of the appendix); higher is better."""
    model = subject.model
    target = subject.measured.target or of_class(model, subject.target, subject.versus)
    problem = Problem(model, subject.x, target)
    occluded = occlusion(problem).cam[0]
    signed = torch.from_numpy(np.ascontiguousarray(subject.signed))[None, None].float()
    # At the coarser of the two resolutions: what a map does not resolve must not count.
    size = tuple(min(side, 16) for side in subject.signed.shape)
    maps = [
        torch.nn.functional.adaptive_avg_pool2d(each, size)[0, 0].numpy()
        for each in (signed, occluded.cpu()[None, None])
    ]
    value = rank_correlation(maps[0], -maps[1] if subject.against else maps[1])
    reading = (
        f"Hiding places one by one and this map agree with a rank correlation of {value:.2f} (1 is full agreement)."
        if np.isfinite(value)
        else "Cannot be measured: one of the two maps is the same everywhere."
    )
    return Score(name="with_occlusion", title="Agreement with occlusion", value=value, reading=reading, worst=-1.0)
