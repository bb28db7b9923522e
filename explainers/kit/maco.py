"""A picture of what excites a direction inside a network: MACO, which moves phases alone; see `canvas.Phases`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from explainers.kit.canvas import Phases
from explainers.kit.visualise import Score, visualise
from models import ModelHandle

STEPS, SIDE = 64, 160
Heard = Callable[[float, Callable[[], np.ndarray]], None]


@dataclass(frozen=True)
class Imagined:
    """What was found.

    Attributes:
        image: uint8 (s, s, 3).
        alpha: float32 (s, s) in [0, 1], how much the answer depended on each pixel: what is shown opaquely.
        scores: float32 (steps,), the answer on the way.
    """

    image: UInt8[np.ndarray, "s s 3"]
    alpha: Float[np.ndarray, "s s"]
    scores: Float[np.ndarray, " steps"]


def imagine(
    model: ModelHandle,
    score: Score,
    rng: np.random.Generator,
    *,
    steps: int = STEPS,
    on_step: Heard = lambda _f, _p: None,
) -> Imagined:
    """Climb ``score`` of normalised inputs (B, 3, H, W) -> (B,) by the phases of one picture; see `visualise`."""
    canvas = Phases(1, SIDE, rng, model.device)
    climbed = visualise(
        model, score, canvas, rng, steps=steps, on_step=lambda share, see: on_step(share, lambda: see()[0])
    )
    return Imagined(climbed.images[0], climbed.alpha[0], climbed.scores[:, 0])
