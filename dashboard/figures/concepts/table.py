"""Crops in rows and columns, each cell with its words: how concepts are laid beside others."""

import textwrap
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.paper import LETTER
from dashboard.figures.raster import in_a_row
from dashboard.figures.style import Look, dress, paper_size, photo_uri

GAP, APART = 4, 40
SLIDE = 600.0  # pixels of a slide that are left for rows
LINE = 0.034  # room for a line of words, as a share of the width: letters do not shrink with the crops


@dataclass(frozen=True)
class Cell:
    """One cell: crops uint8 (m, s, s, 3) side by side, and the words above them."""

    crops: np.ndarray
    words: str


@dataclass(frozen=True)
class _Plan:
    """Where things stand, in the pixels of a crop.

    Attributes:
        side, width: of a crop, and of a cell. line: height of the words above a cell. room: letters that fit a line.
    """

    side: int
    width: int
    line: float
    room: int

    def broken(self, words: str) -> str:
        """Words in lines that fit above a cell."""
        return "<br>".join(textwrap.wrap(words, self.room)) if self.room else words


def table(rows: list[list[Cell]], heads: list[str], title: str, look: Look) -> go.Figure:
    """Rows of cells below the heads of their columns."""
    plan = _planned(rows, heads, look)
    height = plan.side + plan.line
    figure = go.Figure(go.Scatter(x=[], y=[], showlegend=False))
    for column, head in enumerate(heads):
        _words(figure, f"<b>{plan.broken(head)}</b>", (column * plan.width, 0.0), look)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            _put(figure, cell, (x * plan.width, y * height + plan.line), (plan, look))
    total, across = len(rows) * height, len(heads) * plan.width
    figure.update_xaxes(range=[0, across], visible=False, constrain="domain")
    figure.update_yaxes(range=[total, -plan.line], visible=False, scaleanchor="x", constrain="domain")
    figure.update_layout(height=int(40 + 90 * len(rows)))
    return dress(figure, look, title=title, aspect=(total + plan.line) / across)


def _planned(rows: list[list[Cell]], heads: list[str], look: Look) -> _Plan:
    """On paper letters do not shrink with the crops: words are broken, and rows stand as far apart as they need."""
    side, many = rows[0][0].crops.shape[1], max(len(cell.crops) for row in rows for cell in row)
    width = many * (side + GAP) + APART
    if not look.export:
        return _Plan(side, width, LINE * len(heads) * width, 0)
    (paper, size), words = paper_size(look), [*heads, *(cell.words for row in rows for cell in row)]
    inside = (paper - 2 * size) / len(heads)
    room = max(8, int((inside - 2 * size) / (LETTER * size)))
    lines = max(len(textwrap.wrap(each, room)) for each in words)
    scale, tall = inside / width, (lines * 1.4 + 0.4) * size
    if look.width == "slide":  # its height is given: crops become smaller, and stand further apart
        scale = min(scale, max(0.1, (SLIDE / (len(rows) + 1) - tall) / side))
    return _Plan(side, int(inside / scale), tall / scale, room)


def _put(figure: go.Figure, cell: Cell, corner: tuple[float, float], how: tuple[_Plan, Look]) -> None:
    plan, look = how
    side = cell.crops.shape[1]
    band = in_a_row(cell.crops, GAP)
    figure.add_layout_image(
        source=photo_uri(band, lossless=look.export),
        xref="x",
        yref="y",
        x=corner[0],
        y=corner[1],
        sizex=band.shape[1],
        sizey=side,
        sizing="stretch",
        layer="below",
    )
    _words(figure, plan.broken(cell.words), corner, look)


def _words(figure: go.Figure, words: str, corner: tuple[float, float], look: Look) -> None:
    figure.add_annotation(
        x=corner[0],
        y=corner[1],
        text=words,
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        align="left",
        font={"color": look.ink, "size": paper_size(look)[1] if look.export else 11},
    )
