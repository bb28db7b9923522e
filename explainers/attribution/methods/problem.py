"""An attribution problem, the same for every method: a network, pictures, and the one number that is explained."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from explainers.kit.targets import Target
from models import Layer, ModelHandle, UnfitError

BATCH = 8
Report = Callable[[float, str], None]
Picture = Float[Tensor, "1 colours y x"]


def silent(_fraction: int | float, _note: str) -> None:
    """A no-op callback for progress."""


@dataclass(frozen=True)
class Problem:
    """What a method is to explain.

    Attributes:
        model: left exactly as found.
        x: normalised inputs (B, 3, H, W); methods of single pixels take one picture.
        target: what is explained.
        layer: where methods that read maps look; the last map before pooling by default.
        rng: the only source of randomness.
        groups: how many groups of channels Score-CAM tries instead of every channel; 0 for every one.
        report: is told how far the work is, and may raise to stop it.
        samples: steps, noisy copies, masks: whatever a method of single pixels repeats; 0 for the method's own number.
        head: whose attention is read, where one head's is; the mean of all by default.
        superpixels: into about how many areas the picture is cut for methods that hide whole areas.
    """

    model: ModelHandle
    x: Float[Tensor, "b colours y x"]
    target: Target
    layer: Layer | None = None
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    groups: int = 64
    report: Report = silent
    samples: int = 0
    head: int | None = None
    superpixels: int = 49

    @property
    def where(self) -> Layer:
        """The layer to look at.

        Raises:
            InputError: the network has no layer with a map over the picture.
        """
        return self.layer or self.model.layer(None)

    def score(self, x: Float[Tensor, "n colours y x"]) -> Float[Tensor, " n"]:
        """The target's score of other inputs that belong to the one picture.

        Raises:
            UnfitError: a gradient is asked for and none leads back to the inputs.
        """
        x = x.contiguous(memory_format=self.model.memory_format)
        rows = torch.zeros(len(x), dtype=torch.long, device=x.device)
        if x.requires_grad and torch.is_grad_enabled() and not self.model.findings.sloped:
            raise UnfitError(
                "No gradient leads from the answer back to the picture, as where a network computes inside"
                " torch.no_grad or with quantised weights; choose occlusion or rise."
            )
        return self.target.of_inputs(self.model.network, x, rows)

    def row(self, index: int) -> "Problem":
        """The same problem of one picture of the batch alone."""
        return replace(self, x=self.x[index : index + 1], target=self.target.row(index))

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
class Attribution:
    """What a method gives for a batch; what it does not know has no rows.

    Attributes:
        cam: (B, h, w), signed, at the method's own resolution, before any ReLU; positive supports the target.
        alpha: (B, C), weight of each channel of a layer, the mean over places where a method weighs each place.
        logits: (B, K), which methods that read a layer get for nothing.
        values: (B, 3, H, W), signed and raw, of each pixel and colour.
        start: where a complete method begins: its values should add up to score(picture) - score(start).
    """

    cam: Float[Tensor, "b h w"]
    alpha: Float[Tensor, "channels_b c"] = field(default_factory=lambda: torch.zeros(0, 0))
    logits: Float[Tensor, "logits_b *k"] = field(default_factory=lambda: torch.zeros(0, 0))
    values: Float[Tensor, "pixels_b colours y x"] = field(default_factory=lambda: torch.zeros(0, 3, 0, 0))
    start: Float[Tensor, "b colours y x"] | None = None


def of_pixels(values: Float[Tensor, "colours y x"], start: Picture | None = None) -> Attribution:
    """One picture's pixels; the map is their sum over colours."""
    return Attribution(values.sum(0)[None], values=values[None], start=start)
