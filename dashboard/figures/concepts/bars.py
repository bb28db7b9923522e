"""Bars and curves of the concept lens: how much each concept counts, in all images and in one."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.concepts.colours import colour
from dashboard.figures.style import Look, dress
from explainers.concepts.bank.lens import Concepts

GRID = "rgba(128,128,128,.2)"


def global_bars(result: Concepts, look: Look) -> go.Figure:
    """Share of the class score that each concept carries, and in how many images it comes first."""
    names = list(result.names)
    figure = go.Figure(
        go.Bar(
            x=result.global_importance,
            y=names,
            orientation="h",
            marker={"color": [colour(i) for i in range(len(names))]},
            text=[f"{share:.0%}" for share in result.global_importance],
            textposition="outside",
            cliponaxis=False,
            customdata=np.stack([result.prevalence, result.reliability], 1),
            hovertemplate="%{y}: %{x:.1%} of the score<br>first in %{customdata[0]:.0%} of the images"
            "<br>of these %{customdata[1]:.0%} are labelled as the class<extra></extra>",
        )
    )
    least, most = float(result.global_importance.min()), float(result.global_importance.max())
    room = 0.15 * (most - min(least, 0.0))  # for the numbers at the ends of the bars
    figure.update_xaxes(
        title="share of the class score, its constant left out",
        tickformat=".0%",
        gridcolor=GRID,
        automargin=True,
        range=[least - room if least < 0 else 0.0, most + room],
    )
    figure.update_yaxes(autorange="reversed", tickfont_color=look.ink, automargin=True)
    figure.update_layout(height=80 + 24 * len(names), bargap=0.3)
    return dress(figure, look, title=result.sentence, aspect=0.5, axes=True)


def local_bars(names: tuple[str, ...], scores: np.ndarray, look: Look) -> go.Figure:
    """What each concept adds to one image's score, signed, the largest first."""
    order = np.argsort(-np.abs(scores), kind="stable")[:8]
    figure = go.Figure(
        go.Bar(
            x=scores[order],
            y=[names[i] for i in order],
            orientation="h",
            marker={"color": [colour(int(i)) for i in order]},
            text=[f"{scores[i]:+.2f}" for i in order],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        )
    )
    reach = float(np.abs(scores).max()) or 1.0
    low = -1.4 * reach if (scores[order] < 0).any() else 0.0
    figure.update_xaxes(visible=False, range=[low, 1.4 * reach], zeroline=True)
    figure.update_yaxes(autorange="reversed", tickfont_color=look.ink, automargin=True)
    figure.update_layout(height=24 * len(order) + 20, bargap=0.3)
    words = "What each concept adds to the score of the class."
    return dress(figure, look, title=words, aspect=0.5, axes=True)


def curves(result: Concepts, look: Look) -> go.Figure:
    """Mean probability of the class as concepts are put in or taken away, the most important first."""
    steps = np.arange(len(result.c_insertion))
    figure = go.Figure()
    for values, name, dash, hue in (
        (result.c_insertion, "put in", "solid", look.accent),
        (result.c_deletion, "taken away", "dash", "#d97706"),
    ):
        figure.add_scatter(x=steps, y=values, name=name, mode="lines+markers", line={"color": hue, "dash": dash})
    figure.update_xaxes(title="concepts, the most important first", gridcolor=GRID, automargin=True)
    figure.update_yaxes(title="probability of the class", rangemode="tozero", gridcolor=GRID, automargin=True)
    figure.update_layout(height=280, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"})
    one, every = result.c_insertion[1], result.c_insertion[-1]
    words = f"The first concept alone gives the class {one:.0%}; all of them {every:.0%}."
    return dress(figure, look, title=words, aspect=0.5, axes=True)


def similarity(result: Concepts, look: Look) -> go.Figure:
    """Cosines of the concepts with each other."""
    lengths = np.linalg.norm(result.dictionary, axis=1, keepdims=True)
    unit = result.dictionary / np.where(lengths > 0, lengths, 1)
    names = list(result.names)
    figure = go.Figure(
        go.Heatmap(
            z=(unit @ unit.T).astype(np.float32),
            x=names,
            y=names,
            zmin=-1,
            zmax=1,
            colorscale="RdBu_r",
            colorbar={"title": {"text": "cosine", "side": "right"}, "thickness": 10, "outlinewidth": 0},
            hovertemplate="%{y} and %{x}: cosine %{z:.2f}<extra></extra>",
        )
    )
    figure.update_xaxes(tickangle=-45, automargin=True)
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(height=80 + 32 * len(names))
    return dress(figure, look, title="How alike the concepts are", aspect=0.9, axes=True)
