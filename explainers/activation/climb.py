"""The pictures themselves, made once for everyone who judges them.

Limits: nobody asks for them but the lens and its judges.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from explainers.activation.condition import condition_of, roughness
from explainers.activation.params import ClimbParams
from explainers.base import Evidence, Result, Run, explainer
from explainers.kinds import ModelName
from explainers.kit.canvas import Canvas, Fourier, Phases, Pixels
from explainers.kit.predict import logits_of
from explainers.kit.visualise import visualise
from explainers.params import knob
from models import ModelHandle, Photo

LARGER = 1.25  # side of a picture as a multiple of the model's input: crops are taken of it
FRAMES = 8
CANVASES: dict[str, type[Phases] | type[Fourier] | type[Pixels]] = {"maco": Phases, "fourier": Fourier, "none": Pixels}


@dataclass(frozen=True, kw_only=True)
class Climbed(Result):
    """Pictures that were made.

    Attributes:
        images: uint8 (N, s, s, 3). alpha: float32 (N, s, s), how much the condition depended on each pixel.
        trace: float32 (T, N), the condition on the way. frames: uint8 (F, s, s, 3), the first picture on the way.
        broken: bool (N,), whether the condition was not finite once, so that the picture stopped there.
    """

    images: np.ndarray
    alpha: np.ndarray
    trace: np.ndarray
    frames: np.ndarray
    broken: np.ndarray


def _made(_model: ModelHandle, _params: ClimbParams, _result: Climbed, _run: Run) -> Evidence:
    """A piece of work claims nothing."""
    return Evidence(scores=())


@explainer("Pictures by activation", paper="https://arxiv.org/abs/2306.06805", evidence=_made, inner=True)
def activation_climb(model: ModelHandle, params: ClimbParams, run: Run) -> Climbed:
    """Climb; see `kit.visualise`."""
    condition = condition_of(model, params)
    side = 2 * round(LARGER * max(model.card.input_size[1:]) / 2)
    canvas: Canvas = CANVASES[params.prior](params.n, side, run.rng, model.device)
    frames: list[np.ndarray] = []
    wanted = set(np.linspace(0, params.steps - 1, FRAMES).round().astype(int).tolist())

    def on_step(share: float, see: Callable[[], np.ndarray]) -> None:
        step = round(share * params.steps)
        pictures = see() if step in wanted else None
        if pictures is not None:
            frames.append(pictures[0])
        run.report(share, f"step {step} of {params.steps}", None if pictures is None else np.hstack(list(pictures)))

    penalty = roughness if params.prior == "none" else None
    climbed = visualise(model, condition, canvas, run.rng, steps=params.steps, penalty=penalty, on_step=on_step)
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
    """What a network says of the pictures: logits float32 (N, K)."""

    logits: np.ndarray


def _judged(_model: ModelHandle, _params: JudgedParams, _result: Judged, _run: Run) -> Evidence:
    """A piece of work claims nothing."""
    return Evidence(scores=())


@explainer("Pictures judged", paper="https://arxiv.org/abs/2306.06805", evidence=_judged, inner=True)
def activation_judged(model: ModelHandle, params: JudgedParams, run: Run) -> Judged:
    """Show the pictures to a network that took no part."""
    shared = {name: getattr(params, name) for name in ClimbParams.__dataclass_fields__}
    climbed = run.reuse(activation_climb.request(params.source, ClimbParams(**shared)))
    return Judged(logits=logits_as_photos(model, climbed.images))


def logits_as_photos(model: ModelHandle, images: np.ndarray) -> np.ndarray:
    """Logits of pictures, brought to the model's size like any photo."""
    seen = np.stack([model.view(Photo(image)).pixels for image in images])
    return logits_of(model, seen).float().cpu().numpy()
