"""The strategic cluster graph: one dot an image, near those that are decided by the same concepts."""

import io
import textwrap
from csv import writer
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.concepts.colours import colour
from dashboard.figures.style import Look, dress
from explainers.concepts.bank.lens import Concepts

NEWCOMER = "your image"
OUTSIDER = "your image does not belong here"


@dataclass(frozen=True)
class View:
    """How the graph is looked at.

    Attributes:
        plane: "tsne" or "pca".
        enough: images of which a concept must be the first to be drawn in its colour; 0 is the bank's own number.
        clusters: whether the clusters are named in the graph.
        edges: (e, 2), pairs of images to join with a line; none when empty.
        place: where a new image lands, (x, y); empty for none.
        apart: whether the model does not see the class in the new image, so that it has no place among the dots.
        around: whether the pointer draws around dots, rather than clicking one: Streamlit lets it do one of both.
    """

    plane: str = "tsne"
    enough: int = 0
    clusters: bool = True
    edges: tuple[tuple[int, int], ...] = ()
    place: tuple[float, ...] = ()
    around: bool = False
    apart: bool = False


def positions(result: Concepts, view: View) -> np.ndarray:
    """Where the dots are, (N, 2)."""
    return np.asarray(result.embedding_pca if view.plane == "pca" else result.embedding)


def graph(result: Concepts, look: Look, view: View | None = None) -> go.Figure:
    """Dots coloured by their first concept, faint where that is seldom first; rings are images labelled else."""
    view = view or View()
    at = positions(result, view)
    enough = view.enough or result.enough
    counts = np.bincount(result.top_concept, minlength=len(result.names))
    figure = go.Figure()
    if view.edges:
        _join(figure, at, view.edges, look)
    for concept in np.flatnonzero(counts):
        _dots(figure, result, at, (int(concept), bool(counts[concept] >= enough)), look)
    _rings(figure, result, at, look)
    if view.apart:
        _outsider(figure, at, look)
    elif view.place:
        _newcomer(figure, view.place, look)
    if view.clusters:
        _name_clusters(figure, result, at, look)
    for axis, values, beside in ((figure.update_xaxes, at[:, 0], False), (figure.update_yaxes, at[:, 1], view.apart)):
        room = 0.09 * float(np.ptp(values)) or 1.0
        axis(visible=False, range=[float(values.min()) - room, float(values.max()) + (1 + beside) * room])
    figure.update_layout(
        height=560,
        dragmode="lasso" if view.around else "pan",
        clickmode="event+select",
        hovermode="closest",
        modebar={"orientation": "v"},
        legend=_legend(look),
    )
    return dress(figure, look, title=result.sentence, aspect=0.75)


def _dots(figure: go.Figure, result: Concepts, at: np.ndarray, shown: tuple[int, bool], look: Look) -> None:
    concept, often = shown
    size = {"column": 4.5, "page": 6.5, "slide": 11.0}[look.width] if look.export else 9.0
    members = np.flatnonzero(result.top_concept == concept)
    share = 100 * len(members) / len(at)
    words = [
        f"{result.files[i]}<br>{result.names[concept]} adds {result.importance[i, concept]:+.2f}"
        f"<br>probability {result.probability[i]:.0%}"
        for i in members
    ]
    figure.add_scatter(
        x=at[members, 0],
        y=at[members, 1],
        mode="markers",
        customdata=members,
        text=words,
        name=f"{result.names[concept]} · {share:.0f}%",
        hovertemplate="%{text}<extra></extra>",
        marker={"color": colour(concept), "size": size if often else 0.65 * size, "opacity": 0.9 if often else 0.3},
        unselected={"marker": {"opacity": 0.15}},
        visible=True if often else "legendonly",
        showlegend=often or not look.export,
    )


def _rings(figure: go.Figure, result: Concepts, at: np.ndarray, look: Look) -> None:
    wrong = np.flatnonzero(result.wrong)
    if len(wrong):
        figure.add_scatter(
            x=at[wrong, 0],
            y=at[wrong, 1],
            mode="markers",
            name=f"labelled another class · {len(wrong)}",
            hoverinfo="skip",
            marker={"symbol": "circle-open", "size": 15, "color": look.ink, "line": {"width": 1.6}},
        )


