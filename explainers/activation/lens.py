"""Activation maximisation: what a class or a channel looks like to the network, drawn from nothing.

A picture is changed until the network answers to it as strongly as it gets. What keeps it from noise is the prior: with
MACO only the phases of a natural spectrum may change (Fel et al. 2023), with Fourier a spectrum that falls with
frequency, with none the pixels themselves, kept smooth. Several pictures start from different noise.

A network can be sure of a picture that shows nothing: so a second network that took no part judges every picture.

Limits: it shows what excites the network most, not what it usually answers to. That the judge agrees may only mean that
both learnt the same texture. Another seed gives other pictures.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch

import models
from explainers.activation.climb import JudgedParams, activation_climb, activation_judged, logits_as_photos
from explainers.activation.condition import condition_of, title_of
from explainers.activation.params import ActivationParams, ClimbParams
from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.kit.canvas import Phases
from models import ModelHandle, imagesets, zoo
from models.errors import InputError

UNKNOWN = -1.0
DRAWS = 16


@dataclass(frozen=True, kw_only=True)
class Activation(AboutClass):
    """Pictures that excite what was asked for.

    Attributes:
        images: uint8 (N, H, W, 3). alpha: float32 (N, H, W), how much the condition depended on each pixel.
        probability: (N,), of the class under the network; -1 where no class was asked for.
        independent_probability: (N,), under the judge; -1 where there is none.
        strongest_other: (N,), the judge's probability of the likeliest other class; -1 where there is none.
        rank: int (N,), place of the class among the judge's answers, 0 is first; -1 where there is none.
        trace: float32 (T, N), the condition on the way. frames: uint8 (F, H, W, 3), the first picture on the way.
        broken: bool (N,), pictures that stopped because the condition was not finite.
        judge: the title of the independent network; empty for none.
        label: what was asked for. prior: what the pictures may be.
    """

    images: np.ndarray
    alpha: np.ndarray
    probability: np.ndarray
    independent_probability: np.ndarray
    strongest_other: np.ndarray
    rank: np.ndarray
    trace: np.ndarray
    frames: np.ndarray
    broken: np.ndarray
    judge: str
    prior: str

    @property
    def sentence(self) -> str:
        """How sure the network is, and whether the judge agrees."""
        if self.probability[0] < 0:
            return f"What excites *{self.label}* most: from {self.trace[0].mean():.2f} to {self.trace[-1].mean():.2f}."
        sure = f"The network sees *{self.label}* in these pictures with {np.median(self.probability):.0%}"
        if not self.judge:
            return f"{sure}; no other network here knows the class, so nobody judged them."
        agree = int((self.rank == 0).sum())
        return f"{sure}; {self.judge}, which took no part, agrees on {agree} of {len(self.rank)}."


def measure(model: ModelHandle, params: ActivationParams, result: Activation, run: Run) -> Evidence:
    """The pictures beside noise of the same spectrum or sample photos, what the judge says, and how they differ."""
    run.report(0.0, "drawing noise of the same spectrum")
    side = result.images.shape[1]
    with torch.no_grad():
        noise = Phases(DRAWS, side, run.rng, model.device).pixels().mul(255).round().to(torch.uint8)
    pictures = noise.permute(0, 2, 3, 1).cpu().numpy()
    run.report(0.3, "looking at it")
    scores = [_varied(result)] if len(result.images) > 1 else []
    if result.probability[0] < 0:
        return Evidence(scores=(_exciting(model, params, result, pictures), *scores))
    chance = _chances(model, logits_as_photos(model, pictures), params.target)
    value, usual = float(np.median(result.probability)), float(np.median(chance))
    sure = Score(
        name="probability",
        title="The network is sure",
        value=value,
        of="these pictures",
        baselines={"noise of the same spectrum": usual},
        reading=f"Half of the pictures get {value:.0%} or more for {result.label}; noise of the same spectrum gets"
        f" {usual:.1%}.",
    )
    judged = [_agreement(result)] if result.judge else []
    return Evidence(scores=(sure, *judged, *scores))


def _agreement(result: Activation) -> Score:
    value, other = float(np.median(result.independent_probability)), float(np.median(result.strongest_other))
    first = int((result.rank == 0).sum())
    return Score(
        name="independent",
        title="A judge that took no part",
        value=value,
        of="the class",
        baselines={"the strongest other class": other},
        reading=f"{result.judge} gives the class {value:.0%} and the strongest other class {other:.0%}; it puts the"
        f" class first for {first} of {len(result.rank)} pictures.",
    )


def _varied(result: Activation) -> Score:
    """How unlike the pictures are."""
    rows = result.images.reshape(len(result.images), -1).astype(np.float64)
    pairs = [1 - float(np.corrcoef(rows[a], rows[b])[0, 1]) for a, b in combinations(range(len(rows)), 2)]
    value = float(np.mean(pairs))
    return Score(
        name="variety",
        title="The pictures differ",
        value=value,
        of="these pictures",
        best=max(1.0, value),
        baselines={"the same picture": 0.0},
        references=("the same picture",),
        reading=f"From other starts come other pictures: 1 - correlation is {value:.2f} on average, 0 would be the same"
        " picture.",
    )


def _exciting(model: ModelHandle, params: ActivationParams, result: Activation, noise: np.ndarray) -> Score:
    """The condition at the end, beside the sample photos and noise."""
    condition = condition_of(model, params)
    photos = np.stack([model.view(sample.photo()).pixels for sample in imagesets.samples()])
    seen = np.stack([model.view(picture).pixels for picture in noise])
    ends = np.stack([model.view(picture).pixels for picture in result.images])
    with torch.no_grad():
        values = [float(condition(model.normalise(batch)).float().mean()) for batch in (ends, photos, seen)]
    low, high = min(values), max(values)
    return Score(
        name="activation",
        title="It excites the network",
        value=values[0],
        of="these pictures",
        worst=low if high > low else low - 1,
        best=high,
        baselines={"sample photos": values[1], "noise of the same spectrum": values[2]},
        reading=f"These pictures excite it to {values[0]:.2f} on average, sample photos to {values[1]:.2f}, noise to"
        f" {values[2]:.2f}.",
    )


@explainer("Activation maximisation", paper="https://arxiv.org/abs/2306.06805", evidence=measure)
def activation(model: ModelHandle, params: ActivationParams, run: Run) -> Activation:
    """Make the pictures and have them judged; see the module's docstring."""
    shared = climb_params(params)
    climbed = run.part(0.0, 0.9).reuse(activation_climb.request(model.card.name, shared))
    asks = params.condition in ("class", "difference")
    run.report(0.9, "having them judged")
    probability = (
        _chances(model, logits_as_photos(model, climbed.images), params.target) if asks else np.full(params.n, UNKNOWN)
    )
    judge = judge_of(model, params) if asks else ""
    nothing = np.full(params.n, UNKNOWN)
    chances = _verdicts(model, judge, params, run) if judge else np.zeros((params.n, 0))
    others = np.delete(chances, params.target, 1).max(1) if judge else nothing
    return Activation(
        images=climbed.images,
        alpha=climbed.alpha,
        probability=probability,
        independent_probability=chances[:, params.target] if judge else nothing,
        strongest_other=others,
        rank=(chances > chances[:, [params.target]]).sum(1) if judge else np.full(params.n, -1),
        trace=climbed.trace,
        frames=climbed.frames,
        broken=climbed.broken,
        judge=models.card(judge).title if judge else "",
        prior=params.prior,
        label=title_of(model, params),
    )


