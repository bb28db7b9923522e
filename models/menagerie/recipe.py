"""How the menagerie's networks are trained: the plans, the learning rate, and what is varied in a picture."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

SHIFT = 8


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how boldly to train, and on what.

    ``half`` writes the weights in 16 bits, and examines them so rounded.
    ``horizon`` is the length of the cosine (0: all steps); a training that stops short of it fades out linearly over
    the last ``cooldown`` steps, which brings most of what the rest of the cosine would (Hägele et al., NeurIPS 2024).
    ``world`` is the version of the world that is learnt.
    """

    steps: int
    rate: float
    pictures: int = 16_000
    batch: int = 64
    decay: float = 0.05
    warmup: float = 0.08
    cooldown: int = 0
    horizon: int = 0
    half: bool = False
    exam: int = 960
    device: str = "auto"
    workers: int = 1
    world: int = 1


RECIPES: dict[int, dict[str, Recipe]] = {
    1: {
        "menagerie_cnn": Recipe(steps=1200, rate=3e-3),
        "menagerie_biased_cnn": Recipe(steps=700, rate=3e-3, pictures=12_000),
        "menagerie_vit": Recipe(steps=2400, rate=1e-3, warmup=0.1, half=True),
    },
    2: {
        "menagerie_cnn": Recipe(steps=3000, rate=3e-3, pictures=20_000, world=2),
        "menagerie_biased_cnn": Recipe(steps=3000, rate=3e-3, pictures=20_000, world=2),
        "menagerie_vit": Recipe(steps=4000, rate=1e-3, warmup=0.1, half=True, pictures=20_000, world=2),
    },
}
"""By world: its pictures differ more in the second, so it takes more of them and more steps."""


def rate(plan: Recipe, step: int) -> float:
    """Learning rate of a step: a linear warm-up, half a cosine over ``horizon`` steps, a linear cooldown at the end."""
    horizon = plan.horizon or plan.steps
    warm = max(1, round(plan.warmup * horizon))
    if step < warm:
        return plan.rate * (step + 1) / warm
    fade = 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, horizon - warm)))
    return plan.rate * fade * min(1.0, (plan.steps - step) / max(1, plan.cooldown))


def vary(batch: Float[Tensor, "b 3 s s"], chance: torch.Generator) -> Float[Tensor, "b 3 s s"]:
    """Flip half of the pictures, shift all by up to ``SHIFT`` pixels, change each one's light a little."""
    count, side = len(batch), batch.shape[-1]
    flips = torch.rand(count, generator=chance) < 0.5
    light = torch.empty(count, 1, 1, 1).uniform_(0.85, 1.15, generator=chance).to(batch.device)
    right, down = torch.randint(0, 2 * SHIFT + 1, (2,), generator=chance).tolist()
    mirrored = torch.where(flips.view(-1, 1, 1, 1).to(batch.device), batch.flip(3), batch)
    padded = functional.pad(mirrored, (SHIFT,) * 4, mode="reflect")
    return padded[:, :, down : down + side, right : right + side] * light
