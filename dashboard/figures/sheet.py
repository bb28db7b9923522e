"""Titled pictures on one sheet of paper."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures.style import Look, dress, photo_uri


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
    figure = make_subplots(
        rows, columns, subplot_titles=[name for name, _ in pictures], horizontal_spacing=0.02,
        vertical_spacing=0.12 / max(2, rows),
    )  # fmt: skip
    height, width = pictures[0][1].shape[:2]
    for index, (_, picture) in enumerate(pictures):
        row, column = divmod(index, columns)
        place = "" if index == 0 else str(index + 1)
        figure.add_scatter(x=[], y=[], showlegend=False, row=row + 1, col=column + 1)
        figure.add_layout_image(
            source=photo_uri(picture, lossless=look.export), xref=f"x{place}", yref=f"y{place}", x=0, y=0,
            sizex=width, sizey=height, sizing="stretch",
        )  # fmt: skip
        figure.update_layout({f"yaxis{place}": {"scaleanchor": f"x{place}"}})
    figure.update_xaxes(range=[0, width], visible=False, constrain="domain")
    figure.update_yaxes(range=[height, 0], visible=False, constrain="domain")
    figure.update_layout(height=250 * rows)
    names = len(figure.layout.annotations)
    dress(figure, look, title=title, aspect=1.12 * rows / columns * height / width)
    size = figure.layout.font.size
    for each in figure.layout.annotations[:names]:
        each.update(font_size=size, font_color=look.ink)
    if not look.export:
        figure.update_layout(margin_t=26)
    else:  # the finding stands above the titles of the first row
        figure.layout.annotations[names].yshift += 1.7 * size
        figure.update_layout(margin_t=figure.layout.margin.t + 1.7 * size, height=figure.layout.height + 1.7 * size)
    return figure
