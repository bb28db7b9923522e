"""What is kept of many pictures while they are looked at one batch after the other."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float

from explainers.attribution.groups.selection import Item, Sides
from explainers.attribution.groups.statistics import Looks, looks
from models import ModelHandle, menagerie
from models.errors import InputError
from models.imagesets.imageset import Picture

REGIONS = (*menagerie.PARTS, "badge", "background")
Waiting = tuple[Item, Picture]


def readable(selected: Sides, crowd: "Crowd") -> Iterator[Waiting]:
    """Pictures one by one; those that are damaged are noted."""
    crowd.skipped += selected.skipped
    for item in selected.items:
        crowd.tried += 1
        try:
            picture = item.read()
        except InputError as error:
            crowd.skipped.append((item.name, str(error)))
            continue
        yield item, picture


class Crowd:
    """Collects how the model looks at pictures, batch by batch; the pictures themselves are let go."""

    def __init__(self, model: ModelHandle, cls: int, layer: str) -> None:
        self.model, self.cls, self.layer = model, cls, layer
        self.tried = 0
        self.items: list[Item] = []
        self.skipped: list[tuple[str, str]] = []
        self.found: list[Looks] = []
        self.shares: list[tuple[np.ndarray, np.ndarray]] = []
        self.sums: dict[tuple[bool, bool], np.ndarray] = {}

    def look(self, batch: list[Waiting]) -> None:
        """Look at some more pictures."""
        pixels = np.stack([picture.pixels for _, picture in batch])
        seen = looks(self.model, self.model.normalise(pixels), self.cls, self.layer)
        self.found.append(seen)
        for (item, picture), shown, answer, cam in zip(batch, pixels, seen.logits.argmax(1), seen.maps, strict=True):
            self.items.append(item)
            key = (item.second, bool(answer == self.cls))
            self.sums[key] = self.sums.get(key, 0) + shown.astype(np.float64)
            if picture.owners.size:
                self.shares.append(on_regions(cam, picture.owners))

    def array(self, name: str) -> np.ndarray:
        """A field of `Looks` over all pictures."""
        return np.concatenate([getattr(each, name) for each in self.found])

    def second(self, *, by_answer: bool) -> np.ndarray:
        """Who is in the second group, (N,): those answered wrongly, or those of the second list."""
        if not self.found:
            return np.zeros(0, dtype=bool)
        if by_answer:
            return np.asarray(self.array("logits").argmax(1) != self.cls)
        return np.array([item.second for item in self.items])

    def mean_pictures(self, counts: np.ndarray, *, by_answer: bool) -> np.ndarray:
        """uint8 (2, H, W, 3)."""
        means = []
        for group in (False, True):
            member = [
                total for (late, right), total in self.sums.items() if (not right if by_answer else late) == group
            ]
            means.append(np.sum(member, axis=0) / counts[int(group)])
        mean: np.ndarray = np.stack(means).round().astype(np.uint8)
        return mean


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
