"""A map under test: what it explains, and what every measurement of it watches."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from explainers.evidence import rank_correlation
from explainers.kit.predict import answers_of, logits_of
from explainers.kit.targets import Target
from models import ModelHandle

THIS, MOVED = "this map", "same map elsewhere"
Again = Callable[[ModelHandle, Tensor, int], np.ndarray]


@dataclass(frozen=True)
class MeasuredTarget:
    """What is measured of a picture: by default the probability of the class.

    Attributes:
        noun: with its article, "the cosine".
        target: what is scored; None for the probability.
        whole: of the picture itself; every other picture's is told as a share of it.
    """

    noun: str = "the probability"
    target: Target | None = None
    whole: float = 1.0

    @property
    def axis(self) -> str:
        """What stands beside curves."""
        return (
            "probability" if self.target is None else f"{self.noun.removeprefix('the ')}, as a share of the picture's"
        )

    @property
    def reason(self) -> str:
        """Why no share of it can be told; empty when one can."""
        return "" if self.whole > 0 else f"{self.noun} is not above zero in the picture as it is"


@dataclass(frozen=True)
class MapUnderTest:
    """A map that is to be trusted, or not.

    Attributes:
        model: the network that it explains.
        image: what the model saw.
        heatmap: what is drawn.
        signed: the map with its signs, at its own resolution.
        target, versus: the class, and the one that it is set against, if any.
        against: whether the map shows what opposes the class.
        again: works the same map out for another network, input or class: (model, x (1, 3, H, W), target) -> (h, w).
        measured: what the map explains, where it is no class.
    """

    model: ModelHandle
    image: UInt8[np.ndarray, "y x 3"]
    heatmap: Float[np.ndarray, "y x"]
    signed: Float[np.ndarray, "h w"]
    target: int
    versus: int | None
    against: bool
    again: Again
    measured: MeasuredTarget = field(default_factory=MeasuredTarget)

    @property
    def x(self) -> Float[Tensor, "1 colours y x"]:
        """The model's input."""
        return self.model.normalise(self.image[None])

    def predict(self, images: UInt8[np.ndarray, "n y x 3"]) -> Float[np.ndarray, " n"]:
        """Probability of the class (of the two where it is set against one); of the rest for "against".

        Of another target its share of the whole picture's, and for "against" what that lacks to twice as much; NaN
        where no share can be told.
        """
        if self.measured.target is not None:
            return self._share(images, self.measured.target)
        logits = logits_of(self.model, images)
        if self.versus is None or self.model.findings.count == 1:
            chance = self.model.chances(logits)[:, self.target].cpu().numpy()
        else:
            chance = logits[:, [self.target, self.versus]].softmax(1)[:, 0].cpu().numpy()
        return 1 - chance if self.against else chance

    def _share(self, images: np.ndarray, target: Target) -> np.ndarray:
        if self.measured.reason:
            return np.full(len(images), np.nan)
        scores = answers_of(self.model, images, partial(target.of_inputs, self.model.network)).double().cpu().numpy()
        share = scores / self.measured.whole
        return 2 - share if self.against else share

    def unless(self, reason: str, reading: str) -> str:
        """A reading, or why there is none."""
        reason = self.measured.reason or reason
        return f"Cannot be measured: {reason}." if reason else reading


def chance_correlation(rng: np.random.Generator, shape: tuple[int, ...]) -> float:
    """Mean absolute rank correlation of two random maps of this shape."""
    pairs = rng.random((64, 2, *shape))
    return float(np.nanmean([abs(rank_correlation(a, b)) for a, b in pairs]))
