"""Figures of the calibration page: trust and cost of every method, and maps with the true parts outlined."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.overlay import over_photo
from dashboard.figures.paint import blend
from dashboard.figures.pairs import agreement_map
from dashboard.figures.registry import draws
from dashboard.figures.style import Look, dress
from explainers.calibration.controls import CONTROLS
from explainers.calibration.lens import Calibration
from explainers.calibration.own_model import Trial

WORDS = {
    "trust": "Trust",
    "share_of_truth": "Share of the truth",
    "pointing": "Pointing",
    "energy": "Energy inside",
    "part_correlation": "Part correlation",
    "part_correlation_removal": "... by removal",
    "part_correlation_swap": "... by swap",
    "top_part": "Finds the top part",
    "shortcut": "Finds the shortcut",
    "controlled_data": "Controlled data",
    "single_deletion": "Single deletion",
    "preservation": "Preservation",
    "deletion": "Deletion",
    "distractibility": "Distractibility",
    "grid_game": "Grid game",
    "target_sensitivity": "Target sensitivity",
    "randomisation": "Randomisation",
    "insertion": "Insertion",
    "sanity": "Sanity",
    "stability": "Stability",
}


@draws(Calibration, lambda result: result.images[0])
def calibration(result: Calibration, look: Look) -> dict[str, go.Figure]:
    """Trust and cost, and how well each method tells classes apart."""
    return {"trust": trust_by_method(result, look), "classes": telling_classes(result, look)}


@draws(Trial, lambda result: result.image)
def trial(result: Trial, look: Look) -> dict[str, go.Figure]:
    """Faithfulness of each method on one picture, and how far the methods agree."""
    return {"faithfulness": trial_bars(result, look), "agreement": agreement_map(result, look)}


def trust_by_method(result: Calibration, look: Look) -> go.Figure:
    """Trust with its interval, best on top, a method's cost beside its name, controls in grey; 0 and 1 as lines."""
    figure = _ranking(result, 0, lambda row: _with_cost(result, row), look)
    _line(figure, 0.0, "blind", look, "right")
    _line(figure, 1.0, "truth", look, "right")
    figure.update_xaxes(title="trust")
    return dress(figure, look, title=result.sentence, aspect=1.1, axes=True)


def telling_classes(result: Calibration, look: Look) -> go.Figure:
    """Share of each method's map on the right animal of four, with its interval; chance is a quarter."""
    figure = _ranking(result, result.columns.index("grid_game"), result.titles.__getitem__, look)
    _line(figure, 0.25, "chance", look)
    figure.update_xaxes(title="share on the right animal")
    return dress(figure, look, title=result.sentence, aspect=1.1, axes=True)


def _ranking(result: Calibration, column: int, name: Callable[[int], str], look: Look) -> go.Figure:
    """One dot a method or control with its interval, each named; controls in grey."""
    known = np.flatnonzero(result.applies[:, column])
    rows = known[np.argsort(result.mean[known, column], kind="stable")]
    mean = result.mean[rows, column]
    colours = [look.quiet if result.names[row] in CONTROLS else look.accent for row in rows]
    figure = go.Figure(
        go.Scatter(
            x=mean,
            y=[name(row) for row in rows],
            mode="markers",
            marker={"color": colours, "size": 9, "line": {"color": look.ink, "width": 0.5}},
            error_x={
                "array": result.high[rows, column] - mean,
                "arrayminus": mean - result.low[rows, column],
                "thickness": 1.2,
                "color": look.quiet,
            },
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    )
    figure.update_xaxes(gridcolor="rgba(128,128,128,.2)")
    figure.update_yaxes(automargin=True, gridcolor="rgba(128,128,128,.2)")
    figure.update_layout(height=110 + 22 * len(rows), showlegend=False)
    return figure


def _line(figure: go.Figure, at: float, words: str, look: Look, side: Literal["left", "right"] = "left") -> None:
    """A line across all methods with its name above."""
    line = {"color": look.quiet, "dash": "dot", "width": 1}
    figure.add_vline(x=at, line=line, annotation={"text": words, "font": {"color": look.quiet}, "xanchor": side})


def _with_cost(result: Calibration, row: int) -> str:
    cost = result.cost[row]
    return f"{result.titles[row]} · {cost:,.0f} pass{'es' if round(cost) != 1 else ''}" if cost else result.titles[row]


def trial_bars(result: Trial, look: Look) -> go.Figure:
    """Insertion minus deletion of each method, the controls in grey."""
    gain = result.marks[:, 0] - result.marks[:, 1]
    order = np.argsort(gain)
    colours = [look.quiet if result.names[i] in CONTROLS else look.accent for i in order]
    figure = go.Figure(
        go.Bar(
            x=gain[order],
            y=[result.titles[i] for i in order],
            orientation="h",
            marker={"color": colours},
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    )
    figure.update_xaxes(title="insertion minus deletion, mean probability", gridcolor="rgba(128,128,128,.2)")
    figure.update_yaxes(automargin=True)
    figure.update_layout(height=60 + 26 * len(order))
    return dress(figure, look, title=result.sentence, aspect=0.7, axes=True)


def outlined(result: Calibration, method: int, sample: int, look: Look) -> go.Figure:
    """A method's map over one of the sample pictures, the truly important parts outlined."""
    heat = result.maps[method, sample].astype(np.float32) / 255
    figure = over_photo(blend(result.images[sample], heat, 0.75), None, look)
    for region in np.flatnonzero(result.important[sample]):
        mask = (result.owners[sample] == region + 1).astype(np.float32)
        figure.add_contour(
            z=mask,
            contours={"start": 0.5, "end": 0.5, "coloring": "none"},
            line={"color": "#ffffff", "width": 2},
            showscale=False,
            hoverinfo="skip",
            name=result.regions[region],
        )
    figure.update_layout(height=230, showlegend=False)
    return dress(figure, look)
