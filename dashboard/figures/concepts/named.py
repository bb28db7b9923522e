"""Names for concepts as a picture: the crops of each, and what a CLIP would call them."""

import plotly.graph_objects as go

from dashboard.figures.concepts.table import Cell, table
from dashboard.figures.registry import draws
from dashboard.figures.style import Look
from explainers.concepts.named import Named

MOST = 10


@draws(Named)
def figures(result: Named, look: Look) -> dict[str, go.Figure]:
    """A row for each concept."""
    rows = [[Cell(result.crops[i], f"{name}: {fitting(result, i)}")] for i, name in enumerate(result.names[:MOST])]
    return {"named": table(rows, [f"{result.label.split(',')[0]}, {result.of_title}"], result.sentence, look)}


def fitting(result: Named, concept: int) -> str:
    """The names that fit a concept best, with their cosines."""
    return ", ".join(
        f"{word} {cosine:.2f}" for word, cosine in zip(result.best[concept], result.cosine[concept], strict=True)
    )
