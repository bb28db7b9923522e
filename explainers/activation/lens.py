"""Activation maximisation: what a class or a channel looks like to the network, drawn from nothing.

A picture is changed until the network answers to it as strongly as it gets. What keeps it from noise is the prior: with
MACO only the phases of a natural spectrum may change (Fel et al. 2023), with Fourier a spectrum that falls with
frequency, with none the pixels themselves, kept smooth. Several pictures start from different noise.

A network can be sure of a picture that shows nothing: so a second network that took no part judges every picture.

Limits: it shows what excites the network most, not what it usually answers to. That the judge agrees may only mean that
both learnt the same texture. Another seed gives other pictures.
"""

from dataclasses import dataclass

import numpy as np
import torch

import models
from explainers.activation.chain import trained_of
from explainers.activation.climb import (
    Climbed,
    Judged,
    JudgedParams,
    activation_climb,
    activation_judged,
    logits_as_photos,
    nothing,
)
from explainers.activation.condition import conditions_of
from explainers.activation.params import GENERATED, ActivationParams, ClimbParams
from explainers.activation.realism import realism, settled, variety
from explainers.base import AboutClass, Evidence, Run, Score, explainer
from explainers.kit.canvas import Phases
from models import ModelHandle, imagesets, zoo
from models.errors import InputError
from models.generators.file import Trained

UNKNOWN = -1.0
DRAWS = 16
BLIND = {False: "noise of the same spectrum", True: "codes by lot"}  # what knows nothing, of a generator or not
CLIMBED = tuple(Climbed.__dataclass_fields__)


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
        begin, h, mixing, gap, gap_begin: of a generator's chains, see `chain.Chains`; empty for other priors.
        features, begin_features: float32 (N, f), the judge's, of the pictures and of where chains began.
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
    begin: np.ndarray
    h: np.ndarray
    mixing: np.ndarray
    gap: np.ndarray
    gap_begin: np.ndarray
    features: np.ndarray
    begin_features: np.ndarray
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
    """The pictures beside what knows nothing of the class, what the judge says, how varied and how real they are."""
    run.report(0.0, "drawing pictures that know nothing")
    trained = generated(model, params)
    blind, name = result.begin if trained else _noise(model, result, run), BLIND[trained is not None]
    run.report(0.3, "looking at them")
    differ = [variety(result.images, _real_diversity(trained, params, result), result.label)] if params.n > 1 else []
    if result.probability[0] < 0:
        return Evidence(scores=(_exciting(model, params, (result, blind), run), *differ))
    chance = _chances(model, logits_as_photos(model, blind), wanted(params))
    value, usual = float(np.median(result.probability)), float(np.median(chance))
    sure = Score(
        name="probability",
        title="The network is sure",
        value=value,
        of="these pictures",
        baselines={name: usual},
        reading=f"Half of the pictures get {value:.0%} or more for {result.label}; {name} get {usual:.1%}.",
    )
    judged = [_agreement(result)] if result.judge else []
    return Evidence(scores=(sure, *judged, *differ, *(_of_chains(trained, result) if trained else ())))


def _of_chains(trained: Trained, result: Activation) -> tuple[Score, ...]:
    """What only a generator's pictures can be asked."""
    known = "real" in trained.record and result.judge == trained.judge_title
    real = realism(trained, result.features, result.begin_features) if known else ()
    return (*real, settled(result.gap, result.gap_begin, result.mixing))


def _real_diversity(trained: Trained | None, params: ActivationParams, result: Activation) -> float:
    """How unlike two real pictures of the class are; NaN where nobody knows."""
    if trained is None or "diversity" not in trained.record or result.probability[0] < 0:
        return float("nan")
    return float(trained.record["diversity"][wanted(params)])


def generated(model: ModelHandle, params: ClimbParams) -> Trained | None:
    """The generator of the chosen prior; None for a prior without one."""
    return trained_of(model, params) if params.prior in GENERATED else None


def wanted(params: ClimbParams) -> int:
    """The class that is asked for at the end."""
    return params.then if params.then is not None and params.prior in GENERATED else params.target


def _noise(model: ModelHandle, result: Activation, run: Run) -> np.ndarray:
    with torch.no_grad():
        noise = Phases(DRAWS, result.images.shape[1], run.rng, model.device).pixels().mul(255).round().to(torch.uint8)
    return noise.permute(0, 2, 3, 1).cpu().numpy()


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


def _exciting(model: ModelHandle, params: ActivationParams, seen: tuple[Activation, np.ndarray], run: Run) -> Score:
    """The condition at the end, beside the sample photos and noise."""
    (result, noise), name = seen, BLIND[params.prior in GENERATED]
    condition = conditions_of(model, params, run)[-1].score
    photos = np.stack([model.view(sample.photo()).pixels for sample in imagesets.samples()])
    blind = np.stack([model.view(picture).pixels for picture in noise])
    ends = np.stack([model.view(picture).pixels for picture in result.images])
    with torch.no_grad():
        values = [float(condition(model.normalise(batch)).float().mean()) for batch in (ends, photos, blind)]
    low, high = min(values), max(values)
    return Score(
        name="activation",
        title="It excites the network",
        value=values[0],
        of="these pictures",
        worst=low if high > low else low - 1,
        best=high,
        baselines={"sample photos": values[1], name: values[2]},
        reading=f"These pictures excite it to {values[0]:.2f} on average, sample photos to {values[1]:.2f}, {name}"
        f" to {values[2]:.2f}.",
    )


@explainer("Activation maximisation", paper="https://arxiv.org/abs/2306.06805", evidence=measure)
def activation(model: ModelHandle, params: ActivationParams, run: Run) -> Activation:
    """Make the pictures and have them judged; see the module's docstring."""
    shared = climb_params(params)
    asks, cls = params.condition in ("class", "difference"), wanted(params)
    judge = judge_of(model, params) if asks else ""
    climbed = run.part(0.0, 0.9).reuse(activation_climb.request(model.card.name, shared))
    run.report(0.9, "having them judged")
    unknown = np.full(params.n, UNKNOWN)
    judged = _judged_by(judge, model, shared, run) if judge else None
    chances = torch.from_numpy(judged.logits).softmax(1).numpy().astype(np.float64) if judged else None
    return Activation(
        **{name: getattr(climbed, name) for name in CLIMBED},
        probability=_chances(model, logits_as_photos(model, climbed.images), cls) if asks else unknown,
        independent_probability=unknown if chances is None else chances[:, cls],
        strongest_other=unknown if chances is None else np.delete(chances, cls, 1).max(1),
        rank=unknown.astype(int) if chances is None else (chances > chances[:, [cls]]).sum(1),
        features=judged.features if judged else nothing(),
        begin_features=judged.begin_features if judged else nothing(),
        judge=models.card(judge).title if judge else "",
        prior=params.prior,
        label=conditions_of(model, params, run)[-1].title,
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


def _judged_by(judge: str, model: ModelHandle, climb: ClimbParams, run: Run) -> Judged:
    judged = JudgedParams(**vars(climb), source=model.card.name)
    return run.part(0.9, 1.0).reuse(activation_judged.request(judge, judged))
