"""Similar concepts of other classes as a picture: crops of each concept beside those of its nearest ones."""

import plotly.graph_objects as go

from dashboard.figures.concepts.table import Cell, table
from dashboard.figures.registry import draws
from dashboard.figures.style import Look
from explainers.concepts.similar import Similar

MOST = 10


@draws(Similar)
def figures(result: Similar, look: Look) -> dict[str, go.Figure]:
    """A row for each concept, a column for each class."""
    rows = []
    for i, name in enumerate(result.names[:MOST]):
        near = [
            Cell(result.near_crops[i, m], f"{result.near_names[i][m]}, cosine {result.cosine[i, m]:.2f}")
            for m in range(len(result.labels))
        ]
        rows.append([Cell(result.crops[i], name), *near])
    heads = [label.split(",")[0] for label in (result.label, *result.labels)]
    return {"similar": table(rows, heads, result.sentence, look)}
