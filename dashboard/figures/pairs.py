"""Tables of pairs: a number for each two, such as how far two maps agree."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.style import Look, dress
from explainers.attribution.compare import SideBySide
from explainers.calibration.own_model import Trial

NUMBERED = 8
"""Up to so many rows, each cell shows its number."""


def agreement_map(result: SideBySide | Trial, look: Look) -> go.Figure:
    """Rank correlation of each two maps."""
    return pairs(result.agreement, result.titles, look, (result.sentence, "rank correlation"), 1.0)


def pairs(table: np.ndarray, names: Sequence[str], look: Look, words: tuple[str, str], most: float) -> go.Figure:
    """A number (n, n) for each two, from -``most`` to ``most``; ``words``: the title, and what is counted."""
    title, quantity = words
    few = len(names) <= NUMBERED
    figure = go.Figure(
        go.Heatmap(
            z=table,
            x=names,
            y=names,
            zmin=-most,
            zmax=most,
            colorscale="RdBu_r",
            text=np.round(table, 2) if few else None,
            texttemplate="%{text:.2f}" if few else None,
            hovertemplate="%{x} and %{y}: %{z:.2f}<extra></extra>",
            colorbar={"title": {"text": quantity, "side": "right"}, "thickness": 10, "outlinewidth": 0},
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont_color=look.ink)
    figure.update_xaxes(automargin=True, tickangle=-40, tickfont_color=look.ink)
    figure.update_layout(height=150 + 30 * len(names))
    return dress(figure, look, title=title, aspect=0.8, axes=True)
