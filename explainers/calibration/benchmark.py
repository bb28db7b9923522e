"""The benchmark: scenes of the menagerie, what the answers to them really depend on, and who owns each pixel."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from scipy.ndimage import binary_dilation

from explainers.kit.predict import logits_of
from models import ModelHandle
from models.errors import UnfitError
from models.menagerie import CLASSES, PARTS, Scene, draw, scenes
from models.menagerie.truth import importances

REGIONS = (*PARTS, "badge")
IMPORTANT = 0.25
"""A region is truly important when its effect is at least this share of the greatest effect in the picture."""
TOLERANCE = 3
"""Pixels around an important region that still count as pointing at it, at 128 px."""


@dataclass(frozen=True)
class Benchmark:
    """Pictures with their truth; item i of each belongs together.

    Attributes:
        scenes: what is drawn.
        images: uint8 (N, S, S, 3), as the network sees them.
        owners: uint8 (N, S, S), 0 or 1 + the index into `REGIONS`.
        targets: (N,), the network's own answer, which is what is explained.
        truth: (N, R), how much the answer's logit falls when a region is removed or replaced; NaN where it is not seen.
        predict: pictures -> logits (N, K).
    """

    scenes: tuple[Scene, ...]
    images: UInt8[np.ndarray, "n s s 3"]
    owners: UInt8[np.ndarray, "n s s"]
    targets: Int[np.ndarray, " n"]
    truth: Float[np.ndarray, "n r"]
    predict: Callable[[np.ndarray], np.ndarray]
    _answers: dict[Scene, int] = field(default_factory=dict)

    @property
    def important(self) -> Bool[np.ndarray, "n r"]:
        """The truly important regions; none in a picture where no region supports the answer."""
        top = np.nanmax(self.truth, axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            return np.asarray((self.truth >= IMPORTANT * top) & (top > 0))

    def inside(self) -> Bool[np.ndarray, "n s s"]:
        """The pixels of the truly important regions."""
        lookup = np.concatenate([np.zeros((len(self.scenes), 1), bool), self.important], axis=1)
        return np.asarray(lookup[np.arange(len(self.scenes))[:, None, None], self.owners])

    def near(self) -> Bool[np.ndarray, "n s s"]:
        """`inside`, and `TOLERANCE` pixels around."""
        return np.stack([binary_dilation(mask, iterations=TOLERANCE) for mask in self.inside()])

    def answers(self, changed: Iterable[Scene]) -> list[int]:
        """The network's answer to changed scenes; each scene is drawn and asked once, whoever wants to know."""
        wanted = list(changed)
        new = [scene for scene in dict.fromkeys(wanted) if scene not in self._answers]
        for start in range(0, len(new), 64):
            batch = new[start : start + 64]
            answers = self.predict(draw(batch, self.images.shape[1]).images).argmax(1)
            self._answers.update(zip(batch, map(int, answers), strict=True))
        return [self._answers[scene] for scene in wanted]


def make_benchmark(
    model: ModelHandle, count: int, seed: int, *, biased: bool, report: Callable[[float, str], None]
) -> Benchmark:
    """Draw ``count`` scenes, ask the network, and measure the truth on it by intervention.

    Raises:
        UnfitError: the network was not trained on the menagerie.
    """
    if model.card.labels != CLASSES:
        raise UnfitError(
            f"{model.card.name} does not know the menagerie, so there is no truth to hold its explanations to;"
            " choose menagerie_cnn, menagerie_vit or menagerie_biased_cnn, or try methods on your own pictures."
        )
    chosen, size = scenes(count, seed, biased=biased), model.card.input_size[1]

    def predict(images: np.ndarray) -> np.ndarray:
        return logits_of(model, images, 64).float().cpu().numpy()

    drawn = draw(chosen, size)
    targets = predict(drawn.images).argmax(1)
    truth = np.full((count, len(REGIONS)), np.nan)
    for start in range(0, count, 10):
        report(start / count, f"measuring what the answers depend on, picture {start + 1} of {count}")
        stop = min(start + 10, count)
        measured = importances(predict, chosen[start:stop], targets[start:stop].tolist(), seed=seed)
        for row, effects in zip(range(start, stop), measured, strict=True):
            seen = np.bincount(drawn.owners[row].ravel(), minlength=len(REGIONS) + 1)[1:] >= 8
            truth[row] = [effects.get(name, np.nan) if seen[i] else np.nan for i, name in enumerate(REGIONS)]
    return Benchmark(chosen, drawn.images, drawn.owners, targets, truth, predict)