def _newcomer(figure: go.Figure, place: tuple[float, ...], look: Look) -> None:
    figure.add_scatter(
        x=[place[0]],
        y=[place[1]],
        mode="markers+text",
        text=[NEWCOMER],
        textposition="top center",
        name=NEWCOMER,
        marker={"symbol": "star", "size": 19, "color": look.ink, "line": {"width": 1.5, "color": "#ffffff"}},
        textfont={"color": look.ink},
        hovertemplate=f"{NEWCOMER}<extra></extra>",
    )


def _outsider(figure: go.Figure, at: np.ndarray, look: Look) -> None:
    """Above the dots, where none can be: the picture is not of the class."""
    left, top = float(at[:, 0].min()), float(at[:, 1].max()) + 0.1 * float(np.ptp(at[:, 1]))
    figure.add_scatter(
        x=[left],
        y=[top],
        mode="markers+text",
        text=[OUTSIDER],
        textposition="middle right",
        name=OUTSIDER,
        marker={"symbol": "x-thin", "size": 13, "line": {"width": 2, "color": look.quiet}},
        textfont={"color": look.quiet},
        hovertemplate=f"{OUTSIDER}: the model does not see the class in it<extra></extra>",
    )


def _join(figure: go.Figure, at: np.ndarray, edges: tuple[tuple[int, int], ...], look: Look) -> None:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for one, other in edges:
        xs += [float(at[one, 0]), float(at[other, 0]), None]
        ys += [float(at[one, 1]), float(at[other, 1]), None]
    figure.add_scatter(
        x=xs,
        y=ys,
        mode="lines",
        line={"color": look.quiet, "width": 0.5},
        opacity=0.5,
        hoverinfo="skip",
        showlegend=False,
    )


def _name_clusters(figure: go.Figure, result: Concepts, at: np.ndarray, look: Look) -> None:
    """A cluster's line stands above its middle, where half of its dots lie nearer."""
    ground = "rgba(14,17,23,.75)" if look.dark and not look.export else "rgba(255,255,255,.78)"
    for label, line in enumerate(result.clusters):
        places = at[result.strategy == label]
        if len(places) < max(2, 0.03 * len(at)):
            continue
        middle = np.median(places, axis=0)
        figure.add_annotation(
            x=float(middle[0]),
            y=float(middle[1]),
            text=_lines(line, look),
            showarrow=False,
            xanchor=_side(middle[0], at[:, 0]),
            font={"size": look_size(look), "color": look.ink},
            bgcolor=ground,
            borderpad=2,
        )


def _legend(look: Look) -> dict[str, object]:
    """Above the graph on screen, beside it on paper, where the title stands above."""
    common: dict[str, object] = {"itemsizing": "constant"}
    if look.export:
        return {**common, "x": 1.0, "xanchor": "left", "y": 1.0, "yanchor": "top", "font": {"size": look_size(look)}}
    return {**common, "orientation": "h", "y": 1.0, "yanchor": "bottom", "font": {"size": 12}}


def _side(x: float, all_x: np.ndarray) -> str:
    """On which side of its point a line stands, so that it stays inside the graph."""
    share = (x - float(all_x.min())) / (float(np.ptp(all_x)) or 1.0)
    return "left" if share < 0.3 else "right" if share > 0.7 else "center"


def _lines(words: str, look: Look) -> str:
    """A cluster's line, broken where paper is narrow."""
    return "<br>".join(textwrap.wrap(words, 18 if look.width == "column" else 34)) if look.export else words


def look_size(look: Look) -> float:
    """Size of words inside the graph."""
    return 12.0 if not look.export else {"column": 9.4, "page": 10.5, "slide": 17.0}[look.width]


def csv(result: Concepts) -> bytes:
    """The graph as a table: a row an image."""
    head = [
        "file",
        "x_tsne",
        "y_tsne",
        "x_pca",
        "y_pca",
        "cluster",
        "top_concept",
        "probability",
        "labelled",
        *(f"importance_{i + 1}" for i in range(len(result.names))),
    ]
    text = io.StringIO()
    table = writer(text, lineterminator="\n")
    table.writerow(head)
    for i, name in enumerate(result.files):
        numbers = [
            *result.embedding[i],
            *result.embedding_pca[i],
            int(result.strategy[i]),
            int(result.top_concept[i]),
            float(result.probability[i]),
            int(result.labelled[i]),
            *result.importance[i],
        ]
        table.writerow([name, *(f"{number:.6g}" for number in numbers)])
    return text.getvalue().encode()
