"""Figures of the concept lens: what is exported of a bank, and which figure shows what."""

from typing import Any

import plotly.graph_objects as go

from dashboard.figures.concept_bars import curves, global_bars
from dashboard.figures.concept_cards import sheet
from dashboard.figures.concept_graph import graph
from dashboard.figures.style import Look


def figures(result: Any, look: Look) -> dict[str, go.Figure]:
    """The strategic graph first, then the concepts' crops, their importance, and the fidelity curves."""
    return {
        "graph": graph(result, look),
        "concepts": sheet(result, look),
        "importance": global_bars(result, look),
        "fidelity": curves(result, look),
    }
