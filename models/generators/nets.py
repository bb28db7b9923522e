"""The networks that are trained: generator, discriminator, and the denoisers of the simpler priors."""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from models.generators.plan import Plan

FOLD = 2  # the last stage draws so many rows and columns of pixels at each of its places
HIDDEN = 256


class Generator(nn.Module):
    """G: a code to a picture in (0, 1). Codes are normalised first, by the mean and spread of real pictures' codes."""

    mean: Tensor
    std: Tensor

    def __init__(self, plan: Plan, codes: int, channels: int) -> None:
        """Without weights.

        Args:
            plan: sizes.
            codes: length of a code.
            channels: 1 for grey pictures, 3 for colours.
        """
        super().__init__()
        self.register_buffer("mean", torch.zeros(codes))
        self.register_buffer("std", torch.ones(codes))
        self.first, self.widths = plan.first, plan.widths
        self.entry = nn.Linear(codes, plan.widths[0] * plan.first**2)
        self.stages = nn.Sequential(*(_stage(before, after) for before, after in itertools.pairwise(plan.widths)))
        self.exit = nn.Conv2d(plan.widths[-1], channels * FOLD**2, 3, padding=1)
        _start_even(self.exit)

    def forward(self, h: Float[Tensor, "b d"]) -> Float[Tensor, "b c s s"]:
        """Draw."""
        maps = functional.leaky_relu(self.entry((h - self.mean) / self.std), 0.2)
        maps = self.stages(maps.view(len(h), self.widths[0], self.first, self.first))
        return torch.sigmoid(functional.pixel_shuffle(self.exit(maps), FOLD))


@torch.no_grad()
def _start_even(exit_: nn.Conv2d) -> None:
    """Draw the pixels of one place alike at first, so that no grid is to be unlearnt (Aitken et al. 2017)."""
    exit_.weight.copy_(exit_.weight[:: FOLD**2].repeat_interleave(FOLD**2, 0))


def _stage(before: int, after: int) -> nn.Module:
    return nn.Sequential(
        nn.Upsample(scale_factor=2),
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.LeakyReLU(0.2),
        nn.Conv2d(after, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.LeakyReLU(0.2),
    )


class Discriminator(nn.Module):
    """D: whether a picture is real, and fits its code (projection of Miyato and Koyama, ICLR 2018)."""

    def __init__(self, plan: Plan, codes: int, channels: int) -> None:
        """Without weights; see `Generator`."""
        super().__init__()
        widths = (channels, *reversed(plan.widths))
        steps: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            steps += [nn.utils.spectral_norm(nn.Conv2d(before, after, 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*steps)
        self.answer = nn.utils.spectral_norm(nn.Linear(widths[-1], 1))
        self.fits = nn.utils.spectral_norm(nn.Linear(codes, widths[-1], bias=False))

    def forward(self, pictures: Float[Tensor, "b c s s"], h: Float[Tensor, "b d"]) -> Float[Tensor, " b"]:
        """Positive for real; ``h`` is normalised."""
        features = self.body(2 * pictures - 1).mean((2, 3))
        answers: Tensor = self.answer(features)[:, 0] + (self.fits(h) * features).sum(1)
        return answers


class CodeDenoiser(nn.Module):
    """R of PPGN-h: takes noise off normalised codes."""

    def __init__(self, codes: int) -> None:
        """Without weights."""
        super().__init__()
        self.steps = nn.Sequential(
            nn.Linear(codes, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, codes)
        )

    def forward(self, h: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        """The code without its noise."""
        clean: Tensor = h + self.steps(h)
        return clean


class PixelDenoiser(nn.Module):
    """R of PPGN-x: takes noise off pictures."""

    def __init__(self, channels: int) -> None:
        """Without weights."""
        super().__init__()
        self.steps = nn.Sequential(
            nn.Conv2d(channels, 16, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, channels * FOLD**2, 3, padding=1),
        )

    def forward(self, x: Float[Tensor, "b c s s"]) -> Float[Tensor, "b c s s"]:
        """The picture without its noise."""
        return x + functional.pixel_shuffle(self.steps(x), FOLD)
