"""Figures of evolved fooling images: the champions, how confidence rose, and who took whose class."""

import io
from csv import writer

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from dashboard.figures.fooling.lines import Axes, Line, lines
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look, dress
from explainers.fooling.archive import Fooling
from explainers.fooling.lineage import FoolingLineage
from explainers.fooling.sheet import contact_sheet
from models.labels import short

EXPORTED, ACROSS = 40, 8
NAMES = ("lowest", "lower quartile", "median", "upper quartile", "highest")


@draws(Fooling, lambda result: contact_sheet(result.images[result.order[:25]]))
def figures(result: Fooling, look: Look) -> dict[str, go.Figure]:
    """What is exported: the most confident pictures, confidence over evaluations, and goal switching."""
    best = result.order[:EXPORTED]
    pictures = [(title(result, int(at)), result.images[at]) for at in best]
    return {
        "champions": sheet(pictures, look, result.sentence, ACROSS),
        "confidence": confidence(result, look),
        "switching": switching(result, look),
    }


@draws(FoolingLineage, lambda result: result.images[-1])
def lineage(result: FoolingLineage, look: Look) -> dict[str, go.Figure]:
    """The film, and the confidence along it."""
    pictures = [(short(name), image) for name, image in zip(result.held, result.images, strict=True)]
    return {"film": sheet(pictures, look, result.sentence, ACROSS), "climb": rise(result, look)}


def title(result: Fooling, row: int) -> str:
    """The class and how sure the network is."""
    return f"{short(result.labels[row])} {result.confidence[row]:.0%}"


def confidence(result: Fooling, look: Look) -> go.Figure:
    """Quantiles over the classes by evaluations."""
    at = np.arange(1, len(result.history) + 1) * (result.evaluations / len(result.history))
    curves = [
        Line(name=name, x=at, y=result.history[:, column], quiet=name in ("lowest", "highest"))
        for column, name in enumerate(NAMES)
    ]
    words = f"Confidence over the classes after {result.evaluations:,} evaluations."
    return lines(curves, Axes(x="evaluations", y="confidence", title=words, markers=len(at) < 3), look)


def switching(result: Fooling, look: Look) -> go.Figure:
    """How often classes changed hands, and how often to a child of another class's champion."""
    busy = np.argsort(-result.updates, kind="stable")[:20]
    names = [short(result.labels[at]) for at in busy]
    figure = go.Figure()
    kin = result.updates[busy] - result.switches[busy]
    figure.add_bar(y=names, x=kin, name="to a child of its own", orientation="h", marker_color=look.quiet)
    figure.add_bar(
        y=names, x=result.switches[busy], name="to a child of another class", orientation="h", marker_color=look.accent
    )
    figure.update_layout(
        barmode="stack",
        height=60 + 22 * len(names),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(title="times that the class changed hands", gridcolor="rgba(128,128,128,.2)")
    share = result.switches.sum() / max(1, result.updates.sum())
    words = f"{share:.0%} of all changes went to a child of another class's champion."
    return dress(figure, look, title=words, aspect=0.8, axes=True)


def rise(result: FoolingLineage, look: Look) -> go.Figure:
    """Probability of the class along the line."""
    steps = [np.linspace(0, 1, len(curve)) for curve in (result.confidence, result.other)]
    curves = [
        Line(name="this line", x=steps[0], y=result.confidence),
        Line(name="another class's line", x=steps[1], y=result.other, quiet=True),
    ]
    axes = Axes(x="share of the line", y="probability of the class", title=result.sentence, markers=True)
    return lines(curves, axes, look)


def csv(result: Fooling) -> bytes:
    """One line a class, the most confident first."""
    text = io.StringIO()
    lines_of = writer(text)
    lines_of.writerow(("class", "name", "confidence", "changes", "changes_to_another_class", "parent_class"))
    for at in result.order.tolist():
        parent = result.labels[result.parent[at]] if result.parent[at] >= 0 else ""
        counts = (int(result.updates[at]), int(result.switches[at]))
        lines_of.writerow((int(result.classes[at]), result.labels[at], f"{result.confidence[at]:.6f}", *counts, parent))
    return text.getvalue().encode()


def png(result: Fooling, row: int) -> bytes:
    """A champion as a file, pixel for pixel: what the network was asked about."""
    buffer = io.BytesIO()
    Image.fromarray(result.images[row]).save(buffer, "PNG")
    return buffer.getvalue()


def film(result: FoolingLineage, seconds: float = 0.25) -> bytes:
    """The line as an animated GIF, the champion shown longer."""
    frames = [Image.fromarray(image) for image in result.images]
    times = [int(1000 * seconds)] * (len(frames) - 1) + [int(4000 * seconds)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0)
    return buffer.getvalue()
