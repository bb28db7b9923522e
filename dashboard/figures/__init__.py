"""Arrays in, Plotly figures out; one module a lens, found by its name."""

import importlib
from typing import Any

import plotly.graph_objects as go

from dashboard.figures.style import Look

__all__ = ["Look", "figures_of"]


def figures_of(lens: str, result: Any, look: Look) -> dict[str, go.Figure]:
    """The figures of a lens's result, by name: what is exported and what the gallery shows."""
    made: dict[str, go.Figure] = importlib.import_module(f"dashboard.figures.{lens}").figures(result, look)
    return made
