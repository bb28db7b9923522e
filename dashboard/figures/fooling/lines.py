"""Lines of the fooling studies: one way to draw a curve, and a group of bars with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.style import Look, dress

GRID = "rgba(128,128,128,.2)"
COLOURS = ("#0f766e", "#b45309", "#7c3aed", "#2563eb", "#be123c", "#4d7c0f")
DARK = ("#2dd4bf", "#fbbf24", "#c4b5fd", "#93c5fd", "#fda4af", "#bef264")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve.

    Attributes:
        name: in the legend.
        x, y: values (n,).
        quiet: a control, drawn grey and dashed.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Axes:
    """What the axes are.

    Attributes:
        x, y: their titles.
        title: the finding, for export.
        unit: whether y goes from 0 to 1.
        level: a height that is marked with a dotted line, and
        words: what it is.
        markers: whether points are drawn, where there are few.
    """

    x: str
    y: str
    title: str
    unit: bool = True
    level: float | None = None
    words: str = ""
    markers: bool = False


def colour(at: int, look: Look) -> str:
    """The colour of the curve of that number: the first one is the accent."""
    table = DARK if look.dark and not look.export else COLOURS
    return table[at % len(table)]


def lines(curves: Sequence[Line], axes: Axes, look: Look) -> go.Figure:
    """Curves over one pair of axes; controls are grey."""
    figure = go.Figure()
    loud = [curve.name for curve in curves if not curve.quiet]
    for curve in curves:
        shade = look.quiet if curve.quiet else colour(loud.index(curve.name), look)
        figure.add_scatter(
            x=curve.x,
            y=curve.y,
            name=curve.name,
            mode="lines+markers" if axes.markers else "lines",
            line={"color": shade, "width": 1.5 if curve.quiet else 2.5, "dash": "dash" if curve.quiet else "solid"},
            hovertemplate=f"{curve.name}<br>{axes.x} %{{x:.3g}}<br>{axes.y} %{{y:.3g}}<extra></extra>",
        )
    if axes.level is not None:
        figure.add_hline(
            y=axes.level,
            line={"color": look.quiet, "dash": "dot", "width": 1},
            annotation={"text": axes.words, "font": {"color": look.quiet}},
        )
    figure.update_xaxes(title=axes.x, gridcolor=GRID, zeroline=False, automargin=True)
    figure.update_yaxes(title=axes.y, gridcolor=GRID, zeroline=False, automargin=True)
    if axes.unit:
        figure.update_yaxes(range=[-0.02, 1.05])
    figure.update_layout(
        height=340, showlegend=len(curves) > 1, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    )
    return dress(figure, look, title=axes.title, aspect=0.6, axes=True)
