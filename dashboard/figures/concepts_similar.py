"""Similar concepts of other classes as a picture: crops of each concept beside those of its nearest ones."""

from typing import Any

import plotly.graph_objects as go

from dashboard.figures.concept_rows import Cell, table
from dashboard.figures.style import Look

MOST = 10


def figures(result: Any, look: Look) -> dict[str, go.Figure]:
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
