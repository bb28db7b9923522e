"""Pictures of what excites a direction inside a network: MACO, which moves phases alone.

Fel et al. 2023, "Unlocking Feature Visualization for Deeper Networks with MAgnitude Constrained Optimization". A
picture is held as Fourier phases; its magnitudes are those of natural pictures, the mean over a few, so that no
high-frequency noise can pay. The phases climb the network's answer on crops of the picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import interpolate

from explainers.kit.hooks import frozen
from models import ModelHandle, menagerie
from models.imagesets import samples
from models.imagesets.photo import Photo

STEPS = 64
CROPS = 2
SMALLEST, LARGEST = 0.35, 0.85  # side of a crop, as a share of the picture
NOISE = 0.02
RATE = 0.3
SIDE = 160
SCENES = 24
Score = Callable[[Tensor], Tensor]
Told = Callable[[float, Callable[[], np.ndarray]], None]

# Columns of a decorrelated colour space: brightness, then red against blue, then green against both.
COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]], np.float32)


@lru_cache(maxsize=4)
def magnitudes(side: int = SIDE) -> Float[np.ndarray, "3 s f"]:
    """Mean Fourier magnitude of natural-looking pictures, (3, side, side // 2 + 1), of each decorrelated channel.

    The pictures are the sample photos that are free for every use and scenes of the menagerie, so that nothing has to
    be shipped: the same call gives the same spectrum everywhere.
    """
    photos = [entry.photo() for entry in samples()]
    drawn = [Photo(menagerie.render(one, side).image) for one in menagerie.scenes(SCENES)]
    total = np.zeros((3, side, side // 2 + 1))
    back = np.linalg.inv(COLOURS)
    for photo in (*photos, *drawn):
        small = np.asarray(photo.pil().resize((side, side)), np.float64) / 255
        channels = np.einsum("cd,yxd->cyx", back, small - small.mean((0, 1)))
        total += np.abs(np.fft.rfft2(channels, norm="ortho"))
    return (total / (len(photos) + len(drawn))).astype(np.float32)


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
    on_step: Told = lambda _f, _p: None,
) -> Imagined:
    """Climb ``score`` of normalised inputs (B, 3, H, W) -> (B,) by the phases of one picture.

    Args:
        model: whose input size and colours count; left as found.
        score: what is climbed; differentiable.
        rng: where phases, crops and noise are drawn from.
        steps: of Adam, with its rate falling as a cosine.
        on_step: hears the share that is done, and how to see the picture so far; may raise to stop.
    """
    climb = _Climb(model, score, rng, steps)
    with frozen(model.network), torch.enable_grad():
        for step in range(steps):
            on_step(step / steps, climb.picture)
            climb.step()
    weight = climb.seen / max(float(np.percentile(climb.seen, 98)), 1e-12)
    return Imagined(climb.picture(), np.clip(weight, 0, 1).astype(np.float32), np.array(climb.scores, np.float32))


class _Climb:
    def __init__(self, model: ModelHandle, score: Score, rng: np.random.Generator, steps: int) -> None:
        self.model, self.score, self.rng = model, score, rng
        self.size = magnitudes(SIDE)
        phases = rng.uniform(-np.pi, np.pi, self.size.shape).astype(np.float32)
        self.phases = torch.tensor(phases, device=model.device, requires_grad=True)
        self.adam = torch.optim.Adam([self.phases], RATE, betas=(0.9, 0.99), eps=1e-12)
        self.rate = torch.optim.lr_scheduler.CosineAnnealingLR(self.adam, steps)
        self.magnitude = torch.tensor(self.size, device=model.device)
        self.colours = torch.tensor(COLOURS, device=model.device)
        self.seen = np.zeros((SIDE, SIDE))
        self.scores: list[float] = []

    def pixels(self) -> Float[Tensor, "3 s s"]:
        """The picture, in (0, 1)."""
        spectrum = torch.polar(self.magnitude, self.phases)
        channels = torch.fft.irfft2(spectrum, s=(SIDE, SIDE), norm="ortho")
        return torch.sigmoid(4 * torch.einsum("cd,dyx->cyx", self.colours, channels))

    def picture(self) -> UInt8[np.ndarray, "s s 3"]:
        """The picture as 8-bit RGB."""
        with torch.no_grad():
            pixels = self.pixels().mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
        return np.ascontiguousarray(pixels)

    def step(self) -> None:
        """One step of Adam on the phases, by the mean score of a few noisy crops."""
        picture = self.pixels()
        picture.retain_grad()
        value = self.score(self._crops(picture)).mean()
        self.adam.zero_grad()
        (-value).backward()
        if picture.grad is None:
            return
        self.seen += picture.grad.abs().sum(0).cpu().numpy()
        self.scores.append(float(value.detach()))
        self.adam.step()
        self.rate.step()

    def _crops(self, picture: Float[Tensor, "3 s s"]) -> Float[Tensor, "b 3 h w"]:
        """Square crops of random size and place, resized and normalised, with a little noise."""
        rows, columns = self.model.card.input_size[1:]
        card = self.model.card
        mean, std = (torch.tensor(each, device=picture.device).view(1, 3, 1, 1) for each in (card.mean, card.std))
        crops = []
        for _ in range(CROPS):
            side = int(SIDE * self.rng.uniform(SMALLEST, LARGEST))
            top, left = (int(self.rng.integers(0, SIDE - side + 1)) for _ in range(2))
            piece = picture[None, :, top : top + side, left : left + side]
            crops.append(interpolate(piece, size=(rows, columns), mode="bilinear", align_corners=False))
        batch = torch.cat(crops)
        noise = torch.tensor(self.rng.normal(0, NOISE, batch.shape), dtype=batch.dtype, device=batch.device)
        return (batch + noise - mean) / std
