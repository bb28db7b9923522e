"""Figures of maps held to boxes: the pictures with their boxes, and the marks beside maps that know nothing."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.paint import blend
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look, dress
from explainers.attribution.localise.lens import Localisation


@draws(Localisation, lambda result: result.images[0])
def figures(result: Localisation, look: Look) -> dict[str, go.Figure]:
    """What is exported: the first pictures with map and boxes on one sheet, and the marks."""
    return {"boxes": boxes(result, look), "marks": marks(result, look)}


def boxes(result: Localisation, look: Look) -> go.Figure:
    """The first pictures, each with its map, its boxes, and whether it was pointed at."""
    shown = [(caption(result, row), picture(result, row, look)) for row in range(len(result.images))]
    return sheet(shown, look, result.sentence)


def caption(result: Localisation, row: int) -> str:
    """The class explained, and whether the map points at its boxes."""
    name = result.classes[row].split(",")[0]
    return f"{name}: {'hit' if result.marks[row, 0] >= 0.5 else 'miss'}"


def picture(result: Localisation, row: int, look: Look) -> np.ndarray:
    """One of the first pictures (H, W, 3) with its map and the outlines of its boxes."""
    image = result.images[row]
    shown = image.copy() if look.show == "photo" else blend(image, result.maps[row] / 255, look.opacity)
    for box in result.box[result.box_row == row]:
        outline(shown, box)
    return shown


def outline(image: np.ndarray, box: np.ndarray) -> None:
    """Draw a box (left, top, right, bottom) into a picture, white inside black, so that it is seen on any ground."""
    height, width = image.shape[:2]
    line = max(1, min(height, width) // 100)
    left, top, right, bottom = (round(float(side)) for side in box)
    for inset, colour in ((0, 0), (line, 255)):
        x0, y0 = min(left + inset, width - line), min(top + inset, height - line)
        x1, y1 = max(right - inset, x0 + line), max(bottom - inset, y0 + line)
        image[y0 : y0 + line, x0:x1] = image[y1 - line : y1, x0:x1] = colour
        image[y0:y1, x0 : x0 + line] = image[y0:y1, x1 - line : x1] = colour


def marks(result: Localisation, look: Look) -> go.Figure:
    """The four marks with their intervals, beside those of a centre map and of a random map."""
    figure = go.Figure(
        go.Bar(
            x=result.titles,
            y=result.mean,
            name=result.title,
            marker={"color": look.accent},
            error_y={
                "array": result.high - result.mean,
                "arrayminus": result.mean - result.low,
                "color": look.ink,
                "thickness": 1.2,
            },
            hovertemplate="%{x}: %{y:.0%}<extra>%{fullData.name}</extra>",
        )
    )
    for name, values, shape in (
        ("the picture's centre", result.controls[0], ""),
        ("a random map", result.controls[1], "/"),
    ):
        figure.add_bar(
            x=result.titles,
            y=values.mean(0),
            name=name,
            marker={"color": look.quiet, "pattern": {"shape": shape}},
            hovertemplate="%{x}: %{y:.0%}<extra>%{fullData.name}</extra>",
        )
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", gridcolor="rgba(128,128,128,.2)", automargin=True)
    figure.update_xaxes(tickfont_color=look.ink, automargin=True)
    figure.update_layout(height=320, barmode="group", legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"})
    return dress(figure, look, title=result.sentence, aspect=0.6, axes=True)
