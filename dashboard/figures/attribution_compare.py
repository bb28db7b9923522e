"""Figures of maps laid side by side: a sheet of them, and how far they agree."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures.agreement import agreement_map
from dashboard.figures.style import Look, dress, photo_uri
from dashboard.figures.thumbnails import blend, blend_signed

COLUMNS = 4


def figures(result: Any, look: Look) -> dict[str, go.Figure]:
    """What is exported: all maps on one sheet, and their agreement."""
    made = {"sheet": sheet(result, look)}
    if len(result.names) > 1:
        made["agreement"] = agreement_map(result, look)
    return made


def positive(signed_map: np.ndarray) -> np.ndarray:
    """What is drawn of a signed map: its positive part over the largest value."""
    heat = np.clip(signed_map, 0, None)
    top = float(np.percentile(heat, 99.5)) or float(heat.max())
    shown: np.ndarray = np.clip(heat / top, 0, 1) if top > 0 else heat
    return shown


def picture(image: np.ndarray, values: np.ndarray, look: Look) -> np.ndarray:
    """A signed map (H, W) over its photo as an image (H, W, 3), as the view's controls ask."""
    if look.show == "photo":
        return image
    if look.show == "signed":
        return blend_signed(image, values, look.opacity)
    return blend(image, positive(values), look.opacity)


def sheet(result: Any, look: Look) -> go.Figure:
    """All maps, each under its name."""
    count, columns = len(result.names), min(COLUMNS, len(result.names))
    rows = -(-count // columns)
    figure = make_subplots(
        rows, columns, subplot_titles=result.titles, horizontal_spacing=0.02, vertical_spacing=0.24 / max(2, rows) / 2
    )
    height, width = result.image.shape[:2]
    for index, values in enumerate(result.maps):
        row, column = divmod(index, columns)
        place = "" if index == 0 else str(index + 1)
        shown = picture(result.image, values, look)
        figure.add_scatter(x=[], y=[], showlegend=False, row=row + 1, col=column + 1)
        figure.add_layout_image(
            source=photo_uri(shown, lossless=look.export), xref=f"x{place}", yref=f"y{place}", x=0, y=0,
            sizex=width, sizey=height, sizing="stretch",
        )  # fmt: skip
    figure.update_xaxes(range=[0, width], visible=False, constrain="domain")
    figure.update_yaxes(range=[height, 0], visible=False, scaleanchor="x", constrain="domain")
    for index in range(1, count):
        figure.update_layout({f"yaxis{index + 1}": {"scaleanchor": f"x{index + 1}"}})
    figure.update_layout(height=240 * rows)
    dress(figure, look, title=result.sentence, aspect=1.12 * rows / columns)
    small = min(11, figure.layout.font.size)
    figure.for_each_annotation(lambda each: each.update(font_size=small), {"yref": "paper", "yanchor": "bottom"})
    return figure
