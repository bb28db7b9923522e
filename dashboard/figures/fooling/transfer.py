"""Figures of transfer: who fools whom as two matrices, and champions with what every network says."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look, dress
from explainers.fooling.studies.transfer import Transfer

SHOWN = 6


@draws(Transfer, lambda result: result.examples[0, 0])
def figures(result: Transfer, look: Look) -> dict[str, go.Figure]:
    """Both matrices, and the model's own champions."""
    return {
        "median": matrix(result, result.median, "median confidence", look),
        "first": matrix(result, result.first, "same first answer", look),
        "champions": sheet([(title, picture) for title, picture, _ in champions(result)], look, result.sentence, 6),
    }


def matrix(result: Transfer, values: np.ndarray, words: str, look: Look) -> go.Figure:
    """Rows are what pictures were evolved on, columns what they were shown to; numbers in the cells."""
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=[short_title(title) for title in result.titles],
            y=[short_title(row) for row in result.rows],
            zmin=0,
            zmax=1,
            colorscale="viridis",
            texttemplate="%{z:.2f}",
            colorbar={"title": {"text": words, "side": "right"}, "thickness": 10},
            hovertemplate=f"%{{y}} shown to %{{x}}: {words} %{{z:.3f}}<extra></extra>",
        )
    )
    figure.update_xaxes(title="shown to", automargin=True, tickangle=-30)
    figure.update_yaxes(title="evolved on", autorange="reversed", automargin=True)
    figure.update_layout(height=140 + 44 * len(result.rows))
    return dress(figure, look, title=result.sentence, aspect=0.7, axes=True)


def short_title(title: str) -> str:
    """A model's title without what stands in brackets."""
    return title.split(" (")[0]


def champions(result: Transfer, row: int = 0) -> list[tuple[str, np.ndarray, str]]:
    """Title, picture and what every network says, of the strongest champions of a row."""
    tiles = []
    for at, picture in enumerate(result.examples[row][:SHOWN]):
        said = " · ".join(
            f"{short_title(title)} {chance:.2f}"
            for title, chance in zip(result.titles, result.example_chances[row, at], strict=True)
        )
        tiles.append((result.example_labels[row][at], picture, said))
    return tiles
