"""Arrays in, Plotly figures out; one module a lens, or one for a single explainer of it, found by its name."""

import importlib
import importlib.util
from typing import Any

import plotly.graph_objects as go

from dashboard.figures.style import Look

__all__ = ["Look", "figures_of"]


def figures_of(lens: str, result: Any, look: Look) -> dict[str, go.Figure]:
    """The figures of a lens's result, by name: what is exported and what the gallery shows.

    ``dashboard/figures/LENS_MODULE.py`` draws the results of ``explainers/LENS/MODULE.py``; where there is no such
    file, ``dashboard/figures/LENS.py`` draws them.
    """
    own = f"dashboard.figures.{lens}_{type(result).__module__.rpartition('.')[2]}"
    name = own if importlib.util.find_spec(own) else f"dashboard.figures.{lens}"
    made: dict[str, go.Figure] = importlib.import_module(name).figures(result, look)
    return made
