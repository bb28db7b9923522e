"""Figures of activation maximisation: the pictures, the way of the first, and the climb."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.fooling.lines import Axes, Line, lines
from dashboard.figures.raster import in_a_row, large
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look
from explainers.activation.facets import Facets
from explainers.activation.generator import LOSSES, GeneratorView
from explainers.activation.lens import Activation
from explainers.activation.sweep import Sweep
from explainers.activation.train import TrainedGenerator

ACROSS = 4


@draws(Activation, lambda result: result.images[0])
def figures(result: Activation, look: Look) -> dict[str, go.Figure]:
    """What is exported."""
    film = [(f"{share:.0%}", frame) for share, frame in zip(shares(result), result.frames, strict=True)]
    return {
        "pictures": sheet(pictures(result), look, result.sentence, ACROSS),
        "film": sheet(film, look, f"The first picture on its way. {result.sentence}", len(film)),
        "climb": climb(result, look),
    }


def shares(result: Activation) -> np.ndarray:
    """How much of the climb was done at each frame."""
    return np.linspace(0, 1, len(result.frames))


def pictures(result: Activation) -> list[tuple[str, np.ndarray]]:
    """Each with what the network, and the judge, make of it."""
    return [(words(result, at), image) for at, image in enumerate(result.images)]


def words(result: Activation, at: int) -> str:
    """What stands above a picture."""
    if result.broken[at]:
        return "stopped: not finite"
    if result.probability[at] < 0:
        return f"{result.trace[-1, at]:.2f}"
    judged = f", judge {result.independent_probability[at]:.0%}" if result.judge else ""
    return f"network {result.probability[at]:.0%}{judged}"


@draws(Sweep, lambda result: result.images[result.best])
def sweep(result: Sweep, look: Look) -> dict[str, go.Figure]:
    """What is exported of a sweep."""
    return {"sweep": sheet(cells(result), look, result.sentence, len(result.e2))}


def cells(result: Sweep) -> list[tuple[str, np.ndarray]]:
    """The pictures of a sweep, row by row, each with its weights and how sure the judge is."""
    return [
        (f"e1 {first:g}, e2 {second:g}: {result.answers[row, column]:.0%}", result.images[row, column])
        for row, first in enumerate(result.e1)
        for column, second in enumerate(result.e2)
    ]


@draws(GeneratorView, lambda result: result.images[0])
def generator(result: GeneratorView, look: Look) -> dict[str, go.Figure]:
    """What is exported of a generator."""
    pairs = [("drawn", image) for image in result.images] + [("encoded, drawn again", image) for image in result.again]
    return {"pictures": sheet(pairs, look, result.sentence, len(result.images) // 2), "losses": losses(result, look)}


def losses(result: GeneratorView, look: Look) -> go.Figure:
    """Its losses while it was trained, each in units of what it was at first."""
    return curves(result.losses, int(result.facts["steps"]), result.sentence, look)


@draws(TrainedGenerator, lambda result: result.images[0])
def trained(result: TrainedGenerator, look: Look) -> dict[str, go.Figure]:
    """What is exported of a training."""
    shown = [(title, picture) for title, pictures in samples(result) for picture in pictures]
    return {
        "pictures": sheet(shown, look, result.sentence, len(result.images)),
        "losses": curves(result.losses, result.step, result.sentence, look),
    }


def samples(result: TrainedGenerator) -> list[tuple[str, np.ndarray]]:
    """Pictures kept apart, what is drawn of their codes, and of codes by lot, each uint8 (N, s, s, 3)."""
    return [
        ("pictures that were kept apart", result.real),
        ("drawn of their codes", result.again),
        ("drawn of codes by lot", result.images),
    ]


def rows(result: TrainedGenerator) -> list[tuple[str, np.ndarray]]:
    """The same, each as one picture, side by side."""
    return [(title, in_a_row(large(images))) for title, images in samples(result)]


def curves(values: np.ndarray, last: int, title: str, look: Look) -> go.Figure:
    """Losses (T, 4) up to a step, each in units of what it was at first."""
    steps = np.linspace(0, last, len(values) + 1)[1:]
    drawn = [
        Line(name=name, x=steps, y=values[:, at] / max(float(values[0, at]), 1e-9)) for at, name in enumerate(LOSSES)
    ]
    return lines(drawn, Axes(x="step", y="loss, of its first value", title=title, unit=False), look)


def climb(result: Activation, look: Look) -> go.Figure:
    """What was asked for, step by step, one line a picture."""
    steps = np.arange(len(result.trace))
    curves = [Line(name=f"picture {at + 1}", x=steps, y=result.trace[:, at]) for at in range(result.trace.shape[1])]
    return lines(curves, Axes(x="step", y="what is climbed", title=result.sentence, unit=False), look)


@draws(Facets, lambda result: result.images[0, 0])
def facets(result: Facets, look: Look) -> dict[str, go.Figure]:
    """What is exported of facets: what was drawn of each, then the pictures nearest to it."""
    shown = [
        (title, picture)
        for title, drawn, photos in zip(facet_titles(result), result.images, result.photos, strict=True)
        for picture in (*drawn, *photos)
    ]
    across = result.images.shape[1] + result.photos.shape[1]
    return {"facets": sheet(shown, look, result.sentence, across)}


def facet_titles(result: Facets) -> list[str]:
    """Each facet by number and share."""
    return [f"Facet {at + 1}, {share:.0%} of the pictures" for at, share in enumerate(result.share)]
