"""Can it be told? Scores by which fooling images may be known from photos, each as a ROC curve.

Four scores, all from the network that is fooled: the greatest probability, for which fooling images are evolved; the
energy of the logits (Liu et al. 2020); the distance to the fifth nearest photo in the features that the last layer
reads (Sun et al. 2022), and the Mahalanobis distance to the nearest class there (Lee et al. 2018). Half of the photos
are known to the last two, the other half stands against the champions. The area under a curve comes with DeLong's
interval; the control is the same area with shuffled labels.

Limits: whoever knows the detector can evolve against it as well. Few photos give wide intervals, and photos of another
kind than the network was trained on are strange to it themselves. Area .5 is a coin; below it, champions look *less*
strange than photos.
"""

from dataclasses import dataclass

import numpy as np

from explainers.base import Evidence, Result, Run, Score, explainer
from explainers.fooling.studies.archive import ArchiveParams
from explainers.fooling.studies.seen import Seen, readable, seen
from explainers.kit.detectors import auroc, energy, mahalanobis, max_softmax, nearest
from models import ModelHandle
from models.errors import InputError
from models.imagesets.imageset import UNKNOWN

FEWEST, DRAWS = 2, 200
GRID = np.linspace(0, 1, 101)
SHUFFLED = "labels shuffled"
TITLES = {
    "max_softmax": "Greatest probability",
    "energy": "Energy",
    "neighbours": "Nearest photos",
    "mahalanobis": "Mahalanobis",
}


@dataclass(frozen=True, kw_only=True)
class DetectParams(ArchiveParams):
    """What can be chosen."""


@dataclass(frozen=True, kw_only=True)
class Detect(Result):
    """How well each score tells champions from photos; row i of each belongs together.

    Attributes:
        auroc, low, high: (d,), area under the ROC curve and its 95% interval.
        curves: (d, 101), true positives at false positives from 0 to 1 in steps of .01.
        scores: (d, n), strangeness: champions first, then photos.
        fooling: bool (n,), which of them are champions.
        noise_auroc: (d,), the same area for random pictures in the place of champions.
        at_five: (d,), share of champions that are caught while one photo in twenty is accused.
        pictures: uint8 (4, S, S, 3), the most confident champions.
        names: of the scores.
        photos: where they come from.
        known: photos that the last two know.
    """

    auroc: np.ndarray
    low: np.ndarray
    high: np.ndarray
    curves: np.ndarray
    scores: np.ndarray
    fooling: np.ndarray
    noise_auroc: np.ndarray
    at_five: np.ndarray
    pictures: np.ndarray
    names: tuple[str, ...]
    photos: str
    known: int

    @property
    def sentence(self) -> str:
        """The best score, and what the network's own confidence does."""
        best = int(self.auroc.argmax())
        name, confidence = TITLES[self.names[best]], self.auroc[self.names.index("max_softmax")]
        count = int(self.fooling.sum())
        both = f"{count} champions from {len(self.fooling) - count} photos"
        if self.low[best] <= 0.5:
            return (
                f"Nothing tells {both} better than a coin, which has an area of 0.50; *{name}* comes nearest with"
                f" {self.auroc[best]:.2f} ({self.low[best]:.2f} to {self.high[best]:.2f})."
            )
        return (
            f"*{name}* tells {both} best (area {self.auroc[best]:.2f}); the network's own confidence has"
            f" {confidence:.2f}, a coin 0.50."
        )


