"""Names for concepts as a picture: the crops of each, and what a CLIP would call them."""

from typing import Any

import plotly.graph_objects as go

from dashboard.figures.concept_rows import Cell, table
from dashboard.figures.style import Look

MOST = 10


def figures(result: Any, look: Look) -> dict[str, go.Figure]:
    """A row for each concept."""
    rows = [[Cell(result.crops[i], f"{name}: {fitting(result, i)}")] for i, name in enumerate(result.names[:MOST])]
    return {"named": table(rows, [f"{result.label.split(',')[0]}, {result.of_title}"], result.sentence, look)}


def fitting(result: Any, concept: int) -> str:
    """The names that fit a concept best, with their cosines."""
    return ", ".join(
        f"{word} {cosine:.2f}" for word, cosine in zip(result.best[concept], result.cosine[concept], strict=True)
    )
