"""What the network says of pictures: probabilities of the classes that are evolved for, of one view or of ten."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from explainers.kit.predict import logits_of
from models import ModelHandle
from models.errors import InputError, SeewhyError, UnfitError

BATCH = 512
CROP = 0.875  # side of a view as a share of the picture's, 224 of 256, as networks are trained


@dataclass(frozen=True)
class Judge:
    """Asks the network.

    Attributes:
        model: the network.
        classes: the columns that count.
        crops: 1, the whole picture, or 10: corners and middle, and their mirror images, averaged.
    """

    model: ModelHandle
    classes: Int[np.ndarray, " k"]
    crops: int = 1

    @property
    def count(self) -> int:
        """How many classes count."""
        return len(self.classes)

    def __call__(self, pictures: UInt8[np.ndarray, "b s s 3"]) -> Float[np.ndarray, "b k"]:
        """Probabilities of 8-bit pictures, at their own size."""
        views = [pictures] if self.crops == 1 else list(ten(pictures))
        chances = [self.model.chances(logits_of(self.model, view, BATCH).float()) for view in views]
        mean = sum(chances[1:], chances[0]) / len(chances)
        return mean.cpu().numpy().astype(np.float64)[:, self.classes]


def ten(pictures: UInt8[np.ndarray, "b s s 3"]) -> Iterator[UInt8[np.ndarray, "b c c 3"]]:
    """The four corners and the middle, and each mirrored."""
    size = pictures.shape[1]
    side = max(1, round(CROP * size))
    far, middle = size - side, (size - side) // 2
    for down, right in ((0, 0), (0, far), (far, 0), (far, far), (middle, middle)):
        view = pictures[:, down : down + side, right : right + side]
        yield view
        yield np.ascontiguousarray(view[:, :, ::-1])


def judge_of(model: ModelHandle, classes: tuple[int, ...] | None, crops: int) -> Judge:
    """The judge of some classes, or of all.

    Raises:
        UnfitError: the model does not choose between classes.
        InputError: a class that it does not have.
    """
    if not model.card.has_classes:
        raise UnfitError(model.card.classless)
    if model.findings.count == 1:
        raise UnfitError(f"{model.card.title} answers with one number; choose a model with two classes or more.")
    every = range(model.findings.count)
    chosen = every if classes is None else sorted({model.card.check_target(cls) for cls in classes})
    return Judge(model, np.array(chosen, np.int64), crops)


def fitting_size(model: ModelHandle, size: int | None, largest: int) -> int:
    """The size of the pictures: the one chosen, or the model's own, at most ``largest`` where it takes smaller ones.

    Raises:
        InputError: the model cannot take pictures of the size chosen.
    """
    whole = model.card.input_size[1]
    wanted = min(whole, largest) if size is None else size
    if wanted == whole or _takes(model, wanted):
        return wanted
    if size is None:
        return whole
    raise InputError(f"{model.card.title} cannot take pictures of {size} × {size} pixels; give size {whole}.")


def _takes(model: ModelHandle, size: int) -> bool:
    """Whether the network answers pictures of a size."""
    try:
        logits_of(model, np.zeros((1, size, size, 3), np.uint8))
    except SeewhyError:
        raise
    except (RuntimeError, ValueError, AssertionError, IndexError):  # whatever a network says of a size that it refuses
        logits_of(model, np.zeros((1, *model.card.input_size[1:], 3), np.uint8))  # one that fails at its own is broken
        return False
    return True
