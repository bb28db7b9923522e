"""Do prototypes mean the same part in every picture? The rules of EvalProtoPNet (Huang et al. 2023) on drawn animals.

The paper is "Evaluation and Improvement of Interpretability for Self-Explainable Part-Prototype Networks"; the
menagerie's parts are known to the pixel. Around the place that is most like a prototype stands a window of 72 pixels
where the picture has 224; a part lies in it when its middle does. Only pictures of a prototype's own class count.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8

from explainers.base import Score
from models import ModelHandle, menagerie
from models.menagerie.species import PARTS
from models.prototypes.network import PrototypeNet

WINDOW, SAME, NOISE = 72 / 224, 0.8, 0.2  # NOISE: standard deviation on normalised pictures
PICTURES, BATCH = 5, 16


@dataclass(frozen=True)
class Places:
    """Where prototypes are found in drawn pictures.

    Attributes:
        peaks, noisy: float (n, P, 2), row and column of the strongest place in pixels, and with noise on the picture.
        points: float (n, 7, 2), the middle of every part; NaN where it is not seen.
        animal: bool (n, h, w), pixels of the animal.
        relevant: bool (n, P), pictures of the prototype's own class.
    """

    peaks: Float[np.ndarray, "n p 2"]
    noisy: Float[np.ndarray, "n p 2"]
    points: Float[np.ndarray, "n 7 2"]
    animal: Bool[np.ndarray, "n h w"]
    relevant: Bool[np.ndarray, "n p"]

    @property
    def side(self) -> int:
        """Of the pictures, in pixels."""
        return int(self.animal.shape[1])


def scores(model: ModelHandle, network: PrototypeNet, rng: np.random.Generator) -> tuple[Score, ...]:
    """Consistency, stability and the pointing game, each beside places drawn by lot."""
    places = look(model, network, rng)
    lot = rng.uniform(0, places.side, (2, *places.peaks.shape))
    same, moved = consistency(places.peaks, places), stability(places.peaks, places.noisy, places)
    by_lot, moved_by_lot = consistency(lot[0], places), stability(lot[0], lot[1], places)
    hit, chance = pointing(places.peaks, places), float(places.animal.mean())
    controls = {"places by lot": by_lot}
    return (
        Score(
            name="consistency",
            title="The same part",
            value=same,
            of="these prototypes",
            baselines=controls,
            reading=f"{same:.0%} of the prototypes are found at one and the same part in four of five pictures of their"
            f" class; of places by lot {by_lot:.0%} would be.",
        ),
        Score(
            name="stability",
            title="The same part under noise",
            value=moved,
            of="these prototypes",
            baselines={"places by lot": moved_by_lot},
            reading=f"With noise the parts around a prototype stay the same in {moved:.0%} of the pictures; around"
            f" places by lot in {moved_by_lot:.0%}.",
        ),
        Score(
            name="pointing",
            title="On the animal",
            value=hit,
            of="these prototypes",
            baselines={"a pixel by lot": chance},
            reading=f"{hit:.0%} of the strongest places lie on the animal, which covers {chance:.0%} of a picture.",
        ),
    )


def look(model: ModelHandle, network: PrototypeNet, rng: np.random.Generator) -> Places:
    """Fresh drawn pictures of every class, and where the prototypes are found in them."""
    count, side = PICTURES * len(menagerie.CLASSES), model.card.input_size[1]
    drawn = menagerie.dataset(count, int(rng.integers(2**20)), size=side)
    clean, noisy = [], []
    for start in range(0, count, BATCH):
        x = model.normalise(drawn.images[start : start + BATCH])
        noise = torch.from_numpy(rng.normal(0, NOISE, x.shape)).to(x)
        with torch.inference_mode():
            clean.append(network.similarities(x).float().cpu().numpy())
            noisy.append(network.similarities(x + noise).float().cpu().numpy())
    return Places(
        peaks=pixels(np.concatenate(clean), side),
        noisy=pixels(np.concatenate(noisy), side),
        points=middles(drawn.owners),
        animal=(drawn.owners > 0) & (drawn.owners <= len(PARTS)),
        relevant=drawn.labels[:, None] == network.record["owner"],
    )


def pixels(maps: Float[np.ndarray, "n p h w"], side: int) -> Float[np.ndarray, "n p 2"]:
    """The middle of the strongest cell of each map, in pixels of a square picture."""
    cells = np.stack(np.unravel_index(maps.reshape(*maps.shape[:2], -1).argmax(2), maps.shape[2:]), -1)
    return (cells + 0.5) * side / np.array(maps.shape[2:])


def middles(owners: UInt8[np.ndarray, "n h w"]) -> Float[np.ndarray, "n 7 2"]:
    """Mean row and column of each part's pixels; NaN where none is seen."""
    points = np.full((len(owners), len(PARTS), 2), np.nan)
    for at, picture in enumerate(owners):
        for part in range(len(PARTS)):
            rows, columns = np.nonzero(picture == part + 1)
            if len(rows):
                points[at, part] = rows.mean(), columns.mean()
    return points


def within(peaks: Float[np.ndarray, "n p 2"], places: Places) -> Bool[np.ndarray, "n p 7"]:
    """Whether the middle of each part lies in the window around a peak."""
    away = np.abs(places.points[:, None] - peaks[:, :, None]).max(3)
    return np.nan_to_num(away, nan=np.inf) <= WINDOW * places.side / 2


def consistency(peaks: Float[np.ndarray, "n p 2"], places: Places) -> float:
    """Share of prototypes around which one part lies in at least four of five pictures in which it is seen."""
    near, seen = within(peaks, places), ~np.isnan(places.points[:, None, :, 0])
    counted = places.relevant[:, :, None] & seen
    share = (near & counted).sum(0) / np.maximum(counted.sum(0), 1)  # (P, 7)
    return float((share.max(1) >= SAME).mean())


def stability(peaks: Float[np.ndarray, "n p 2"], noisy: Float[np.ndarray, "n p 2"], places: Places) -> float:
    """Mean over prototypes of the share of pictures in which noise leaves the parts in the window the same."""
    same = (within(peaks, places) == within(noisy, places)).all(2) & places.relevant
    return float((same.sum(0) / np.maximum(places.relevant.sum(0), 1)).mean())


def pointing(peaks: Float[np.ndarray, "n p 2"], places: Places) -> float:
    """Share of the strongest places that lie on the animal (Zhang et al. 2016, without tolerance)."""
    at: Int[np.ndarray, "n p 2"] = np.minimum(peaks.astype(int), places.side - 1)
    hits = places.animal[np.arange(len(at))[:, None], at[..., 0], at[..., 1]]
    return float(hits[places.relevant].mean())
