"""Figures of telling fooling images from photos: ROC curves, and where each score puts both."""

import plotly.graph_objects as go

from dashboard.figures.fooling.lines import Axes, Line, lines
from dashboard.figures.registry import draws
from dashboard.figures.style import Look
from explainers.fooling.studies.detect import GRID, TITLES, Detect


@draws(Detect, lambda result: result.pictures[0])
def figures(result: Detect, look: Look) -> dict[str, go.Figure]:
    """The ROC curves."""
    return {"roc": roc(result, look)}


def roc(result: Detect, look: Look) -> go.Figure:
    """One curve a score, with its area; a coin as the diagonal."""
    curves = [
        Line(name=f"{TITLES[name]}: {area:.2f}", x=GRID, y=curve)
        for name, area, curve in zip(result.names, result.auroc, result.curves, strict=True)
    ]
    coin = Line(name="a coin: 0.50", x=GRID, y=GRID, quiet=True)
    axes = Axes(x="photos accused", y="fooling images caught", title=result.sentence)
    return lines([*curves, coin], axes, look).update_layout(height=420)


def table(result: Detect) -> list[dict[str, str]]:
    """A row a score: area with its interval, what is caught, and the area for random pictures."""
    rows = zip(result.names, result.auroc, result.low, result.high, result.at_five, result.noise_auroc, strict=True)
    return [
        {
            "Score": TITLES[name],
            "Area (95%)": f"{area:.2f} ({low:.2f} to {high:.2f})",
            "Caught at 5%": f"{caught:.0%}",
            "Random pictures": f"{noise:.2f}",
        }
        for name, area, low, high, caught, noise in rows
    ]
