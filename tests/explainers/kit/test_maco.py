"""MACO climbs by Adam with a rate that falls as a cosine: held to both written out."""

import numpy as np
import torch

from explainers.kit.canvas import Phases
from explainers.kit.visualise import _Climb
from tests.explainers.concepts.worlds import colours


def test_phases_move_as_adam_written_out_says() -> None:
    """Kingma and Ba 2015, algorithm 1, with the rate of Loshchilov and Hutter 2017, equation 5."""
    steps, model = 5, colours()

    def redness(x: torch.Tensor) -> torch.Tensor:
        return x[:, 0].mean((1, 2)) - x[:, 2].mean((1, 2)) ** 2

    def fresh() -> _Climb:
        rng = np.random.default_rng(3)
        return _Climb(model, redness, Phases(1, 160, rng, model.device), rng, steps)

    climb, again = fresh(), fresh()
    phases = again.canvas.held
    first, second = torch.zeros_like(phases), torch.zeros_like(phases)
    for step in range(steps):
        climb.step(None)
        (slope,) = torch.autograd.grad(redness(again._crops(again.canvas.pixels())).mean(), phases)
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        move = first / (1 - 0.9 ** (step + 1)) / ((second / (1 - 0.99 ** (step + 1))).sqrt() + 1e-12)
        with torch.no_grad():
            phases += Phases.rate * 0.5 * (1 + np.cos(np.pi * step / steps)) * move
    moved = climb.canvas.held.detach()
    assert torch.allclose(moved, phases.detach(), atol=2e-3)
    assert climb.scores[-1] > climb.scores[0]
