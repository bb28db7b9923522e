"""Attribution of single pixels by gradients, and by captum where captum has the method."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from captum.attr import DeepLift, InputXGradient, Saliency
from jaxtyping import Float
from torch import Tensor

from explainers.attribution.methods.maps import Report, gradcam_maps, silent
from explainers.kit.hooks import frozen
from explainers.kit.restore import guided_relu, restore_after
from models import ModelHandle
from models.errors import UnfitError

BATCH, SIGMA = 8, 0.15
Picture = Float[Tensor, "1 3 y x"]


@dataclass(frozen=True)
class Question:
    """What a pixel method is asked about one picture.

    Attributes:
        model: left exactly as found.
        x: one normalised input.
        target, versus: the class, and the one that it is set against, if any.
        samples: steps, noisy copies, masks: whatever the method repeats.
        rng: the only source of randomness.
        report: is told how far the work is, and may raise to stop it.
        inner: what is scored instead of a class, inputs (N, 3, H, W) -> (N,).
    """

    model: ModelHandle
    x: Picture
    target: int
    versus: int | None = None
    samples: int = 16
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    report: Report = silent
    inner: Callable[[Tensor], Tensor] | None = None

    def score(self, x: Float[Tensor, "n 3 y x"]) -> Float[Tensor, " n"]:
        """The logit, or the difference of two logits, of each input; what is asked instead, if anything."""
        x = x.contiguous(memory_format=self.model.memory_format)
        if self.inner is not None:
            return self.inner(x)
        logits = self.model.network(x)
        logit: Tensor = logits[:, self.target]
        return logit if self.versus is None else logit - logits[:, self.versus]

    def grey(self) -> Picture:
        """The picture of the mean colour: zeros after normalisation, where methods begin that need a beginning."""
        return torch.zeros_like(self.x)

    def noise(self, *shape: int) -> Tensor:
        """Standard normal draws."""
        return torch.from_numpy(self.rng.standard_normal(shape, dtype=np.float32)).to(self.x)

    def chunks(self, note: str) -> Iterator[int]:
        """Sizes of the batches in which samples are worked through, each reported."""
        for start in range(0, self.samples, BATCH):
            self.report(start / self.samples, f"{note} {start + 1} of {self.samples}")
            yield min(BATCH, self.samples - start)


@dataclass(frozen=True)
class Attributed:
    """What a pixel method found.

    Attributes:
        values: (3, H, W) signed, raw.
        start: where a complete method begins: its values should add up to score(picture) - score(start).
    """

    values: Float[Tensor, "3 y x"]
    start: Picture | None = None


def gradients(ask: Question, x: Float[Tensor, "n 3 y x"]) -> Float[Tensor, "n 3 y x"]:
    """dy/dx of each input; parameters are not recorded."""
    with frozen(ask.model.network), torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(ask.score(leaf).sum(), leaf)
    return gradient


def saliency(ask: Question) -> Attributed:
    """dy/dx (Simonyan et al. 2013), signed; by captum."""
    return Attributed(_captum(ask, lambda: Saliency(ask.score).attribute(_leaf(ask), abs=False)))


def input_x_gradient(ask: Question) -> Attributed:
    """X * dy/dx (Shrikumar et al. 2016), x in the network's own units; by captum."""
    return Attributed(_captum(ask, lambda: InputXGradient(ask.score).attribute(_leaf(ask))))


def integrated_gradients(ask: Question) -> Attributed:
    """(x - x0) * mean of dy/dx on the line from x0, the grey picture, to x (Sundararajan et al. 2017, equation 1).

    The mean is Gauss-Legendre quadrature, as in captum, without captum's overhead over the passes themselves.
    """
    start = ask.grey()
    nodes, weights = np.polynomial.legendre.leggauss(ask.samples)
    total, done = torch.zeros_like(ask.x[0]), 0
    for count in ask.chunks("step"):
        part = slice(done, done + count)
        along, weight = (
            torch.from_numpy(each[part] / 2).to(ask.x)[:, None, None, None] for each in (nodes + 1, weights)
        )
        total += (weight * gradients(ask, start + along * (ask.x - start))).sum(0)
        done += count
    return Attributed((ask.x - start)[0] * total, start)


