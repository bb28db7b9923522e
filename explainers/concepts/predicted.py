"""Which classes a model sees in a folder: what it answers on pictures spread over all of it.

Asked for a folder that somebody has just brought, so that a page may begin with a class of which there is something to
see; a folder without classes, or with classes that the model calls by other names, says nothing of that by itself.

Limits: at most `most` pictures are looked at, so that it takes seconds; a class that they lack may still be there.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from explainers.base import Evidence, Result, Run, explainer
from explainers.kinds import Images
from explainers.kit.predict import logits_of
from explainers.params import Params, knob
from models import ModelHandle
from models.errors import InputError
from models.imagesets.imageset import Picture, image_set
from models.imagesets.reader import Reader

NO_CLASS = -2  # of no model: no class's pictures come first
BATCH = 16


@dataclass(frozen=True, kw_only=True)
class PredictedParams(Params):
    """Which pictures."""

    images: str = knob("menagerie", kind=Images(), help="Where the pictures come from.")
    most: int = knob(64, 1, 1000, "At most so many pictures are looked at.")


@dataclass(frozen=True, kw_only=True)
class PredictedClasses(Result):
    """What a model answers on pictures of a folder.

    Attributes:
        classes: int (n,), those that it answers at all, the most frequent first.
        counts: int (n,), on how many pictures.
        looked: how many pictures could be read.
    """

    classes: np.ndarray
    counts: np.ndarray
    looked: int

    def by_class(self) -> dict[int, int]:
        """How many pictures of each class, the most frequent first."""
        return dict(zip(self.classes.tolist(), self.counts.tolist(), strict=True))


def _nothing(_model: ModelHandle, _params: PredictedParams, _result: PredictedClasses, _run: Run) -> Evidence:
    """A count claims nothing."""
    return Evidence(scores=())


@explainer("Classes that a model sees", paper="", evidence=_nothing, inner=True)
def predicted_classes(model: ModelHandle, params: PredictedParams, run: Run) -> PredictedClasses:
    """Count the model's first answers; see the module's docstring.

    Raises:
        InputError: there is no such folder, or none of its pictures can be read.
    """
    images = image_set(params.images, model, NO_CLASS, most=params.most, seed=params.seed)
    reader: Reader[Picture] = Reader(images)
    counts: Counter[int] = Counter()
    for batch in reader.batches(BATCH):
        logits = logits_of(model, np.stack([picture.pixels for picture in batch]))
        counts.update(logits.argmax(1).tolist())
        run.report(reader.tried / len(images), f"{reader.tried} of {len(images)} pictures looked at")
    if not reader.read:
        raise InputError(f"None of these pictures can be read ({reader.skipped[0][1]}); choose another folder.")
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    classes, numbers = (np.array(column, dtype=np.int64) for column in zip(*common, strict=True))
    return PredictedClasses(classes=classes, counts=numbers, looked=reader.read)
