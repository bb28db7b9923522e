"""The pictures themselves, made once for everyone who judges them.

Limits: nobody asks for them but the lens and its judges.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from explainers.activation.chain import Heard, run_chains
from explainers.activation.condition import Condition, Score, conditions_of, roughness
from explainers.activation.params import GENERATED, ClimbParams
from explainers.base import Evidence, Result, Run, explainer
from explainers.kinds import ModelName
from explainers.kit.canvas import Canvas, Fourier, Phases, Pixels
from explainers.kit.predict import logits_of
from explainers.kit.visualise import visualise
from explainers.local import LocalRun, params_of
from explainers.params import knob
from models import ModelHandle, Photo
from models.errors import InputError
from models.generators.reference import features, tensor

LARGER = 1.25  # side of a picture as a multiple of the model's input: crops are taken of it
FRAMES = 8
CANVASES: dict[str, type[Phases] | type[Fourier] | type[Pixels]] = {"maco": Phases, "fourier": Fourier, "none": Pixels}


def nothing() -> np.ndarray:
    """What a prior without a generator has of its chains."""
    return np.zeros(0, np.float32)


@dataclass(frozen=True, kw_only=True)
class Climbed(Result):
    """Pictures that were made.

    Attributes:
        images: uint8 (N, s, s, 3). alpha: float32 (N, s, s), how much the condition depended on each pixel.
        trace: float32 (T, N), the condition on the way. frames: uint8 (F, s, s, 3), the first picture on the way.
        broken: bool (N,), whether the condition was not finite once, so that the picture stopped there.
        begin, h, mixing, gap, gap_begin: of chains, see `chain.Chains`; empty without a generator.
    """

    images: np.ndarray
    alpha: np.ndarray
    trace: np.ndarray
    frames: np.ndarray
    broken: np.ndarray
    begin: np.ndarray = field(default_factory=nothing)
    h: np.ndarray = field(default_factory=nothing)
    mixing: np.ndarray = field(default_factory=nothing)
    gap: np.ndarray = field(default_factory=nothing)
    gap_begin: np.ndarray = field(default_factory=nothing)


def _made(_model: ModelHandle, _params: ClimbParams, _result: Climbed, _run: Run) -> Evidence:
    """A piece of work claims nothing."""
    return Evidence(scores=())


@explainer("Pictures by activation", paper="https://arxiv.org/abs/2306.06805", evidence=_made, inner=True)
def activation_climb(model: ModelHandle, params: ClimbParams, run: Run) -> Climbed:
    """Climb (`kit.visualise`), or run chains of a generator's codes (`chain`)."""
    return climb(model, params, run, conditions_of(model, params, run))


def imagine(model: ModelHandle, score: Score, *, run: Run | None = None, **chosen: object) -> Climbed:
    """Pictures for any function that can be differentiated.

    Args:
        model: whose input size and normalisation count, and whose generator, where the prior has one.
        score: of normalised inputs (b, c, h, w) -> (b,).
        run: progress and randomness.
        chosen: parameters of `activation` by name: prior, steps, n, seed, photo ...

    Raises:
        InputError: an unknown or impossible parameter, or a score of another shape.
    """
    params = params_of(activation_climb, chosen)
    if not isinstance(params, ClimbParams):
        raise TypeError("the parameters of pictures are ClimbParams")

    def held(x: Tensor) -> Tensor:
        values = score(x)
        if values.shape != x.shape[:1]:
            raise InputError(f"The score gives one number a picture, ({len(x)},); got {tuple(values.shape)}.")
        return values

    return climb(model, params, run or LocalRun(model, params.seed), (Condition(held, "a function of yours"),))


def climb(
    model: ModelHandle,
    params: ClimbParams,
    run: Run,
    conditions: tuple[Condition, ...],
    begin: np.ndarray | None = None,
) -> Climbed:
    """Make the pictures for these conditions.

    Args:
        model: the network.
        params: how.
        run: progress and randomness.
        conditions: what is asked for, one after the other.
        begin: codes (N, d) with which a generator's chains begin, instead of codes by lot.
    """
    wanted = set(np.linspace(0, params.steps - 1, FRAMES).round().astype(int).tolist())

    def hear(step: int, see: Callable[[], np.ndarray]) -> None:
        preview = np.hstack(list(see())) if step in wanted else None
        run.report(step / params.steps, f"step {step} of {params.steps}", preview)

    heard = Heard(hear, wanted)
    if params.prior in GENERATED:
        chains = run_chains(model, params, run.rng, conditions, heard, begin)
        return Climbed(alpha=np.ones(chains.images.shape[:3], np.float32), **vars(chains))
    return _climbed(model, params, run, conditions[-1], heard)


def _climbed(model: ModelHandle, params: ClimbParams, run: Run, condition: Condition, heard: Heard) -> Climbed:
    side = 2 * round(LARGER * max(model.card.input_size[1:]) / 2)
    canvas: Canvas = CANVASES[params.prior](params.n, side, run.rng, model.device)
    frames: list[np.ndarray] = []

    def on_step(share: float, see: Callable[[], np.ndarray]) -> None:
        step = round(share * params.steps)
        if step in heard.shown:
            frames.append(see()[0])
        heard.hear(step, see)

    penalty = roughness if params.prior == "none" else None
    climbed = visualise(model, condition.score, canvas, run.rng, steps=params.steps, penalty=penalty, on_step=on_step)
    return Climbed(
        images=climbed.images,
        alpha=climbed.alpha,
        trace=climbed.scores,
        frames=np.stack([*frames, climbed.images[0]]),
        broken=climbed.broken,
    )


@dataclass(frozen=True, kw_only=True)
class JudgedParams(ClimbParams):
    """Whose pictures."""

    source: str = knob("", kind=ModelName(), help="The model that they were made for.")


@dataclass(frozen=True, kw_only=True)
class Judged(Result):
    """What a network makes of the pictures.

    Attributes:
        logits: float32 (N, K). features: float32 (N, f), means of its last map; begin_features: of where chains began,
            empty without a generator.
    """

    logits: np.ndarray
    features: np.ndarray
    begin_features: np.ndarray


def _judged(_model: ModelHandle, _params: JudgedParams, _result: Judged, _run: Run) -> Evidence:
    """A piece of work claims nothing."""
    return Evidence(scores=())


@explainer("Pictures judged", paper="https://arxiv.org/abs/2306.06805", evidence=_judged, inner=True)
def activation_judged(model: ModelHandle, params: JudgedParams, run: Run) -> Judged:
    """Show the pictures to a network that took no part."""
    shared = {name: getattr(params, name) for name in ClimbParams.__dataclass_fields__}
    climbed = run.reuse(activation_climb.request(params.source, ClimbParams(**shared)))
    return Judged(
        logits=logits_as_photos(model, climbed.images),
        features=features_of(model, climbed.images),
        begin_features=features_of(model, climbed.begin) if len(climbed.begin) else nothing(),
    )


def features_of(model: ModelHandle, images: np.ndarray) -> np.ndarray:
    """Features of pictures as they are compared with those of real ones: float32 (N, f)."""
    colours = images if model.card.input_size[0] == 3 else images[..., :1]
    return features(model, tensor(colours, model)).cpu().numpy()


def logits_as_photos(model: ModelHandle, images: np.ndarray) -> np.ndarray:
    """Logits of pictures, brought to the model's size like any photo."""
    seen = np.stack([model.view(Photo(image)).pixels for image in images])
    return logits_of(model, seen).float().cpu().numpy()
