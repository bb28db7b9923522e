"""The concepts of one class in two models as pictures: matched crops side by side, and all correlations."""

import plotly.graph_objects as go

from dashboard.figures.concepts.table import Cell, table
from dashboard.figures.registry import draws
from dashboard.figures.style import Look, dress
from explainers.concepts.match import Match

MOST = 10


@draws(Match)
def figures(result: Match, look: Look) -> dict[str, go.Figure]:
    """Matched pairs, a row each; and the table of correlations."""
    rows = [
        [
            Cell(result.crops[concept], f"{result.names[concept]}, correlation {value:.2f}"),
            Cell(result.other_crops[other], result.other_names[other]),
        ]
        for (concept, other), value in zip(result.pairs[:MOST], result.matched, strict=False)
    ]
    pairs = table(rows, [result.title, result.other_title], result.sentence, look)
    return {"pairs": pairs, "correlations": correlations(result, look)}


def correlations(result: Match, look: Look) -> go.Figure:
    """Every concept of one model with every one of the other."""
    figure = go.Figure(
        go.Heatmap(
            z=result.correlation,
            x=list(result.other_names),
            y=list(result.names),
            zmin=-1,
            zmax=1,
            colorscale="RdBu_r",
            colorbar={"title": {"text": "correlation", "side": "right"}, "thickness": 10},
            hovertemplate="%{y} and %{x}: correlation %{z:.2f}<extra></extra>",
        )
    )
    figure.update_xaxes(title=result.other_title, tickangle=-45, automargin=True)
    figure.update_yaxes(title=result.title, autorange="reversed", automargin=True)
    figure.update_layout(height=80 + 32 * len(result.names))
    return dress(figure, look, title=result.sentence, aspect=0.9, axes=True)
