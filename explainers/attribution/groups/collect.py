"""What is kept of many pictures while they are looked at one batch after the other."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float

from explainers.attribution.groups.selection import Item, Selection
from explainers.attribution.groups.statistics import Statistics, statistics
from models import ModelHandle, menagerie
from models.imagesets.imageset import Picture
from models.imagesets.reader import Reader

REGIONS = (*menagerie.PARTS, "badge", "background")
ReadItem = tuple[Item, Picture]
BATCH = 16


class Collection:
    """How the model looks at pictures, collected batch by batch; the pictures themselves are let go.

    Attributes:
        reader: of the pictures of both groups.
        items: those that could be read, in order.
        statistics: of each batch.
        shares: of each picture whose regions are known, see `on_regions`.
        sums: of pixels, by (whether of the second list, whether answered rightly).
    """

    def __init__(self, model: ModelHandle, cls: int, layer: str, selected: Selection) -> None:
        self.model, self.cls, self.layer = model, cls, layer
        waiting = ((item.name, partial(_read, item)) for item in selected.items)
        self.reader: Reader[ReadItem] = Reader(waiting, [*selected.skipped])
        self.items: list[Item] = []
        self.statistics: list[Statistics] = []
        self.shares: list[tuple[np.ndarray, np.ndarray]] = []
        self.sums: dict[tuple[bool, bool], np.ndarray] = {}

    def collect(self) -> Iterator[int]:
        """Look at all pictures; gives how many were tried, after each batch."""
        for batch in self.reader.batches(BATCH):
            self._look(batch)
            yield self.reader.tried

    def _look(self, batch: list[ReadItem]) -> None:
        pixels = np.stack([picture.pixels for _, picture in batch])
        batch_statistics = statistics(self.model, self.model.normalise(pixels), self.cls, self.layer)
        self.statistics.append(batch_statistics)
        answers = batch_statistics.logits.argmax(1)
        for (item, picture), shown, answer, cam in zip(batch, pixels, answers, batch_statistics.maps, strict=True):
            self.items.append(item)
            key = (item.second, bool(answer == self.cls))
            self.sums[key] = self.sums.get(key, 0) + shown.astype(np.float64)
            if picture.owners.size:
                self.shares.append(on_regions(cam, picture.owners))

    def array(self, name: str) -> np.ndarray:
        """A field of `Statistics` over all pictures."""
        return np.concatenate([getattr(each, name) for each in self.statistics])

    def second(self, *, by_answer: bool) -> np.ndarray:
        """Who is in the second group, (N,): those answered wrongly, or those of the second list."""
        if not self.statistics:
            return np.zeros(0, dtype=bool)
        if by_answer:
            return self.array("logits").argmax(1) != self.cls
        return np.array([item.second for item in self.items])

    def mean_pictures(self, counts: np.ndarray, *, by_answer: bool) -> np.ndarray:
        """uint8 (2, H, W, 3)."""
        means = []
        for group in (False, True):
            member = [
                total for (late, right), total in self.sums.items() if (not right if by_answer else late) == group
            ]
            means.append(np.sum(member, axis=0) / counts[int(group)])
        return np.stack(means).round().astype(np.uint8)


def _read(item: Item) -> ReadItem:
    return item, item.read()


def on_regions(
    cam: Float[np.ndarray, "h w"], owners: np.ndarray
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " p"]]:
    """Share of a map's positive sum that lies on each of `REGIONS`, the map enlarged; and their shares of the pixels.

    All shares of the map are 0 where nothing speaks.
    """
    positive = torch.from_numpy(cam).clamp(min=0)[None, None]
    large = F.interpolate(positive, size=owners.shape, mode="bilinear", align_corners=False)[0, 0].double().numpy()
    sums, pixels = (np.bincount(owners.ravel(), each, len(REGIONS)) for each in (large.ravel(), None))
    share, area = (np.roll(each, -1) / max(float(each.sum()), 1e-30) for each in (sums, pixels))
    return share, area
