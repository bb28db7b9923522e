"""Small networks whose concepts are known: colours of blocks, and a linear head over them."""

import numpy as np
import torch
from torch import Tensor, nn

import models
from models import ModelHandle

COLOURS = ((220, 30, 30), (30, 220, 30), (30, 30, 220))


class Colours(nn.Module):
    """Pools 8 x 8 blocks and answers how much red, green and blue there is; class 0 likes red and green."""

    def __init__(self, *, bend: bool = False) -> None:
        super().__init__()
        self.blocks = nn.Sequential(nn.AvgPool2d(8), nn.ReLU())
        self.bend = bend
        self.head = nn.Linear(3, 2)
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor([[2.0, 1.0, -1.0], [-2.0, -1.0, 1.0]]))
            self.head.bias.copy_(torch.tensor([0.5, 0.0]))

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.blocks(x).mean((2, 3))
        out: Tensor = self.head(pooled**2 if self.bend else pooled)
        return out


def colours(*, bend: bool = False) -> ModelHandle:
    """A handle of `Colours` on pictures of 32 pixels, with zero for black."""
    return models.wrap(
        Colours(bend=bend).eval(),
        input_size=(3, 32, 32),
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        labels=("warm, hot", "cold"),
        device="cpu",
        name="colours",
    )


def block_picture(rng: np.random.Generator, first: int) -> np.ndarray:
    """A picture whose blocks are mostly of one colour, the rest of the two others, uint8 (32, 32, 3)."""
    weights = np.full(3, 0.12)
    weights[first] = 0.76
    blocks = rng.choice(3, (4, 4), p=weights)
    return np.array(COLOURS, np.uint8)[blocks].repeat(8, 0).repeat(8, 1)
