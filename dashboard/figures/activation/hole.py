"""A picture to draw a hole on."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.style import Look, photo_uri

SIDE, POINTS = 180, 25  # pixels of the figure, and points a side that the pointer can take in
BARE = {"visible": False, "constrain": "domain"}


def canvas(view: np.ndarray, hole: tuple[float, float, float], look: Look) -> go.Figure:
    """The picture as the model sees it, in shares of its sides, and the hole that it has.

    Args:
        view: (h, w, 3) uint8.
        hole: row and column of its middle and its side, shares of the picture's; side 0 for none.
        look: how it is drawn.
    """
    places = np.linspace(0, 1, POINTS)
    # Plotly draws boxes where there is something to take in: points that nobody sees.
    unseen = go.Scatter(
        x=np.tile(places, POINTS), y=np.repeat(places, POINTS), mode="markers", marker_opacity=0, hoverinfo="skip"
    )
    unseen.update(selected_marker_opacity=0, unselected_marker_opacity=0)
    figure = go.Figure(unseen)
    figure.add_layout_image(
        source=photo_uri(view), x=0, y=0, sizex=1, sizey=1, xref="x", yref="y", sizing="stretch", layer="below"
    )
    row, column, side = hole
    if side:
        box = {"x0": column - side / 2, "x1": column + side / 2, "y0": row - side / 2, "y1": row + side / 2}
        figure.add_shape(**box, line_color=look.accent, fillcolor="rgba(127,127,127,0.6)")
    figure.update_xaxes(**BARE, range=(0, 1))
    figure.update_yaxes(**BARE, range=(1, 0), scaleanchor="x")
    figure.update_layout(dragmode="select", width=SIDE, height=SIDE, margin={"l": 0, "r": 0, "t": 0, "b": 0})
    return figure
