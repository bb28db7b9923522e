"""Concepts as pictures: the crops in which each is strongest."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.concepts.colours import rgb, tinted
from dashboard.figures.overlay import over_photo
from dashboard.figures.style import Look, dress, photo_uri
from explainers.concepts.bank.lens import Concepts
from explainers.concepts.explain import ConceptExplained
from explainers.concepts.imagine import Imagined

GAP = 4
EDGE = 3
MOST = 10


def strip(result: Concepts, concept: int, count: int = 8) -> np.ndarray:
    """The best crops of a concept side by side, uint8 (s, w, 3), on the concept's hue."""
    crops = result.crops[concept][:count]
    side = crops.shape[1]
    band = np.full((side + 2 * EDGE, len(crops) * (side + GAP) - GAP + 2 * EDGE, 3), 255, np.uint8)
    band[:] = np.array(rgb(concept), np.uint8)
    for i, crop in enumerate(crops):
        left = EDGE + i * (side + GAP)
        band[EDGE : EDGE + side, left : left + side] = crop
    return band


def framed(result: Concepts, concept: int, count: int = 8) -> np.ndarray:
    """The best crops of a concept, each in a frame of the concept's hue, uint8 (count, s, s, 3)."""
    crops = result.crops[concept][:count]
    frames = np.pad(crops, ((0, 0), (EDGE, EDGE), (EDGE, EDGE), (0, 0)))
    frames[:, [*range(EDGE), *range(-EDGE, 0)]] = frames[:, :, [*range(EDGE), *range(-EDGE, 0)]] = rgb(concept)
    return frames


def heat(result: Concepts, image: int, concept: int) -> np.ndarray:
    """An image of the bank with a concept's map over it, uint8 (s, s, 3)."""
    return tinted(
        result.thumbnails[image], result.codes[image, ..., concept], float(result.threshold[concept]), concept
    )


def sheet(result: Concepts, look: Look) -> go.Figure:
    """All concepts, a row each: name, share, and its best crops."""
    shown = range(min(MOST, len(result.names)))
    bands = [strip(result, concept) for concept in shown]
    height, width = bands[0].shape[:2]
    figure = go.Figure(go.Scatter(x=[], y=[], showlegend=False))
    for row, band in enumerate(bands):
        figure.add_layout_image(
            source=photo_uri(band, lossless=look.export),
            xref="x",
            yref="y",
            x=0,
            y=row * (height + 10),
            sizex=width,
            sizey=height,
            sizing="stretch",
            layer="below",
        )
        figure.add_annotation(
            x=-12,
            y=row * (height + 10) + height / 2,
            xanchor="right",
            showarrow=False,
            align="right",
            text=f"<b>{result.names[row]}</b><br>{result.global_importance[row]:.0%}",
            font={"color": look.ink},
        )
    total = len(bands) * (height + 10)
    figure.update_xaxes(range=[-260, width], visible=False, constrain="domain")
    figure.update_yaxes(range=[total, 0], visible=False, scaleanchor="x", constrain="domain")
    figure.update_layout(height=int(60 * len(bands)))
    return dress(figure, look, title=result.sentence, aspect=total / (width + 260))


def maps(result: ConceptExplained, look: Look) -> go.Figure:
    """One image, and the maps of the concepts that weigh most in it, side by side."""
    order = np.argsort(-np.abs(result.importance), kind="stable")[:3]
    pictures = [result.image, *(lit(result, int(concept)) for concept in order)]
    words = ["", *(f"{result.names[i]} {result.importance[i]:+.2f}" for i in order)]
    side = result.image.shape[1]
    figure = go.Figure(go.Scatter(x=[], y=[], showlegend=False))
    for place, (picture, title) in enumerate(zip(pictures, words, strict=True)):
        left = place * side * 1.04
        figure.add_layout_image(
            source=photo_uri(picture, lossless=look.export),
            xref="x",
            yref="y",
            x=left,
            y=0,
            sizex=side,
            sizey=picture.shape[0],
            sizing="stretch",
            layer="below",
        )
        figure.add_annotation(
            x=left + side / 2, y=-0.02 * side, text=title, showarrow=False, yanchor="bottom", font={"color": look.ink}
        )
    width, height = len(pictures) * side * 1.04, result.image.shape[0]
    figure.update_xaxes(range=[0, width], visible=False, constrain="domain")
    figure.update_yaxes(range=[height, -0.16 * side], visible=False, scaleanchor="x", constrain="domain")
    figure.update_layout(height=240)
    return dress(figure, look, title=result.sentence, aspect=1.2 * height / width)


def lit(result: ConceptExplained, concept: int) -> np.ndarray:
    """An image read in a bank with one concept's map over it."""
    return tinted(result.image, result.codes[..., concept], float(result.threshold[concept]), concept)


def faded(result: Imagined) -> np.ndarray:
    """A picture made for a concept, greyed where the answer did not depend on it, uint8 (s, s, 3)."""
    weight = np.clip(result.alpha * 2.2, 0.12, 1)[..., None]
    return np.asarray((result.image * weight + 232 * (1 - weight)).astype(np.uint8))


def imagined(result: Imagined, look: Look) -> go.Figure:
    """A picture made for a concept."""
    return dress(over_photo(faded(result), None, look), look, title=result.sentence)
