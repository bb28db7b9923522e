"""Figures of learning fooling images: confidence and accuracy by round, and each round's champions."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.fooling.lines import Axes, Line, lines
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look
from explainers.fooling.studies.retrain import Retrain

COLUMNS = 6


@draws(Retrain, lambda result: result.champions[0, 0])
def figures(result: Retrain, look: Look) -> dict[str, go.Figure]:
    """The curves, and the champions of the first and the last round."""
    return {"rounds": rounds(result, look), "champions": sheet(pictures(result), look, result.sentence, COLUMNS)}


def rounds(result: Retrain, look: Look) -> go.Figure:
    """Median confidence, share of classes fooled, accuracy, photos accused, over rounds."""
    at = np.arange(len(result.median))
    curves = [
        Line(name="median confidence of champions", x=at, y=result.median),
        Line(name="classes at .5 or more", x=at, y=result.half),
        Line(name="accuracy on photos", x=at, y=result.accuracy),
        Line(name="photos called fooling", x=at, y=result.accused, quiet=True),
    ]
    figure = lines(curves, Axes(x="round", y="share or probability", title=result.sentence, markers=True), look)
    return figure.update_xaxes(dtick=1)


def pictures(result: Retrain) -> list[tuple[str, np.ndarray]]:
    """Title and picture of the most confident champions: of the first round, then of the last."""
    tiles = []
    for number in (0, len(result.median) - 1):
        for (name, confidence), picture in zip(result.champion_names[number], result.champions[number], strict=True):
            tiles.append((f"Round {number}: {name} {confidence:.2f}", picture))
    return tiles
