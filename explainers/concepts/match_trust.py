"""Whether two models' concepts agree more than chance would have it."""

from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from explainers.base import Evidence, Run, Score
from explainers.kit.metrics import correlations
from models import ModelHandle

DRAWS = 200


def measure_match(_model: ModelHandle, _params: Any, result: Any, run: Run) -> Evidence:
    """The matched correlation beside that of the same concepts over images in another order (a permutation test)."""
    each = []
    for draw in range(DRAWS):
        if draw % 20 == 0:
            run.report(draw / DRAWS, f"shuffling the images, {draw} of {DRAWS} times")
        order = run.rng.permutation(len(result.profile))
        table = correlations(result.profile[order], result.other_profile)
        each.append(table[linear_sum_assignment(-table)])
    drawn = np.stack(each)
    chance, high = drawn.mean(1), float(np.percentile(drawn, 95))
    mean = float(chance.mean())
    value = float(result.matched.mean())
    least = (1 + int(np.sum(chance >= value))) / (1 + DRAWS)
    above = float((result.matched > high).mean())
    return Evidence(
        scores=(
            Score(
                name="agreement",
                title="Agreement",
                value=value,
                of="matched concepts",
                baselines={"images shuffled": mean},
                interval=tuple(np.percentile(chance, [2.5, 97.5]).tolist()),
                reading=f"Matched concepts correlate by {value:.2f} on average, over shuffled images by {mean:.2f}"
                f" (p = {least:.3f}).",
            ),
            Score(
                name="beyond_chance",
                title="Beyond chance",
                value=above,
                of="matched concepts",
                baselines={"images shuffled": 0.05},
                reading=f"{above:.0%} of the pairs correlate by more than {high:.2f}, which one pair in twenty exceeds"
                " over shuffled images.",
            ),
        )
    )
