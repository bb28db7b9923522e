"""Figures of champions beside photos: likeness and plainness as boxes, and pairs of pictures."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures.fooling.lines import GRID, colour
from dashboard.figures.raster import in_a_row
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look, dress
from explainers.fooling.studies.unlike import PLAINNESS, Unlike


@draws(Unlike, lambda result: result.champions[0])
def figures(result: Unlike, look: Look) -> dict[str, go.Figure]:
    """Likeness, plainness, and champions with the photo that is most like them."""
    return {
        "likeness": likeness(result, look),
        "plainness": plainness(result, look),
        "pairs": sheet(pairs(result), look, result.sentence, 3),
    }


def pairs(result: Unlike) -> list[tuple[str, np.ndarray]]:
    """Title, and a champion beside the photo of its class that is most like it."""
    return [
        (f"{name}, {confidence:.2f}, and the nearest photo", in_a_row(np.stack([champion, photo])))
        for (name, confidence), champion, photo in zip(result.names, result.champions, result.nearest, strict=True)
    ]


def likeness(result: Unlike, look: Look) -> go.Figure:
    """Cosines with photos of the class: champions, and what they are compared with."""
    groups = {
        "champions": result.likeness,
        "photos of the class": result.photo_likeness,
        "photos of other classes": result.other_likeness,
        "random pictures": result.random_likeness,
    }
    figure = go.Figure()
    for at, (name, values) in enumerate(groups.items()):
        _box(figure, name, values, colour(0, look) if at == 0 else look.quiet)
    figure.update_yaxes(title=f"likeness seen by {result.by.split(' (')[0]}", gridcolor=GRID, automargin=True)
    figure.update_layout(height=340, showlegend=False)
    return dress(figure, look, title=result.sentence, aspect=0.6, axes=True)


def plainness(result: Unlike, look: Look) -> go.Figure:
    """Entropy and packed size, a panel each."""
    figure = make_subplots(1, len(PLAINNESS), subplot_titles=PLAINNESS, horizontal_spacing=0.08)
    groups = {"champions": result.plainness, "photos": result.photo_plainness, "random": result.random_plainness}
    for column in range(len(PLAINNESS)):
        for at, (name, values) in enumerate(groups.items()):
            shade = colour(0, look) if at == 0 else look.quiet
            _box(figure, name, values[:, column], shade, row=1, col=column + 1)
    figure.update_yaxes(gridcolor=GRID, rangemode="tozero")
    figure.update_layout(height=300, showlegend=False)
    dress(figure, look, title=result.sentence, aspect=0.45, axes=True)
    return figure if look.export else figure.update_layout(margin_t=28)


def _box(figure: go.Figure, name: str, values: np.ndarray, shade: str, **place: int) -> None:
    figure.add_box(
        y=values,
        name=name,
        line_color=shade,
        fillcolor="rgba(0,0,0,0)",
        boxpoints=False,
        hovertemplate="%{y:.2f}<extra></extra>",
        **place,
    )
