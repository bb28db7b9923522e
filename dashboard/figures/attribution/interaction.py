"""Figures of areas that count together: the areas in the picture, and a table of each two."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.paint import blend
from dashboard.figures.pairs import pairs
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look
from explainers.attribution.interaction import Interaction


@draws(Interaction, lambda result: outlined(result))
def figures(result: Interaction, look: Look) -> dict[str, go.Figure]:
    """What is exported."""
    return {"areas": areas(result, look), "pairs": table(result, look)}


def areas(result: Interaction, look: Look) -> go.Figure:
    """The picture with its areas outlined and numbered."""
    figure = sheet([("", outlined(result))], look, result.sentence, 1)
    for number, (row, column) in enumerate(middles(result.areas), start=1):
        figure.add_annotation(
            x=column,
            y=row,
            text=f"<b>{number}</b>",
            showarrow=False,
            font={"color": "#ffffff", "size": 15},
            bgcolor="rgba(0,0,0,.65)",
            borderpad=3,
        )
    figure.update_layout(height=460)
    return figure


def outlined(result: Interaction) -> np.ndarray:
    """The picture, brighter where an area adds much, with white lines between areas."""
    share = np.clip(result.value / max(float(result.value.max()), 1e-9), 0, 1)
    picture = blend(result.image, share[result.areas].astype(np.float32), 0.55)
    border = np.zeros(result.areas.shape, bool)
    border[1:] |= result.areas[1:] != result.areas[:-1]
    border[:, 1:] |= result.areas[:, 1:] != result.areas[:, :-1]
    return np.where(border[..., None], np.uint8(255), picture).astype(np.uint8)


def middles(areas: np.ndarray) -> list[tuple[float, float]]:
    """Row and column of the pixel of each area that lies nearest to its mean."""
    places = []
    for number in range(int(areas.max()) + 1):
        pixels = np.argwhere(areas == number)
        nearest = pixels[((pixels - pixels.mean(0)) ** 2).sum(1).argmin()]
        places.append((float(nearest[0]), float(nearest[1])))
    return places


def table(result: Interaction, look: Look) -> go.Figure:
    """Each two areas' interaction; on the diagonal what an area adds by itself."""
    values = result.together + np.diag(result.value)
    names = [f"area {at + 1}" for at in range(len(values))]
    return pairs(values, names, look, (result.sentence, "logit"), float(np.abs(values).max()) or 1.0)
