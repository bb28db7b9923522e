"""How pictures are held while they are made: as pixels, as a Fourier spectrum, or as its phases alone (MACO).

Each holds n pictures of one size at once and gives them in (0, 1); what it holds is what is climbed.

* Pixels: every pixel by itself.
* Fourier: coefficients scaled by one over their frequency, in decorrelated colours (Olah, Mordvintsev and Schubert
  2017, "Feature visualization").
* Phases: magnitudes are those of natural pictures, so that no high-frequency noise can pay (Fel et al. 2023,
  arXiv:2306.06805).
"""

from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from models import menagerie
from models.imagesets import samples
from models.imagesets.photo import Photo

SCENES = 24
# Columns of a decorrelated colour space: brightness, then red against blue, then green against both.
COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]], np.float32)


@runtime_checkable
class Canvas(Protocol):
    """Pictures that can be climbed.

    Attributes:
        held: the tensor that is changed.
        rate: of Adam.
    """

    held: Tensor
    rate: float

    def pixels(self) -> Float[Tensor, "n 3 s s"]:
        """The pictures, in (0, 1)."""
        ...


class Pixels:
    """Every pixel by itself."""

    rate = 0.05

    def __init__(self, count: int, side: int, rng: np.random.Generator, device: torch.device) -> None:
        """Begin with grey and a little noise."""
        noise = rng.normal(0, 0.1, (count, 3, side, side)).astype(np.float32)
        self.held = torch.tensor(noise, device=device, requires_grad=True)

    def pixels(self) -> Float[Tensor, "n 3 s s"]:
        """Brought to (0, 1)."""
        return torch.sigmoid(self.held)


class Fourier:
    """Coefficients over frequency."""

    rate = 0.05

    def __init__(self, count: int, side: int, rng: np.random.Generator, device: torch.device) -> None:
        """Begin with small noise of a natural spectrum."""
        shape = (count, 3, side, side // 2 + 1, 2)
        self.held = torch.tensor(rng.normal(0, 0.01, shape).astype(np.float32), device=device, requires_grad=True)
        frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
        scale = side / np.maximum(frequency * side, 1)
        self._scale = torch.tensor(scale.astype(np.float32), device=device)
        self._colours, self._side = torch.tensor(COLOURS, device=device), side

    def pixels(self) -> Float[Tensor, "n 3 s s"]:
        """Brought to (0, 1) from decorrelated colours."""
        return _coloured(torch.view_as_complex(self.held) * self._scale, self._side, self._colours)


class Phases:
    """Phases alone."""

    rate = 0.3

    def __init__(self, count: int, side: int, rng: np.random.Generator, device: torch.device) -> None:
        """Begin with phases by lot."""
        size = magnitudes(side)
        phases = rng.uniform(-np.pi, np.pi, (count, *size.shape)).astype(np.float32)
        self.held = torch.tensor(phases, device=device, requires_grad=True)
        self._magnitude = torch.tensor(size, device=device)
        self._colours, self._side = torch.tensor(COLOURS, device=device), side

    def pixels(self) -> Float[Tensor, "n 3 s s"]:
        """Brought to (0, 1) from decorrelated colours."""
        # Not torch.polar, which takes twice as long forwards and back.
        spectrum = torch.complex(self._magnitude * self.held.cos(), self._magnitude * self.held.sin())
        return _coloured(spectrum, self._side, self._colours)


def _coloured(spectrum: Tensor, side: int, colours: Tensor) -> Float[Tensor, "n 3 s s"]:
    channels = torch.fft.irfft2(spectrum, s=(side, side), norm="ortho")
    return torch.sigmoid(torch.einsum("cd,ndyx->ncyx", 4 * colours, channels))


@lru_cache(maxsize=4)
def magnitudes(side: int) -> Float[np.ndarray, "3 s f"]:
    """Mean Fourier magnitude of natural-looking pictures, (3, side, side // 2 + 1), of each decorrelated channel.

    The pictures are the sample photos that are free for every use and scenes of the menagerie, so that nothing has to
    be shipped: the same call gives the same spectrum everywhere.
    """
    photos = [entry.photo() for entry in samples()]
    drawn = [Photo(menagerie.render(one, max(side, 64)).image) for one in menagerie.scenes(SCENES)]
    total = np.zeros((3, side, side // 2 + 1))
    back = np.linalg.inv(COLOURS)
    for photo in (*photos, *drawn):
        small = np.asarray(photo.pil().resize((side, side)), np.float64) / 255
        channels = np.einsum("cd,yxd->cyx", back, small - small.mean((0, 1)))
        total += np.abs(np.fft.rfft2(channels, norm="ortho"))
    return (total / (len(photos) + len(drawn))).astype(np.float32)
