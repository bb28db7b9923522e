"""Figures of areas that count together: the areas in the picture, and a table of each two."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.paint import blend
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look, dress
from explainers.attribution.interaction import Interaction


@draws(Interaction, lambda result: outlined(result))
def figures(result: Interaction, look: Look) -> dict[str, go.Figure]:
    """What is exported."""
    return {"areas": areas(result, look), "pairs": pairs(result, look)}


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


def pairs(result: Interaction, look: Look) -> go.Figure:
    """Each two areas' interaction; on the diagonal what an area adds by itself."""
    names = [f"area {at + 1}" for at in range(len(result.value))]
    table = result.together + np.diag(result.value)
    most = float(np.abs(table).max()) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=table,
            x=names,
            y=names,
            zmin=-most,
            zmax=most,
            colorscale="RdBu_r",
            text=np.round(table, 2),
            texttemplate="%{text:.2f}",
            hovertemplate="%{x} and %{y}: %{z:.2f}<extra></extra>",
            colorbar={"title": {"text": "logit", "side": "right"}, "thickness": 10, "outlinewidth": 0},
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont_color=look.ink)
    figure.update_xaxes(automargin=True, tickfont_color=look.ink)
    figure.update_layout(height=130 + 34 * len(names))
    return dress(figure, look, title=result.sentence, aspect=0.8, axes=True)
