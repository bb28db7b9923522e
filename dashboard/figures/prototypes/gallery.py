"""Figures of all prototypes: each in its own picture beside its nearest patches, and what they rest on."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.prototypes.local import framed
from dashboard.figures.prototypes.local import name as name
from dashboard.figures.raster import in_a_row
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look, dress
from explainers.kit.characteristics import CHARACTERISTICS
from explainers.prototypes.gallery import Gallery
from explainers.prototypes.trained import TrainedPrototypes
from models.labels import short

EXPORTED = 24
SIDE = 128


@draws(Gallery)
def figures(result: Gallery, look: Look) -> dict[str, go.Figure]:
    """What is exported: the purest prototypes, and what all rest on."""
    best = np.argsort(-result.purity, kind="stable")[:EXPORTED]
    pictures = [(title(result, int(at)), framed(result.thumbnails[at], result.boxes[at], SIDE)) for at in best]
    shown = {"prototypes": sheet(pictures, look, result.sentence, 6)}
    return {**shown, "reasons": reasons(result, look)} if result.phi.any() else shown


@draws(TrainedPrototypes)
def trained(result: TrainedPrototypes, look: Look) -> dict[str, go.Figure]:
    """What is exported of a training: its prototypes."""
    count = min(EXPORTED, len(result.owner))
    chosen = np.linspace(0, len(result.owner) - 1, count).astype(int)
    pictures = [
        (short(result.classes[result.owner[at]]), framed(result.thumbnails[at], result.boxes[at], SIDE))
        for at in chosen
    ]
    return {"prototypes": sheet(pictures, look, result.sentence, 6)}


def title(result: Gallery, at: int) -> str:
    """Its number and purity."""
    return f"{name(result, at)}: purity {result.purity[at]:.0%}"


def both(result: Gallery, pair: tuple[int, int]) -> str:
    """Two prototypes of one class."""
    return f"{name(result, pair[0])} and {pair[1]}"


def strip(result: Gallery, at: int) -> np.ndarray:
    """The patches most like a prototype, side by side."""
    return in_a_row(result.nearest[at])


def reasons(result: Gallery, look: Look) -> go.Figure:
    """Global importance of each characteristic, one dot a prototype."""
    figure = go.Figure()
    for characteristic, values in zip(CHARACTERISTICS, result.phi, strict=True):
        figure.add_box(
            y=values,
            name=characteristic,
            boxpoints="all",
            jitter=0.6,
            pointpos=0,
            fillcolor="rgba(0,0,0,0)",
            line_color=look.ink,
            marker={"color": look.accent, "size": 5, "opacity": 0.7},
            hovertemplate="%{y:.3f}<extra></extra>",
        )
    figure.update_yaxes(title="fall of the likeness", gridcolor="rgba(128,128,128,.2)", zeroline=True)
    figure.update_layout(height=320, showlegend=False)
    return dress(figure, look, title=result.sentence, aspect=0.5, axes=True)
