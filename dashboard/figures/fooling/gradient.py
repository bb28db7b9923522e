"""Figures of gradient ascent: where it began, what came of it, and the climb between."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.fooling.lines import Axes, Line, lines
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look
from explainers.fooling.studies.gradient import FoolingGradient
from models.labels import short


@draws(FoolingGradient, lambda result: result.image)
def figures(result: FoolingGradient, look: Look) -> dict[str, go.Figure]:
    """The two pictures, and the probability on the way."""
    return {"pictures": sheet(pictures(result), look, result.sentence, 2), "climb": climb(result, look)}


def pictures(result: FoolingGradient) -> list[tuple[str, np.ndarray]]:
    """Title and picture of the start and of the end."""
    (_, first, p), (_, then, q) = result.before[0], result.after[0]
    return [(f"Start: {short(first)} {p:.0%}", result.start), (f"End: {short(then)} {q:.2%}", result.image)]


def climb(result: FoolingGradient, look: Look) -> go.Figure:
    """Probability of the class over iterations; the wanted confidence as a line across."""
    curve = Line(name=short(result.label), x=np.arange(len(result.curve)), y=result.curve)
    axes = Axes(
        x="iteration", y="probability", title=result.sentence, level=result.stop, words=f"wanted: {result.stop:g}"
    )
    return lines([curve], axes, look)
