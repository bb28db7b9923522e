"""Figures of a concept of the visitor's: its score beside random directions, and the pictures behind it."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.raster import in_a_row
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look, dress
from explainers.attribution.tcav.lens import Tcav
from models.labels import short


@draws(Tcav, lambda result: result.shown[0])
def figures(result: Tcav, look: Look) -> dict[str, go.Figure]:
    """What is exported: the scores, and the pictures."""
    return {"scores": scores(result, look), "pictures": sheet(strips(result), look, result.sentence, 1)}


def scores(result: Tcav, look: Look) -> go.Figure:
    """Share of the class's pictures that go up, a dot each draw, concept and random directions."""
    figure = go.Figure()
    for name, values, colour in (
        (result.concept, result.scores, look.accent),
        ("random directions", result.random, look.quiet),
    ):
        figure.add_box(
            x=values,
            name=name,
            boxpoints="all",
            jitter=0.6,
            pointpos=0,
            fillcolor="rgba(0,0,0,0)",
            line_color=colour,
            marker={"color": colour, "size": 7, "opacity": 0.7},
            hovertemplate="%{x:.0%}<extra></extra>",
        )
    figure.add_vline(x=0.5, line={"color": look.quiet, "dash": "dot", "width": 1})
    words = f"share of pictures of {short(result.label)} that go up"
    figure.update_xaxes(title=words, range=[-0.03, 1.03], tickformat=".0%", gridcolor="rgba(128,128,128,.2)")
    figure.update_yaxes(automargin=True)
    figure.update_layout(height=220, showlegend=False)
    return dress(figure, look, title=result.sentence, aspect=0.35, axes=True)


def strips(result: Tcav) -> list[tuple[str, np.ndarray]]:
    """Pictures of the concept, of the others, and those of the class that it moves most."""
    rows = (
        (f"The concept: {result.concept}", result.shown),
        ("Other pictures", result.others),
        (f"{short(result.label)}: where it counts most, first", result.moved),
    )
    count = min(len(pictures) for _, pictures in rows)
    return [(title, in_a_row(pictures[:count])) for title, pictures in rows]
