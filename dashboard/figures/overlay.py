"""A map over a photo: both as pictures, smooth in every view, with numbers under the pointer."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from scipy.ndimage import gaussian_filter

from dashboard.figures.paint import SIGNED, enlarged, paint, paint_signed, scale, smooth
from dashboard.figures.style import Look, photo_uri
from models import Photo
from models.imagesets.frame import Frame

WIDEST = 1000  # pixels of a photo on a page
HOVER = 24  # numbers under the pointer: at most so many cells a side, for the page is sent at every rerun
BORDER = (124, 116, 104)  # about a photo that a model sees whole: the mean colour of ImageNet
DIM = "rgba(127,127,127,0.62)"  # over what the model did not see
Kind = Literal["heat", "contours", "signed"]


@dataclass(frozen=True)
class Surroundings:
    """The whole photo around what the model saw.

    Attributes:
        pixels: the photo (H, W, 3) uint8, and what was laid about it for the model, at a size fit for a page.
        size: their rows and columns in pixels of the model's view.
        corner: row and column of the view's upper left corner in them.
    """

    pixels: np.ndarray
    size: tuple[int, int]
    corner: tuple[int, int]


@lru_cache(maxsize=64)
def surroundings(photo: Photo, frame: Frame) -> Surroundings:
    """A photo and what a model saw of it, at most 1000 pixels wide or high.

    Where the model saw more than the photo, with a border about it, the border is part of the surroundings.
    """
    pil = photo.pil()
    pil.thumbnail((WIDEST, WIDEST))
    top, left = min(frame.top, 0), min(frame.left, 0)
    rows = max(frame.resized[0], frame.top + frame.window[0]) - top
    columns = max(frame.resized[1], frame.left + frame.window[1]) - left
    if (rows, columns) != frame.resized:
        scale = (pil.width / frame.resized[1], pil.height / frame.resized[0])
        wider = Image.new("RGB", (round(columns * scale[0]), round(rows * scale[1])), BORDER)
        wider.paste(pil, (round(-left * scale[0]), round(-top * scale[1])))
        pil = wider
    return Surroundings(np.asarray(pil), (rows, columns), (frame.top - top, frame.left - left))


@dataclass(frozen=True)
class Map:
    """What lies over a photo.

    Attributes:
        values: (h, w); in [0, 1] or, for the signed view, about 0.
        kind: how it is drawn.
        title: of its scale.
        cell: pixels of the photo that one cell of the map covers; how far it is smoothed.
    """

    values: np.ndarray
    kind: Kind
    title: str
    cell: float = 1.0


def over_photo(image: np.ndarray, shown: Map | None, look: Look, around: Surroundings | None = None) -> go.Figure:
    """The photo with a map over it.

    Args:
        image: what the model saw (H, W, 3) uint8.
        shown: the map; None for the photo alone.
        look: how it is drawn.
        around: the whole photo, of which the part that the model did not see is dimmed.

    Returns:
        A figure in pixel coordinates of what the model saw, rows downwards.
    """
    height, width = image.shape[:2]
    figure = go.Figure(go.Scatter(x=[], y=[], showlegend=False, hoverinfo="skip"))
    figure.layout.template = go.layout.Template()  # the default one is 7 KB, sent at every rerun
    photo = photo_uri(image, lossless=look.export)
    if around is None:
        left, top, right, bottom = 0, 0, width, height
    else:
        (top, left), (rows, columns) = (-around.corner[0], -around.corner[1]), around.size
        right, bottom, photo = left + columns, top + rows, photo_uri(around.pixels, lossless=look.export)
    _lay(figure, photo, (left, top, right, bottom))
    if shown is not None:
        _draw(figure, shown, look, (height, width))
    if around is not None:
        _dim(figure, (left, top, right, bottom), (width, height))
    figure.update_xaxes(range=[left - 0.5, right - 0.5], visible=False, constrain="domain")
    figure.update_yaxes(range=[bottom - 0.5, top - 0.5], visible=False, scaleanchor="x", constrain="domain")
    return figure


def _draw(figure: go.Figure, shown: Map, look: Look, size: tuple[int, int]) -> None:
    values = smooth(shown.values, size, shown.cell)
    limit = (float(np.abs(shown.values).max()) or 1.0) if shown.kind == "signed" else 1.0
    if shown.kind == "contours":
        figure.add_trace(_contours(_without(gaussian_filter(values, 3), look.bare), look))
    else:
        painted = (
            paint_signed(values / limit, look.opacity)
            if shown.kind == "signed"
            else paint(values, look.opacity, look.colours)
        )
        painted[:, : round(look.bare * size[1]), 3] = 0
        _lay(figure, photo_uri(painted, lossless=look.export), (0, 0, size[1], size[0]))
    figure.add_trace(_numbers(shown, size))
    figure.add_trace(_scale(shown, limit, look))


def _contours(values: np.ndarray, look: Look) -> go.Contour:
    """Lines, which leave the photo as it is."""
    top = float(np.nanmax(values)) or 1.0
    return go.Contour(
        z=np.round(values / top, 2),
        zmin=0,
        zmax=1,
        colorscale=look.colours,
        opacity=min(1.0, look.opacity + 0.3),
        contours={"coloring": "lines", "start": 0.2, "end": 0.95, "size": 0.25},
        line={"width": 3, "smoothing": 1.3},
        showscale=False,
        hoverinfo="skip",
    )


def _numbers(shown: Map, size: tuple[int, int]) -> go.Heatmap:
    """What the pointer reads: nothing to see, a number a cell."""
    rows, columns = (min(side, HOVER) for side in shown.values.shape)
    values, words = enlarged(shown.values, (rows, columns)), "%{z:+.3g}"
    if shown.kind != "signed":
        values, words = np.round(100 * values).astype(np.uint8), "%{z}% of the strongest evidence"
    return go.Heatmap(
        z=values,
        x0=size[1] / columns / 2 - 0.5,
        dx=size[1] / columns,
        y0=size[0] / rows / 2 - 0.5,
        dy=size[0] / rows,
        opacity=0,
        showscale=False,
        hovertemplate=f"{words}<extra></extra>",
    )


def _scale(shown: Map, limit: float, look: Look) -> go.Scatter:
    """The scale below the photo: it takes no width from it."""
    low = -limit if shown.kind == "signed" else 0.0
    colours = scale(look.opacity, SIGNED if shown.kind == "signed" else look.colours)
    bar = {
        "title": {"text": shown.title, "side": "top", "font": {} if look.export else {"size": 12}},
        "orientation": "h",
        "thickness": 8,
        "len": 0.6,
        "outlinewidth": 0,
        "x": 0.5,
        **({"y": 0, "yanchor": "bottom", "ypad": 6} if look.export else {"y": -0.02, "yanchor": "top"}),
        "nticks": 5,
        "tickfont": {"color": look.ink, **({} if look.export else {"size": 12})},
    }
    if shown.kind != "signed":
        bar |= {"tickvals": [0, 0.5, 1], "ticktext": ["none", "half", "strongest"]}
    marker = {"color": [0], "cmin": low, "cmax": limit, "colorscale": colours, "showscale": True, "colorbar": bar}
    return go.Scatter(x=[None], y=[None], mode="markers", marker=marker, showlegend=False, hoverinfo="skip")


def _lay(figure: go.Figure, source: str, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    figure.add_layout_image(
        source=source,
        xref="x",
        yref="y",
        x=left - 0.5,
        y=top - 0.5,
        sizex=right - left + 1e-6 * len(figure.layout.images),  # Plotly draws one picture a place and size
        sizey=bottom - top,
        sizing="stretch",
        layer="below",
    )


def _dim(figure: go.Figure, box: tuple[int, int, int, int], view: tuple[int, int]) -> None:
    """Lay grey over what lies outside the view."""
    left, top, right, bottom = box
    outside = (
        (left, top, 0, bottom),
        (view[0], top, right, bottom),
        (0, top, view[0], 0),
        (0, view[1], view[0], bottom),
    )
    for x0, y0, x1, y1 in outside:
        if x1 > x0 and y1 > y0:
            corners = {"x0": x0 - 0.5, "y0": y0 - 0.5, "x1": x1 - 0.5, "y1": y1 - 0.5}
            figure.add_shape(type="rect", **corners, fillcolor=DIM, line_width=0, layer="below")


def _without(values: np.ndarray, bare: float) -> np.ndarray:
    shown = values.astype(np.float32)
    shown[:, : round(bare * shown.shape[1])] = np.nan
    return shown
