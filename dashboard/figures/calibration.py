"""Figures of the calibration page: trust against cost, and maps with the true parts outlined."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.agreement import agreement_map
from dashboard.figures.overlay import over_photo
from dashboard.figures.paint import blend
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
    """Trust against cost, and how well each method tells classes apart."""
    return {"trust": trust_against_cost(result, look), "classes": telling_classes(result, look)}


@draws(Trial, lambda result: result.image)
def trial(result: Trial, look: Look) -> dict[str, go.Figure]:
    """Faithfulness of each method on one picture, and how far the methods agree."""
    return {"faithfulness": trial_bars(result, look), "agreement": agreement_map(result, look)}


def trust_against_cost(result: Calibration, look: Look) -> go.Figure:
    """One dot a method, with its interval; the truth and what knows no network as lines across."""
    rows = result.methods
    figure = go.Figure(
        go.Scatter(
            x=result.cost[rows],
            y=result.mean[rows, 0],
            mode="markers+text",
            text=_labels(result, rows),
            customdata=[result.titles[i] for i in rows],
            textposition="middle right",
            marker={"color": look.accent, "size": 11, "line": {"color": look.ink, "width": 0.5}},
            error_y={
                "array": result.high[rows, 0] - result.mean[rows, 0],
                "thickness": 1.2,
                "color": look.quiet,
                "arrayminus": result.mean[rows, 0] - result.low[rows, 0],
            },
            cliponaxis=False,
            hovertemplate="%{customdata}<br>trust %{y:.2f}<br>%{x:.1f} forwards a picture<extra></extra>",
        )
    )
    for height, words in ((1.0, "as much as the grid can show of the truth"), (0.0, "knows no network")):
        figure.add_hline(
            y=height,
            line={"color": look.quiet, "dash": "dot", "width": 1},
            annotation={"text": words, "font": {"color": look.quiet}, "xanchor": "right"},
        )
    figure.update_xaxes(
        title="cost, forward passes a picture", type="log", gridcolor="rgba(128,128,128,.2)", automargin=True
    )
    figure.update_yaxes(title="trust", gridcolor="rgba(128,128,128,.2)", automargin=True, zeroline=False)
    figure.update_layout(height=420, showlegend=False)
    figure.update_xaxes(range=[-0.3, max(1.0, float(np.log10(result.cost.max())) + 0.6)])
    return dress(figure, look, title=result.sentence, aspect=0.6, axes=True)


def telling_classes(result: Calibration, look: Look) -> go.Figure:
    """Share of each method's map on the right animal of four, with its interval; chance is a quarter."""
    column = result.columns.index("grid_game")
    rows = sorted(result.methods, key=lambda row: result.mean[row, column])
    mean = result.mean[rows, column]
    figure = go.Figure(
        go.Scatter(
            x=mean,
            y=[result.titles[row] for row in rows],
            mode="markers",
            marker={"color": look.accent, "size": 9, "line": {"color": look.ink, "width": 0.5}},
            error_x={
                "array": result.high[rows, column] - mean,
                "arrayminus": mean - result.low[rows, column],
                "thickness": 1.2,
                "color": look.quiet,
            },
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    )
    figure.add_vline(
        x=0.25,
        line={"color": look.quiet, "dash": "dot", "width": 1},
        annotation={"text": "chance", "font": {"color": look.quiet}},
    )
    figure.update_xaxes(title="share of the map on the right animal of four", gridcolor="rgba(128,128,128,.2)")
    figure.update_yaxes(automargin=True)
    figure.update_layout(height=80 + 22 * len(rows), showlegend=False)
    return dress(figure, look, title=result.sentence, aspect=0.7, axes=True)


def _labels(result: Calibration, rows: list[int]) -> list[str]:
    """Titles of the dots that have room for one; the others tell theirs when pointed at."""
    placed: list[tuple[float, float]] = []
    labels = []
    for i in rows:
        spot = (float(np.log10(max(result.cost[i], 0.1))), float(result.mean[i, 0]))
        free = all(abs(spot[0] - x) > 0.5 or abs(spot[1] - y) > 0.07 for x, y in placed)
        labels.append(f"  {result.titles[i]}" if free else "")
        placed += [spot] if free else []
    return labels


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
