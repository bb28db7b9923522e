"""Crops in rows and columns, each cell with its words: how concepts are laid beside others."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.style import Look, dress, photo_uri

GAP, APART = 4, 40
LINE = 0.034  # room for a line of words, as a share of the width: letters do not shrink with the crops


@dataclass(frozen=True)
class Cell:
    """One cell: crops uint8 (m, s, s, 3) side by side, and the words above them."""

    crops: np.ndarray
    words: str


def table(rows: list[list[Cell]], heads: list[str], title: str, look: Look) -> go.Figure:
    """Rows of cells below the heads of their columns."""
    side, many = rows[0][0].crops.shape[1], max(len(cell.crops) for row in rows for cell in row)
    width = many * (side + GAP) + APART
    line = LINE * len(heads) * width
    height = side + line
    figure = go.Figure(go.Scatter(x=[], y=[], showlegend=False))
    for column, head in enumerate(heads):
        _words(figure, f"<b>{head}</b>", (column * width, 0.0), look)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            _put(figure, cell, (x * width, y * height + 2 * line), look)
    total, across = len(rows) * height + 2 * line, len(heads) * width
    figure.update_xaxes(range=[0, across], visible=False, constrain="domain")
    figure.update_yaxes(range=[total, -line], visible=False, scaleanchor="x", constrain="domain")
    figure.update_layout(height=int(40 + 90 * len(rows)))
    return dress(figure, look, title=title, aspect=min(2.0, (total + line) / across))


def _put(figure: go.Figure, cell: Cell, corner: tuple[float, float], look: Look) -> None:
    side = cell.crops.shape[1]
    band = np.full((side, len(cell.crops) * (side + GAP) - GAP, 3), 255, np.uint8)
    for i, crop in enumerate(cell.crops):
        band[:, i * (side + GAP) : i * (side + GAP) + side] = crop
    figure.add_layout_image(
        source=photo_uri(band, lossless=look.export), xref="x", yref="y", x=corner[0], y=corner[1],
        sizex=band.shape[1], sizey=side, sizing="stretch", layer="below",
    )  # fmt: skip
    _words(figure, cell.words, corner, look)


def _words(figure: go.Figure, words: str, corner: tuple[float, float], look: Look) -> None:
    figure.add_annotation(
        x=corner[0], y=corner[1], text=words, showarrow=False, xanchor="left", yanchor="bottom",
        font={"color": look.ink, "size": 11},
    )  # fmt: skip
