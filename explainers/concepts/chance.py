"""What concepts do by chance: the same measure over shuffled things, and how seldom it is as good."""

from collections.abc import Callable

import numpy as np

from explainers.base import Run, Score

DRAWS, HEARD = 200, 20


def by_lot(run: Run, note: str, draw: Callable[[np.random.Generator], object]) -> np.ndarray:
    """What ``draw`` gives `DRAWS` times, (DRAWS, ...); progress is told as ``note`` every `HEARD` draws."""
    drawn = []
    for turn in range(DRAWS):
        if turn % HEARD == 0:
            run.report(turn / DRAWS, f"{note}, {turn} of {DRAWS} times")
        drawn.append(draw(run.rng))
    return np.array(drawn)


def p_value(value: float, chance: np.ndarray) -> float:
    """Share of draws that are as good, the value itself counted as one of them (Phipson and Smyth 2010)."""
    return (1 + int(np.sum(chance >= value))) / (1 + len(chance))


def middle(chance: np.ndarray) -> tuple[float, ...]:
    """Where 95% of the draws lie."""
    return tuple(np.percentile(chance, [2.5, 97.5]).tolist())


def beyond(values: np.ndarray, high: float, of: str, shuffled: str, words: str) -> Score:
    """Share of pairs above what one in twenty reaches by chance; ``words`` follow that share in the reading."""
    share = float((values > high).mean())
    return Score(
        name="beyond_chance",
        title="Beyond chance",
        value=share,
        of=of,
        baselines={shuffled: 0.05},
        reading=f"{share:.0%} of the pairs {words}",
    )
