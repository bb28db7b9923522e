"""Titled pictures on one sheet of paper."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures.paper import LINE, broken
from dashboard.figures.style import Look, dress, paper_size, photo_uri


def sheet(pictures: Sequence[tuple[str, np.ndarray]], look: Look, title: str, columns: int = 4) -> go.Figure:
    """Pictures (H, W, 3) uint8 of one size, each under its title, so many in a row.

    Args:
        pictures: (title, picture).
        look: see `Look`.
        title: the finding, in a sentence.
        columns: at most so many in a row.
    """
    count, columns = len(pictures), min(columns, len(pictures))
    rows = -(-count // columns)
    height, width = pictures[0][1].shape[:2]
    spread, size = paper_size(look)
    inside = (spread - 2 * size) / columns
    names = [broken(name, 0.96 * inside, size) if look.export else name for name, _ in pictures]
    words = (1 + max(name.count("<br>") for name in names)) * LINE * size + 0.4 * size  # pixels above each row
    shown = 0.98 * inside * height / width
    tall = rows * shown + (rows - 1) * words
    figure = make_subplots(
        rows,
        columns,
        subplot_titles=names,
        horizontal_spacing=0.02,
        vertical_spacing=words / tall if look.export else 0.12 / max(2, rows),
    )
    for index, (_, picture) in enumerate(pictures):
        _place(figure, picture, divmod(index, columns), look)
    figure.update_xaxes(range=[0, width], visible=False, constrain="domain")
    figure.update_yaxes(range=[height, 0], visible=False, constrain="domain")
    figure.update_layout(height=250 * rows)
    titles = len(figure.layout.annotations)
    dress(figure, look, title=title, aspect=tall / spread)
    for name in figure.layout.annotations[:titles]:
        name.update(font_size=figure.layout.font.size, font_color=look.ink)
    if not look.export:
        figure.update_layout(margin_t=26)
    else:  # the finding stands above the titles of the first row
        figure.layout.annotations[titles].yshift += words
        figure.update_layout(margin_t=figure.layout.margin.t + words)
        if look.width != "slide":
            figure.update_layout(height=figure.layout.height + words)
    return figure


def _place(figure: go.Figure, picture: np.ndarray, cell: tuple[int, int], look: Look) -> None:
    """Put a picture (H, W, 3) into the cell (row, column) of a figure."""
    row, column = (at + 1 for at in cell)
    figure.add_scatter(x=[], y=[], showlegend=False, row=row, col=column)
    trace = figure.data[-1]
    height, width = picture.shape[:2]
    figure.add_layout_image(
        source=photo_uri(picture, lossless=look.export),
        xref=trace.xaxis,
        yref=trace.yaxis,
        x=0,
        y=0,
        sizex=width,
        sizey=height,
        sizing="stretch",
    )
    figure.update_yaxes(scaleanchor=trace.xaxis, row=row, col=column)