def deep_lift(ask: Question) -> Attributed:
    """DeepLIFT with the rescale rule, from the grey picture (Shrikumar et al. 2017); by captum."""
    start, network = ask.grey(), ask.model.network

    def attribute() -> Tensor:
        peer = DeepLift(network)
        values: Tensor = peer.attribute(_leaf(ask), start.requires_grad_(), target=ask.target)
        if ask.versus is not None:
            values = values - peer.attribute(_leaf(ask), start, target=ask.versus)
        return values.detach()

    return Attributed(_captum(ask, attribute), start.detach())


def _leaf(ask: Question) -> Tensor:
    """A copy that gradients can be asked for, as captum wants it."""
    return ask.x.detach().clone().requires_grad_()


def _captum(ask: Question, attribute: Callable[[], Tensor]) -> Float[Tensor, "3 y x"]:
    ask.report(0.1, f"running {ask.model.card.title}")
    with restore_after(ask.model.network), frozen(ask.model.network), torch.enable_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting forward, backward hooks", UserWarning)  # `restore_after` sees to it
        return attribute()[0].detach()


def smoothgrad(ask: Question) -> Attributed:
    """Mean of dy/dx over copies with Gaussian noise of 0.15 times the picture's range (Smilkov et al. 2017)."""
    spread = SIGMA * float(ask.x.max() - ask.x.min())
    total = torch.zeros_like(ask.x[0])
    for count in ask.chunks("noisy copy"):
        total += gradients(ask, ask.x + spread * ask.noise(count, *ask.x.shape[1:])).sum(0)
    return Attributed(total / ask.samples)


def gradient_shap(ask: Question) -> Attributed:
    """Expected gradients: mean of (x - x0) * dy/dx at a random point between x0 and x (Lundberg and Lee 2017).

    x0 is the grey picture with Gaussian noise of 0.15 times the picture's range. Ours, for captum draws from NumPy's
    global generator.
    """
    start, spread = ask.grey(), SIGMA * float(ask.x.max() - ask.x.min())
    total = torch.zeros_like(ask.x[0])
    for count in ask.chunks("random point"):
        first = start + spread * ask.noise(count, *ask.x.shape[1:])
        along = torch.from_numpy(ask.rng.random((count, 1, 1, 1), dtype=np.float32)).to(ask.x)
        total += ((ask.x - first) * gradients(ask, first + along * (ask.x - first))).sum(0)
    return Attributed(total / ask.samples, start)


def guided_backprop(ask: Question) -> Attributed:
    """dy/dx where each ReLU passes only positive gradients of units that fired (Springenberg et al. 2014)."""
    return Attributed(_ruled(ask, masked=True))


def deconvolution(ask: Question) -> Attributed:
    """dy/dx where each ReLU passes positive gradients, whether or not the unit fired (Zeiler and Fergus 2013)."""
    return Attributed(_ruled(ask, masked=False))


def guided_gradcam(ask: Question) -> Attributed:
    """Guided backpropagation times the enlarged ReLU(Grad-CAM) (Selvaraju et al. 2017, section 3.2)."""
    cam = gradcam_maps(ask.model, ask.x, torch.tensor([ask.target])).cam[:, None].clamp(min=0)
    if ask.versus is not None:
        other = gradcam_maps(ask.model, ask.x, torch.tensor([ask.versus])).cam[:, None]
        cam = (gradcam_maps(ask.model, ask.x, torch.tensor([ask.target])).cam[:, None] - other).clamp(min=0)
    large = F.interpolate(cam, size=ask.x.shape[2:], mode="bilinear", align_corners=False)[0]
    return Attributed(_ruled(ask, masked=True) * large)


def _ruled(ask: Question, *, masked: bool) -> Float[Tensor, "3 y x"]:
    ask.report(0.1, f"running {ask.model.card.title}")
    with guided_relu(ask.model.network, masked=masked) as count:
        if not count:
            raise UnfitError(
                "This method needs ReLUs, and this model has none; choose smoothgrad or integrated_gradients."
            )
        return gradients(ask, ask.x)[0]
