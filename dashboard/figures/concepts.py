"""Figures of the concept lens: what is exported of a bank, and of one image read in it."""

from typing import Any

import plotly.graph_objects as go

from dashboard.figures.concept_bars import curves, global_bars, local_bars
from dashboard.figures.concept_cards import imagined, maps, sheet
from dashboard.figures.concept_graph import graph
from dashboard.figures.style import Look


def figures(result: Any, look: Look) -> dict[str, go.Figure]:
    """A bank: the strategic graph, the concepts' crops, their importance, fidelity. An image: its maps and its bars."""
    if hasattr(result, "closeness"):
        return {"imagined": imagined(result, look)}
    if not hasattr(result, "clusters"):
        return {"maps": maps(result, look), "contributions": local_bars(result.names, result.importance, look)}
    return {
        "graph": graph(result, look),
        "concepts": sheet(result, look),
        "importance": global_bars(result, look),
        "fidelity": curves(result, look),
    }
