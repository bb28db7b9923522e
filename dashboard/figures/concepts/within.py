"""The parts of a concept as a picture: the crops with most of each."""

import plotly.graph_objects as go

from dashboard.figures.concepts.table import Cell, table
from dashboard.figures.registry import draws
from dashboard.figures.style import Look
from explainers.concepts.within import Within

MOST = 6


@draws(Within)
def figures(result: Within, look: Look) -> dict[str, go.Figure]:
    """A row a part."""
    rows = [
        [Cell(crops[:MOST], f"part {part + 1}, {share:.0%} of the activation")]
        for part, (crops, share) in enumerate(zip(result.crops, result.share, strict=True))
    ]
    head = f"{result.name} of {result.label.split(',')[0]}, seen at {result.earlier}"
    return {"parts": table(rows, [head], result.sentence, look)}
