"""Evidence as pictures: bars against things that know nothing, and the curves behind them."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.style import Look, dress
from explainers import Score

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def score_bars(score: Score, look: Look) -> go.Figure:
    """One score: its own bar, one for each baseline, and where the best possible would be."""
    names = [score.of, *score.baselines]
    values = [score.value, *score.baselines.values()]
    shown = [0.0 if not np.isfinite(value) else value for value in values]
    figure = go.Figure(
        go.Bar(
            x=shown,
            y=names,
            orientation="h",
            marker={"color": [look.accent] + [look.quiet] * len(score.baselines)},
            text=[_number(value) for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    low, high = min(score.worst, score.best, 0.0), max(score.worst, score.best, *shown)
    figure.update_xaxes(range=[low - 0.02 * (high - low), high + 0.3 * (high - low)], visible=False, fixedrange=True)
    figure.update_yaxes(autorange="reversed", tickfont_color=look.ink, fixedrange=True, automargin=True)
    figure.add_vline(x=score.best, line={"color": look.accent, "width": 1, "dash": "dot"})
    figure.update_layout(height=26 * len(names) + 16, bargap=0.35)
    return dress(figure, look, aspect=0.4)


def score_curves(score: Score, look: Look) -> go.Figure:
    """The curves behind a score; each has its own dash as well as its colour."""
    palette = (look.accent, "#d97706", "#7c83db", look.quiet, "#be185d")
    figure = go.Figure()
    for index, (name, values) in enumerate(score.curves.items()):
        figure.add_scatter(
            x=np.linspace(0, 1, len(values)),
            y=values,
            name=name,
            mode="lines",
            line={"color": palette[index % 5], "dash": DASHES[index % 5], "width": 3 if index == 0 else 2},
        )
    x, y = score.axes or ("", "")
    figure.update_xaxes(title=x, tickformat=".0%", gridcolor="rgba(128,128,128,.2)", automargin=True)
    figure.update_yaxes(title=y, rangemode="tozero", gridcolor="rgba(128,128,128,.2)", automargin=True)
    above = {"orientation": "h", "y": 1.0, "yanchor": "bottom"}
    inside = {"x": 1, "xanchor": "right", "y": 1, "yanchor": "top", "bgcolor": "rgba(255,255,255,.7)"}
    narrow = look.export and look.width == "column"
    figure.update_layout(height=260, legend=inside if narrow else above, showlegend=len(score.curves) > 1)
    return dress(figure, look, title=f"{score.title}: {score.reading}", aspect=0.75 if narrow else 0.5, axes=True)


def _number(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "no value"
