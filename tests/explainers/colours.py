"""A network that sees three colours, and pictures of coloured patches: what supports what is known."""

import numpy as np
import torch
from torch import nn

import models
from models import ModelHandle

SIZE = 64


class Colours(nn.Module):
    """Sees red, green and blue, a channel each: dark values left out, cells averaged, mean pooled, one linear layer."""

    def __init__(self, weight: list[list[int]]) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Hardshrink(0.8), nn.AvgPool2d(4))
        self.head = nn.Linear(3, len(weight), bias=False)
        self.head.weight.data = torch.tensor(weight, dtype=torch.float32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.look(x).mean((2, 3)))


def colours(*weight: list[int]) -> ModelHandle:
    labels = [f"class {index}" for index in range(len(weight))]
    return models.wrap(
        Colours(list(weight)), input_size=(3, SIZE, SIZE), mean=(0.0,) * 3, std=(1.0,) * 3, labels=labels
    )


def scene(*patches: tuple[int, slice, slice]) -> np.ndarray:
    """Black, with patches (channel, rows, columns) at full strength."""
    made = np.zeros((SIZE, SIZE, 3), np.uint8)
    for channel, rows, columns in patches:
        made[rows, columns, channel] = 255
    return made


LEFT, RIGHT, ALL = slice(4, 28), slice(36, 60), slice(16, 48)
