"""The benchmark: scenes of the menagerie, what the network's answers to them really depend on, who owns each pixel."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from scipy.ndimage import binary_dilation

from explainers.kit.predict import logits_of
from models import ModelHandle
from models.errors import UnfitError
from models.menagerie import CLASSES, PARTS, Scene, draw, scenes
from models.menagerie.truth import Predict, effects

REGIONS = (*PARTS, "badge")
IMPORTANT = 0.25
"""A region is truly important when its effect is at least this share of the greatest effect in the picture."""
TOLERANCE = 3
"""Pixels around an important region that still count as pointing at it, at 128 px."""
LEAST = 8
"""Pixels of a region that must be seen for it to count."""
CHUNK = 10


@dataclass(frozen=True)
class Sample:
    """Which pictures: how many, from which seed, with the planted badge or without, of which version of the world."""

    count: int
    seed: int
    biased: bool
    world: int


class Network:
    """A network that is asked about changed scenes; each is drawn and asked once, whichever method wants to know."""

    def __init__(self, predict: Predict, size: int) -> None:
        """Ask ``predict`` (pictures -> logits) about pictures of ``size`` pixels."""
        self.predict, self.size = predict, size
        self._known: dict[Scene, int] = {}

    def answers(self, changed: Iterable[Scene]) -> list[int]:
        """The class that the network sees in each scene."""
        wanted = list(changed)
        new = [scene for scene in dict.fromkeys(wanted) if scene not in self._known]
        for start in range(0, len(new), 64):
            batch = new[start : start + 64]
            classes = self.predict(draw(batch, self.size).images).argmax(1)
            self._known.update(zip(batch, map(int, classes), strict=True))
        return [self._known[scene] for scene in wanted]


@dataclass(frozen=True)
class Benchmark:
    """Pictures with their truth; item i of each belongs together.

    Attributes:
        scenes: what is drawn.
        images: uint8 (N, S, S, 3), as the network sees them.
        owners: uint8 (N, S, S), 0 or 1 + the index into `REGIONS`.
        targets: (N,), the network's own answer, which is what is explained.
        truth: (N, R), how much the answer's logit falls when a region is removed or replaced, the mean of one removal
            and three swaps; NaN where it is not seen.
        removal: (N, R), the same by removal alone.
        swap: (N, R), the same by swaps alone.
        network: answers about changed scenes.
    """

    scenes: tuple[Scene, ...]
    images: UInt8[np.ndarray, "n s s 3"]
    owners: UInt8[np.ndarray, "n s s"]
    targets: Int[np.ndarray, " n"]
    truth: Float[np.ndarray, "n r"]
    removal: Float[np.ndarray, "n r"]
    swap: Float[np.ndarray, "n r"]
    network: Network

    @property
    def important(self) -> Bool[np.ndarray, "n r"]:
        """The truly important regions; none in a picture where no region speaks for the answer."""
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

    def retargeted(self, targets: Int[np.ndarray, " n"]) -> "Benchmark":
        """The same pictures, to be explained for other classes."""
        return replace(self, targets=targets)

    def subset(self, rows: Sequence[int]) -> "Benchmark":
        """The pictures of some rows."""
        at = list(rows)
        return Benchmark(
            tuple(self.scenes[row] for row in at),
            self.images[at],
            self.owners[at],
            self.targets[at],
            self.truth[at],
            self.removal[at],
            self.swap[at],
            self.network,
        )


def make_benchmark(model: ModelHandle, sample: Sample, report: Callable[[float, str], None]) -> Benchmark:
    """Draw scenes, ask the network, and measure the truth on it by intervention.

    Args:
        model: a network that knows the menagerie.
        sample: which scenes.
        report: hears how far it is.

    Raises:
        UnfitError: the network was not trained on the menagerie.
    """
    if model.card.labels != CLASSES:
        raise UnfitError(
            f"{model.card.name} does not know the menagerie, so there is no truth to hold its explanations to;"
            " choose menagerie_cnn, menagerie_vit or menagerie_biased_cnn, or try methods on your own pictures."
        )
    chosen = scenes(sample.count, sample.seed, biased=sample.biased, world=sample.world)
    size = model.card.input_size[1]

    def predict(images: np.ndarray) -> np.ndarray:
        return logits_of(model, images, 64).float().cpu().numpy()

    drawn = draw(chosen, size)
    targets = predict(drawn.images).argmax(1)
    truth = np.full((3, sample.count, len(REGIONS)), np.nan)
    for start in range(0, sample.count, CHUNK):
        report(start / sample.count, f"measuring what the answers depend on, picture {start + 1} of {sample.count}")
        stop = min(start + CHUNK, sample.count)
        measured = effects(predict, chosen[start:stop], targets[start:stop].tolist(), seed=sample.seed)
        for row, by_part in zip(range(start, stop), measured, strict=True):
            seen = np.bincount(drawn.owners[row].ravel(), minlength=len(REGIONS) + 1)[1:] >= LEAST
            for index, name in enumerate(REGIONS):
                if seen[index] and name in by_part:
                    effect = by_part[name]
                    truth[:, row, index] = effect.mean, effect.removal, effect.swap
    mean, removal, swap = truth
    network = Network(predict, size)
    return Benchmark(chosen, drawn.images, drawn.owners, targets, mean, removal, swap, network)
