"""Figures of a change that cannot be seen: the photo, the change made visible, and the photo after it."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look
from explainers.fooling.studies.small_change import SmallChange
from models.labels import short


@draws(SmallChange, lambda result: result.changed)
def figures(result: SmallChange, look: Look) -> dict[str, go.Figure]:
    """The four pictures."""
    return {"pictures": sheet(pictures(result), look, result.sentence, 2)}


def pictures(result: SmallChange) -> list[tuple[str, np.ndarray]]:
    """Title and picture: before, the change, after, and the control."""

    def words(top: tuple[tuple[int, str, float], ...]) -> str:
        return f"{short(top[0][1])} {top[0][2]:.0%}"

    return [
        (f"The photo: {words(result.before)}", result.image),
        (f"The change, {factor(result)} times as strong", amplified(result)),
        (f"After it: {words(result.after)}", result.changed),
        (f"Random signs, as large: {words(result.control)}", result.noise),
    ]


def factor(result: SmallChange) -> int:
    """By how much the change is multiplied to be seen: the largest becomes white or black."""
    return max(1, 127 // max(1, result.used))


def amplified(result: SmallChange) -> np.ndarray:
    """The change about grey, uint8 (H, W, 3)."""
    return np.clip(128 + factor(result) * result.difference, 0, 255).astype(np.uint8)