def measure_detect(_model: ModelHandle, _params: DetectParams, result: Detect, run: Run) -> Evidence:
    """Each area beside that with shuffled labels."""
    scores = []
    for at, name in enumerate(result.names):
        run.report(at / len(result.names), f"shuffling labels: {TITLES[name]}")
        drawn = [auroc(result.scores[at], run.rng.permutation(result.fooling))[0] for _ in range(DRAWS)]
        low, high = np.percentile(drawn, [2.5, 97.5])
        area, ends = float(result.auroc[at]), (float(result.low[at]), float(result.high[at]))
        scores.append(
            Score(
                name=name,
                title=TITLES[name],
                value=area,
                of="this score",
                baselines={SHUFFLED: float(np.mean(drawn)), "random pictures": float(result.noise_auroc[at])},
                references=("random pictures",),
                interval=ends,
                reading=f"{_words(area, float(low), float(high))} Area {area:.2f} ({ends[0]:.2f} to {ends[1]:.2f});"
                f" shuffled labels lie between {low:.2f} and {high:.2f}.",
            )
        )
    return Evidence(scores=tuple(scores))


def _words(area: float, low: float, high: float) -> str:
    if area > high:
        return "Champions look stranger than photos."
    if area < low:
        return "Champions look less strange than photos: this score is fooled as well."
    return "It cannot tell them apart."


@explainer("Telling fooling images", paper="https://arxiv.org/abs/2010.03759", evidence=measure_detect)
def fooling_detect(model: ModelHandle, params: DetectParams, run: Run) -> Detect:
    """Score champions and photos; see the module's docstring."""
    name = model.card.name
    champions = seen(run.part(0.0, 0.7), name, name, params, "champions")
    photos = seen(run.part(0.7, 0.85), name, name, params, "photos")
    noise = seen(run.part(0.85, 0.95), name, name, params, "random")
    readable(model.card, champions)
    run.report(0.95, "scoring")
    return detected(champions, photos, noise, run.rng)


def detected(champions: Seen, photos: Seen, noise: Seen, rng: np.random.Generator) -> Detect:
    """Scores of what the network saw; ``rng`` draws the half of the photos that is known.

    Raises:
        InputError: there are too few of either.
    """
    order = rng.permutation(len(photos.labels))
    known, rest = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    if min(len(champions.labels), len(known)) < FEWEST:
        raise InputError(
            f"{len(champions.labels)} champions and {len(order)} photos are too few for a ROC curve; take four photos"
            " and two champions or more."
        )
    strange = [_strangeness(group, photos, known) for group in (champions, photos, noise)]
    scores, fooling = _beside(strange[0], strange[1][:, rest])
    against, noisy = _beside(strange[2], strange[1][:, rest])
    areas = [auroc(row, fooling) for row in scores]
    curves = np.stack([_curve(row, fooling) for row in scores])
    return Detect(
        auroc=np.array([area for area, _ in areas]),
        low=np.array([low for _, (low, _) in areas]),
        high=np.array([high for _, (_, high) in areas]),
        curves=curves,
        scores=scores,
        fooling=fooling,
        noise_auroc=np.array([auroc(row, noisy)[0] for row in against]),
        at_five=curves[:, 5],
        pictures=champions.pictures[:4],
        names=tuple(TITLES),
        photos=photos.title,
        known=len(known),
    )


def _beside(strange: np.ndarray, usual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores of both (d, n + m), and which are of the first."""
    return np.concatenate([strange, usual], 1), np.arange(strange.shape[1] + usual.shape[1]) < strange.shape[1]


def _strangeness(group: Seen, photos: Seen, known: np.ndarray) -> np.ndarray:
    """(d, n), in the order of `TITLES`; the known photos are those with these indices."""
    labels = np.where(photos.labels == UNKNOWN, photos.logits.argmax(1), photos.labels)[known]
    features = photos.features[known]
    return np.stack(
        [
            max_softmax(group.logits),
            energy(group.logits),
            nearest(group.features, features),
            mahalanobis(group.features, features, labels),
        ]
    )


def _curve(scores: np.ndarray, fooling: np.ndarray) -> np.ndarray:
    """True positives where false positives are `GRID`: the best that is reached without exceeding them."""
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(fooling, scores, drop_intermediate=False)
    return true[np.searchsorted(false, GRID + 1e-12, side="right") - 1]
