"""Make pictures that a network answers to: the climb that all ways of holding a picture share.

A step takes a few crops of random size and place, the same for all pictures, adds a little noise, and moves what holds
the pictures along the slope of their mean score by Adam, whose rate falls as a cosine.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor
from torch.nn.functional import interpolate

from explainers.kit.canvas import Canvas
from explainers.kit.hooks import frozen
from models import ModelHandle

CROPS = 2
SMALLEST, LARGEST = 0.35, 0.85  # side of a crop, as a share of the picture
NOISE = 0.02
Score = Callable[[Tensor], Tensor]
Heard = Callable[[float, Callable[[], np.ndarray]], None]


@dataclass(frozen=True)
class Pictures:
    """What was made; row i of each belongs together.

    Attributes:
        images: uint8 (n, s, s, 3).
        alpha: float32 (n, s, s) in [0, 1], how much the score depended on each pixel: what is shown opaquely.
        scores: float32 (steps, n), the scores on the way; 0 where they were not finite.
        broken: bool (n,), whether a score was not finite; such a picture stays as it was before.
    """

    images: UInt8[np.ndarray, "n s s 3"]
    alpha: Float[np.ndarray, "n s s"]
    scores: Float[np.ndarray, "steps n"]
    broken: Bool[np.ndarray, " n"]


def visualise(  # noqa: PLR0913 - the last two only where they are wanted
    model: ModelHandle,
    score: Score,
    canvas: Canvas,
    rng: np.random.Generator,
    *,
    steps: int,
    penalty: Score | None = None,
    on_step: Heard = lambda _share, _pictures: None,
) -> Pictures:
    """Climb.

    Args:
        model: whose input size and colours count; left as found.
        score: of normalised inputs (b, C, H, W) -> (b,); differentiable.
        canvas: holds the pictures.
        rng: where crops and noise are drawn from.
        steps: how many.
        penalty: of pictures (n, 3, s, s) -> (n,), taken off the score.
        on_step: hears the share that is done, and how to see the pictures so far; may raise to stop.
    """
    climb = _Climb(model, score, canvas, rng, steps)
    with frozen(model.network), torch.enable_grad():
        for step in range(steps):
            on_step(step / steps, climb.images)
            climb.step(penalty)
    tops = np.maximum(np.percentile(climb.seen, 98, axis=(1, 2), keepdims=True), 1e-12)
    alpha = np.clip(climb.seen / tops, 0, 1).astype(np.float32)
    return Pictures(climb.images(), alpha, np.array(climb.scores, np.float32), climb.broken)


class _Climb:
    def __init__(self, model: ModelHandle, score: Score, canvas: Canvas, rng: np.random.Generator, steps: int) -> None:
        self.model, self.score, self.canvas, self.rng = model, score, canvas, rng
        self.noise = torch.Generator().manual_seed(int(rng.integers(2**62)))
        self.adam = torch.optim.Adam([canvas.held], canvas.rate, betas=(0.9, 0.99), eps=1e-12)
        self.rate = torch.optim.lr_scheduler.CosineAnnealingLR(self.adam, steps)
        count, _, side, _ = canvas.pixels().shape
        self.seen = np.zeros((count, side, side))
        self.broken = np.zeros(count, bool)
        self.scores: list[np.ndarray] = []

    def images(self) -> UInt8[np.ndarray, "n s s 3"]:
        """The pictures as 8-bit RGB."""
        with torch.no_grad():
            pixels = self.canvas.pixels().mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        return np.ascontiguousarray(pixels)

    def step(self, penalty: Score | None) -> None:
        """One step of Adam, by the mean score of a few noisy crops of each picture."""
        pictures = self.canvas.pixels()
        pictures.retain_grad()
        values = self.score(self._crops(pictures)).view(CROPS, -1).mean(0)
        whole = values if penalty is None else values - penalty(pictures)
        broken = ~torch.isfinite(whole)
        self.adam.zero_grad()
        (-torch.where(broken, torch.zeros_like(whole), whole).sum()).backward()
        self.broken |= broken.cpu().numpy()
        self.scores.append(np.where(self.broken, 0.0, values.detach().float().cpu().numpy()))
        if pictures.grad is None or self.canvas.held.grad is None:
            return
        self.seen += np.nan_to_num(pictures.grad.abs().sum(1).cpu().numpy())
        self._move()

    def _move(self) -> None:
        """Adam's step; a picture whose score was not finite once stays as it is."""
        held = self.canvas.held
        stopped = torch.from_numpy(self.broken).to(held.device)
        before = held.detach()[stopped].clone()
        if held.grad is not None:
            held.grad.nan_to_num_(0.0, 0.0, 0.0)
        self.adam.step()
        self.rate.step()
        with torch.no_grad():
            held[stopped] = before

    def _crops(self, pictures: Float[Tensor, "n 3 s s"]) -> Float[Tensor, "b c h w"]:
        """Square crops of random size and place, resized and normalised, with a little noise."""
        card, side = self.model.card, pictures.shape[-1]
        channels, rows, columns = card.input_size
        pieces = []
        for _ in range(CROPS):
            part = int(side * self.rng.uniform(SMALLEST, LARGEST))
            top, left = (int(self.rng.integers(0, side - part + 1)) for _ in range(2))
            piece = pictures[:, :, top : top + part, left : left + part]
            pieces.append(interpolate(piece, size=(rows, columns), mode="bilinear", align_corners=False))
        batch = torch.cat(pieces)
        if channels == 1:
            batch = batch.mean(1, keepdim=True)
        mean, std = (torch.tensor(each, device=batch.device).view(1, -1, 1, 1) for each in (card.mean, card.std))
        noise = torch.randn(batch.shape, generator=self.noise).to(batch.device)  # of the CPU, so that devices agree
        shift = noise.mul_(NOISE / std).sub_(mean / std)
        return torch.addcmul(shift, batch, 1 / std).contiguous(memory_format=self.model.memory_format)
