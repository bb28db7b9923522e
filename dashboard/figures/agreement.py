"""How far maps agree: rank correlation of each two."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.style import Look, dress
from explainers.attribution.compare import SideBySide
from explainers.calibration.own_model import Trial


def agreement_map(result: SideBySide | Trial, look: Look) -> go.Figure:
    """Rank correlation of each two maps, with its number in each cell."""
    few = len(result.titles) <= 8
    figure = go.Figure(
        go.Heatmap(
            z=result.agreement,
            x=result.titles,
            y=result.titles,
            zmin=-1,
            zmax=1,
            colorscale="RdBu_r",
            text=np.round(result.agreement, 2) if few else None,
            texttemplate="%{text:.2f}" if few else None,
            hovertemplate="%{x} and %{y}: %{z:.2f}<extra></extra>",
            colorbar={"title": {"text": "rank correlation", "side": "right"}, "thickness": 10, "outlinewidth": 0},
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont_color=look.ink)
    figure.update_xaxes(automargin=True, tickangle=-40, tickfont_color=look.ink)
    figure.update_layout(height=150 + 26 * len(result.titles))
    return dress(figure, look, title=result.sentence, aspect=0.8, axes=True)
