"""Room on paper: how much of it legends, tick labels and axis titles take, reckoned before anything is drawn."""

import math
import textwrap
from collections.abc import Iterable

import plotly.graph_objects as go
from plotly.basedatatypes import BaseTraceType

LETTER = 0.56  # mean width of a letter, as a share of the size of the type
LINE = 1.35  # height of a line


def wrapped(words: str, room: float, size: float) -> list[str]:
    """Words in lines that fit a room of so many pixels, at a size of type in pixels; at least one line."""
    return textwrap.wrap(words, max(8, int(room / (LETTER * size)))) or [""]


def broken(words: str, room: float, size: float) -> str:
    """As `wrapped`, with marks for Plotly between the lines."""
    return "<br>".join(wrapped(words, room, size))


def left_room(figure: go.Figure, size: float) -> float:
    """Pixels left of the axes: the labels of horizontal bars and of heat maps, and an axis title."""
    labels = max((LETTER * size * len(name) for name in _labels(figure, "y")), default=2.5 * size)
    titled = bool(figure.layout.yaxis.title.text)
    return max(4.5 * size, labels + size * (2.2 if titled else 0.8))


def right_room(figure: go.Figure, size: float) -> float:
    """Pixels right of the axes: a colour bar where there is one."""
    barred = any(isinstance(each, go.Heatmap) and each.showscale is not False for each in figure.data)
    return 7.5 * size if barred else size


def legend_room(figure: go.Figure, across: float, size: float) -> float:
    """Pixels of a legend that lies above the axes."""
    names = [each.name for each in figure.data if each.name and each.showlegend is not False]
    if figure.layout.legend.orientation != "h" or len(names) < 2:
        return 0.0
    widest = max(map(len, names)) * LETTER * size + 46  # Plotly gives each entry the width of the widest
    return math.ceil(len(names) / max(1, int(across / widest))) * size * 2.0 + 0.4 * size


def set_below(figure: go.Figure, across: float, size: float) -> float:
    """Turn tick labels that would not fit, break the axis title; gives the pixels that both take."""
    names = _labels(figure, "x")
    room = 1.9 * size
    if names:
        longest = max(map(len, names)) * LETTER * size
        turned = longest > across / len(names)
        figure.update_xaxes(tickangle=-45 if turned else 0, automargin=True)
        room = 0.72 * longest + 1.6 * size if turned else room
    title = figure.layout.xaxis.title.text
    if title:
        lines = wrapped(title, across, size)
        figure.update_xaxes(title={"text": "<br>".join(lines), "standoff": 0.5 * size, "font": {"size": size}})
        room += (len(lines) * LINE + 1.0) * size
    figure.update_yaxes(title_font_size=size)
    return room


def _labels(figure: go.Figure, axis: str) -> list[str]:
    """Words along an axis; none where it counts."""
    values: Iterable[object] = (value for each in figure.data for value in _along(each, axis))
    return list(dict.fromkeys(value for value in values if isinstance(value, str)))


def _along(trace: BaseTraceType, axis: str) -> Iterable[object]:
    return () if axis not in trace or trace[axis] is None else list(trace[axis])
