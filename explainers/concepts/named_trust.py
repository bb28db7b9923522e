"""Whether names fit a concept's crops better than they would fit those of any other concept."""

from typing import Any

import numpy as np
from jaxtyping import Float

from explainers.base import Evidence, Run, Score
from models import ModelHandle

DRAWS = 200
WHY_NOT = "That cannot be measured of {}: it takes two concepts with two crops each."


def measure_named(_model: ModelHandle, _params: Any, result: Any, run: Run) -> Evidence:
    """Names chosen by every other crop, held to the crops between; beside the same with crops dealt out by lot."""
    run.report(0.0, "holding names to other crops")
    table = result.table
    k, m = table.shape[:2]
    if k < 2 or m < 2:
        return Evidence(scores=(_unknown("fit", "Fit", k, m), _unknown("told_apart", "Told apart", k, m)))
    fit, right = marks(table)
    drawn = []
    for draw in range(DRAWS):
        if draw % 20 == 0:
            run.report(0.1 + 0.9 * draw / DRAWS, f"dealing out the crops, {draw} of {DRAWS} times")
        drawn.append(marks(run.rng.permutation(table.reshape(k * m, -1)).reshape(table.shape)))
    chance, guessed = (np.array(values) for values in zip(*drawn, strict=True))
    return Evidence(scores=(_fit(fit, chance), _told_apart(right, guessed, k)))


def marks(table: Float[np.ndarray, "k m n"]) -> tuple[float, float]:
    """How names do on crops that they were not chosen by.

    Returns:
        Cosine of a name with the crops of its concept, less that with the crops of the others; and the share of crops
        that fit the name of their own concept better than those of the others, what all crops share taken away.
    """
    fits, rights = [], []
    for first in (0, 1):
        chosen_by, held = table[:, first::2].mean(1), table[:, 1 - first :: 2]
        word = (chosen_by - chosen_by.mean(0)).argmax(1)
        said = held[:, :, word]  # of each concept's crops with the name of each
        mean = said.mean(1)
        k = len(mean)
        own = np.diagonal(mean)
        fits.append(float((own - (mean.sum(0) - own) / (k - 1)).mean()))
        rights.append(_share_right(said - mean.mean(0)))
    return float(np.mean(fits)), float(np.mean(rights))


def _share_right(said: Float[np.ndarray, "k m k"]) -> float:
    """Share of crops whose own name comes first; a tie with others counts as a guess among them."""
    top = said.max(2, keepdims=True)
    first = said == top
    own = np.diagonal(first, axis1=0, axis2=2).T
    return float((own / first.sum(2)).mean())


def _fit(value: float, chance: np.ndarray) -> Score:
    mean, least = float(chance.mean()), (1 + int(np.sum(chance >= value))) / (1 + len(chance))
    return Score(
        name="fit",
        title="Fit",
        value=value,
        of="these names",
        baselines={"crops dealt out by lot": mean},
        worst=-0.1,
        best=0.1,
        interval=tuple(np.percentile(chance, [2.5, 97.5]).tolist()),
        reading=f"On crops that they were not chosen by, names fit their own concept better than the others by a cosine"
        f" of {value:.3f}, and by {mean:.3f} where crops are dealt out by lot (p = {least:.3f}).",
    )


def _told_apart(value: float, chance: np.ndarray, k: int) -> Score:
    return Score(
        name="told_apart",
        title="Told apart",
        value=value,
        of="these names",
        baselines={"crops dealt out by lot": float(chance.mean())},
        interval=tuple(np.percentile(chance, [2.5, 97.5]).tolist()),
        reading=f"{value:.0%} of such crops fit the name of their own concept best among the {k}; by lot"
        f" {float(chance.mean()):.0%} would.",
    )


def _unknown(name: str, title: str, k: int, m: int) -> Score:
    words = WHY_NOT.format("one concept" if k < 2 else f"{k} concepts with {m} crop each")
    return Score(name=name, title=title, value=float("nan"), of="these names", reading=words)
