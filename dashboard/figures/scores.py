"""Evidence as pictures: a strip of bars under an exported figure, and the curves behind the scores."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.paper import LINE, broken
from dashboard.figures.style import ACCENT, INK, POINT, QUIET, Look, dress, paper_size
from dashboard.figures.tiles import number, others
from explainers import Evidence, Score
from explainers.results import Word

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
COLUMNS = {"column": 1, "page": 3, "slide": 3}  # scores beside each other
FILL: dict[Word, str] = {"better than": ACCENT, "worse than": "#b45309"}


@dataclass(frozen=True)
class _Cell:
    """A score on the strip: from the left and from the top, in pixels of the strip, and how wide."""

    left: float
    top: float
    width: float


def lay_below(figure: go.Figure, evidence: Evidence, look: Look) -> go.Figure:
    """Lay a strip of evidence below all that an exported figure holds.

    Args:
        figure: drawn for export; it grows, or keeps its height on a slide.
        evidence: the verdict, and of each score its bar from the worst on the left to the best on the right, with a
            line across it for each thing that knows nothing.
        look: that the figure was drawn with.

    Returns:
        The figure, changed.
    """
    spread, size = paper_size(look)
    small, inside, margin = max(7 * POINT, 0.85 * size), spread - 2 * size, figure.layout.margin
    strip = _Strip(figure, margin.r - size - inside, -margin.b, small)
    head = f"Evidence: {evidence.standing}."
    tall = small + strip.write(f"{head} {evidence.sentence}", head, _Cell(0, 0, inside))
    columns = COLUMNS[look.width]
    width = (inside - (columns - 1) * 2 * size) / columns
    for row in range(0, len(evidence.scores), columns):
        scores = evidence.scores[row : row + columns]
        cells = [_Cell(at * (width + 2 * size), tall, width) for at in range(columns)]
        tall += small + strip.row(scores, cells[: len(scores)])
    figure.update_layout(margin_b=margin.b + tall)
    return figure if look.width == "slide" else figure.update_layout(height=figure.layout.height + tall)


@dataclass(frozen=True)
class _Strip:
    """Where a strip lies: its left edge right of the axes' right end, its top above their lower end, in pixels.

    Everything is placed in pixels from that corner, which holds for every kind of figure and moves nothing in it.
    """

    figure: go.Figure
    left: float
    top: float
    size: float

    def row(self, scores: Sequence[Score], cells: Sequence[_Cell]) -> float:
        """Scores beside each other, their bars on one line; gives the height."""
        names = [f"{score.title}: {score.verdict}" for score in scores]
        below = max(self.write(name, score.title, cell) for name, score, cell in zip(names, scores, cells, strict=True))
        for score, cell in zip(scores, cells, strict=True):
            self.bar(score, replace(cell, top=cell.top + below + 0.35 * self.size))
        below += 1.5 * self.size
        words = [", ".join(filter(None, (f"{score.of} {number(score.value)}", others(score)))) for score in scores]
        lower = [replace(cell, top=cell.top + below) for cell in cells]
        return below + max(self.write(values, "", cell) for values, cell in zip(words, lower, strict=True))

    def write(self, words: str, bold: str, cell: _Cell) -> float:
        """Words at the top of a cell, the part ``bold`` of them in bold; gives their height."""
        lines = broken(words, cell.width, self.size)
        place = {"x": 1, "y": 0, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top"}
        self.figure.add_annotation(
            text=lines.replace(bold, f"<b>{bold}</b>", 1) if bold else lines,
            **place,
            xshift=self.left + cell.left,
            yshift=self.top - cell.top,
            showarrow=False,
            align="left",
            font={"size": self.size, "color": INK},
            borderpad=0,
        )
        return (lines.count("<br>") + 1) * LINE * self.size

    def bar(self, score: Score, cell: _Cell) -> None:
        """The track, the score's bar on it, and its opponents' lines."""
        here = score.share(score.value) if math.isfinite(score.value) else 0.0
        colour = FILL.get(score.verdict.word, QUIET)
        self._box(cell, 0.0, 1.0, "#e5e7eb")
        self._box(cell, 0.0, min(1.0, max(0.0, here)), colour)
        for value in score.baselines.values():
            at = min(1.0, max(0.0, score.share(value))) if math.isfinite(value) else 0.0
            self._box(cell, at - 1 / cell.width, at + 1 / cell.width, INK)

    def _box(self, cell: _Cell, start: float, end: float, colour: str) -> None:
        left, top = self.left + cell.left, self.top - cell.top
        self.figure.add_shape(
            type="rect",
            **{
                "xref": "paper",
                "yref": "paper",
                "xsizemode": "pixel",
                "ysizemode": "pixel",
                "xanchor": 1,
                "yanchor": 0,
            },
            **{"x0": left + start * cell.width, "x1": left + end * cell.width, "y0": top, "y1": top - 0.7 * self.size},
            line_width=0,
            fillcolor=colour,
        )


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