def climb_params(params: ActivationParams) -> ClimbParams:
    """What the pictures depend on, the judge left out."""
    return ClimbParams(**{name: getattr(params, name) for name in ClimbParams.__dataclass_fields__})


def _chances(model: ModelHandle, logits: np.ndarray, cls: int) -> np.ndarray:
    return model.chances(torch.from_numpy(logits)).numpy()[:, cls].astype(np.float64)


def judge_of(model: ModelHandle, params: ActivationParams) -> str:
    """The network that judges: the one chosen, else the first of the zoo that is ready and knows the same classes.

    Raises:
        InputError: the one chosen knows other classes, or is the network itself.
    """
    if params.independent is not None:
        card = models.card(params.independent)
        if card.labels != model.card.labels or params.independent == model.card.name:
            raise InputError(
                f"{card.title} cannot judge these pictures: choose another network that knows the same classes."
            )
        return params.independent
    for name in zoo.names():
        if name not in (model.card.name, *zoo.SHIPPED) and not name.startswith(("timm/", "clip/")):
            card = models.card(name)
            if card.ready and card.labels == model.card.labels and card.digest != model.card.digest:
                return name
    return ""


def _verdicts(model: ModelHandle, judge: str, params: ActivationParams, run: Run) -> np.ndarray:
    """Probabilities of the judge, (N, K)."""
    judged = JudgedParams(**vars(climb_params(params)), source=model.card.name)
    logits = run.part(0.9, 1.0).reuse(activation_judged.request(judge, judged)).logits
    return torch.from_numpy(logits).softmax(1).numpy().astype(np.float64)
