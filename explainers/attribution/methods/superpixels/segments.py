"""Superpixels, and the game that they play: the score of the picture with some of them shown, the rest in grey."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from skimage.segmentation import slic
from torch import Tensor

from explainers.attribution.methods.problem import Attribution, Problem, of_pixels

BATCH = 16
COMPACTNESS = 10.0
"""Of SLIC: how much closeness counts beside likeness of colour; the usual value."""


def superpixels(
    x: Float[Tensor, "colours y x"], count: int, compactness: float = COMPACTNESS
) -> Int[np.ndarray, "y x"]:
    """Number of each pixel's superpixel, 0 to about ``count`` - 1 without gaps, by SLIC (Achanta et al. 2012)."""
    colours = x.permute(1, 2, 0).float().cpu().numpy()
    low, high = colours.min(), colours.max()
    picture = (colours - low) / max(float(high - low), 1e-12)
    labels = slic(picture, n_segments=count, compactness=compactness, start_label=0, channel_axis=-1)
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int64)


@dataclass(frozen=True)
class Game:
    """Superpixels as players: a coalition is worth the score of the picture in which it alone is shown.

    Attributes:
        problem: of one picture.
        labels: (H, W), the player that each pixel belongs to.
    """

    problem: Problem
    labels: Int[np.ndarray, "y x"]

    @property
    def players(self) -> int:
        """How many there are."""
        return int(self.labels.max()) + 1

    def worth(self, shown: Bool[np.ndarray, "n k"]) -> Float[np.ndarray, " n"]:
        """The score of each coalition."""
        return scores(self.problem, len(shown), lambda rows: shown[rows][:, self.labels])

    def attribution(self, values: Float[np.ndarray, " k"], *, complete: bool) -> Attribution:
        """A player's value spread evenly over its pixels, so that an area adds up to what is in it."""
        area = np.bincount(self.labels.ravel(), minlength=self.players)
        return spread((values / area)[self.labels], self.problem, complete=complete)


def game_of(problem: Problem) -> Game:
    """The game of the picture's superpixels."""
    return Game(problem, superpixels(problem.x[0], problem.superpixels))


def scores(
    problem: Problem, count: int, masks: Callable[[slice], Bool[np.ndarray, "n y x"]]
) -> Float[np.ndarray, " n"]:
    """The score of the picture under each mask (True: shown, False: grey), in batches."""
    parts = []
    with torch.inference_mode():
        for start in range(0, count, BATCH):
            problem.report(start / count, f"showing areas {start + 1} of {count}")
            shown = torch.from_numpy(masks(slice(start, min(start + BATCH, count)))).to(problem.x.device)
            parts.append(problem.score(problem.x * shown[:, None]).double().cpu().numpy())
    return np.concatenate(parts)


def spread(values: Float[np.ndarray, "y x"], problem: Problem, *, complete: bool) -> Attribution:
    """One value a place, shared by the three colours so that their sum is the value."""
    shared = torch.from_numpy(values / problem.x.shape[1]).to(problem.x).expand(problem.x.shape[1], -1, -1)
    return of_pixels(shared, problem.grey() if complete else None)
