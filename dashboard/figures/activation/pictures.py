"""Figures of activation maximisation: the pictures, the way of the first, and the climb."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.fooling.lines import Axes, Line, lines
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look
from explainers.activation.lens import Activation

ACROSS = 4


@draws(Activation, lambda result: result.images[0])
def figures(result: Activation, look: Look) -> dict[str, go.Figure]:
    """What is exported."""
    film = [(f"{share:.0%}", frame) for share, frame in zip(shares(result), result.frames, strict=True)]
    return {
        "pictures": sheet(pictures(result), look, result.sentence, ACROSS),
        "film": sheet(film, look, f"The first picture on its way. {result.sentence}", len(film)),
        "climb": climb(result, look),
    }


def shares(result: Activation) -> np.ndarray:
    """How much of the climb was done at each frame."""
    return np.linspace(0, 1, len(result.frames))


def pictures(result: Activation) -> list[tuple[str, np.ndarray]]:
    """Each with what the network, and the judge, make of it."""
    return [(words(result, at), image) for at, image in enumerate(result.images)]


def words(result: Activation, at: int) -> str:
    """What stands above a picture."""
    if result.broken[at]:
        return "stopped: not finite"
    if result.probability[at] < 0:
        return f"{result.trace[-1, at]:.2f}"
    judged = f", judge {result.independent_probability[at]:.0%}" if result.judge else ""
    return f"network {result.probability[at]:.0%}{judged}"


def climb(result: Activation, look: Look) -> go.Figure:
    """What was asked for, step by step, one line a picture."""
    steps = np.arange(len(result.trace))
    curves = [Line(name=f"picture {at + 1}", x=steps, y=result.trace[:, at]) for at in range(result.trace.shape[1])]
    return lines(curves, Axes(x="step", y="what is climbed", title=result.sentence, unit=False), look)
