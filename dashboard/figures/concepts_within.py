"""The parts of a concept as a picture: the crops with most of each."""

from typing import Any

import plotly.graph_objects as go

from dashboard.figures.concept_rows import Cell, table
from dashboard.figures.style import Look

MOST = 6


def figures(result: Any, look: Look) -> dict[str, go.Figure]:
    """A row a part."""
    rows = [
        [Cell(crops[:MOST], f"part {part + 1}, {share:.0%} of the activation")]
        for part, (crops, share) in enumerate(zip(result.crops, result.share, strict=True))
    ]
    head = f"{result.name} of {result.label.split(',')[0]}, seen at {result.earlier}"
    return {"parts": table(rows, [head], result.sentence, look)}
