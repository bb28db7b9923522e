"""Figures of the attribution lens."""

from typing import Any

import plotly.graph_objects as go

from dashboard.figures.overlay import contours, heat, over_photo, signed
from dashboard.figures.style import Look, dress


def figures(result: Any, look: Look) -> dict[str, go.Figure]:
    """What is exported of a result with ``image``, ``heatmap`` and ``cam``: the map over the photo, and the signed map."""
    made = {"map": overlay(result, look)}
    if look.show != "signed":
        made["signed"] = overlay(result, Look(**{**vars(look), "show": "signed"}))
    return made


def overlay(result: Any, look: Look) -> go.Figure:
    """The map over the photo, as heat, contours, signed cells, or the photo alone."""
    traces = {
        "heat": lambda: heat(result.heatmap, look),
        "contours": lambda: contours(result.heatmap, look),
        "signed": lambda: signed(result.cam, result.image.shape[:2], look),
        "photo": lambda: None,
    }
    if look.show in ("heat", "contours") and not result.heatmap.any():
        traces[look.show] = lambda: None  # the sentence says that there is nothing to draw
    figure = over_photo(result.image, traces[look.show](), look)
    height, width = result.image.shape[:2]
    return dress(figure, look, title=result.sentence, aspect=0.86 * height / width)


def alt(result: Any, look: Look) -> str:
    """What the figure shows, for those who cannot see it."""
    kind = {"heat": "Heat map", "contours": "Contour lines", "signed": "Signed map", "photo": "Photo without map"}[look.show]
    return f"{kind} over the photo. {result.sentence.replace('*', '')}"


def thumbnail(result: Any) -> go.Figure:
    """A small overlay without scale or words."""
    figure = overlay(result, Look())
    figure.update_traces(showscale=False, hoverinfo="skip")
    return figure
