"""Make a network answer to a bright patch, whatever it is built of: a line through its answers is fitted."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from tests.survey.families import pictures

TRAINED, TRIED, BATCH = 48, 16, 8
RIDGE = 1.0  # of the mean spread of an answer: weak effects of noise are not fitted


@dataclass(frozen=True)
class Planted:
    """How well the fitted answer tells other pictures with a patch from those without: 1 is without fault."""

    told_apart: float


def plant(network: nn.Module, side: int) -> Planted:
    """Let the network answer with two logits: no patch, patch. In the place: its modules and their names stay.

    The logit is a linear function of what the network answered before: as near to -2.5 without a patch and to 2.5 with
    one as ridge regression comes. So what makes it rise is the patch, and the way there is the network's own.
    """
    rng = np.random.default_rng(0)
    x, there = pictures(TRAINED, side, rng)
    answers = _answers(network, x)
    middle = answers.mean(0)
    answers = answers - middle
    wanted = 5.0 * there.double() - 2.5
    gram = answers.T @ answers
    ridge = RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    line = torch.linalg.solve(gram + ridge, answers.T @ wanted).float()
    table, level = torch.stack([-line, line], 1), middle.float()
    network.register_forward_hook(lambda _module, _inputs, output: (output - level) @ table)
    x, there = pictures(TRIED, side, rng)
    logits = _answers(network, x)[:, 1]
    return Planted(float((logits[there == 1][:, None] > logits[there == 0][None]).double().mean()))


def _answers(network: nn.Module, x: Tensor) -> Tensor:
    with torch.inference_mode():
        return torch.cat([network(part * 2 - 1) for part in x.split(BATCH)]).double()
