"""Figures of neurons in words: what each gives to the score, and the patches that excite it."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look, dress
from explainers.attribution.neurons.lens import Neurons

GAP = 4


@draws(Neurons, lambda result: result.image)
def figures(result: Neurons, look: Look) -> dict[str, go.Figure]:
    """What is exported: contributions, and the patches of every neuron."""
    strips = [(title(result, index), strip(result, index)) for index in range(len(result.neuron))]
    return {"neurons": bars(result, look), "patches": sheet(strips, look, result.sentence, 2)}


def title(result: Neurons, index: int) -> str:
    """A neuron's number and its names."""
    names = ", ".join(result.names[index])
    return f"neuron {result.neuron[index]}" + (f": {names}" if names else "")


def strip(result: Neurons, index: int) -> np.ndarray:
    """What excites a neuron in this picture, and beside it the patches of other pictures."""
    side = result.own.shape[1]
    gap = np.full((side, GAP, 3), 255, np.uint8)
    parts = [result.own[index], gap]
    for patch in result.patches[index]:
        parts += [gap, patch]
    return np.concatenate(parts, 1)


def bars(result: Neurons, look: Look) -> go.Figure:
    """What each neuron gives to the class's score, or takes from it."""
    names = [" ".join((str(neuron), *names[:1])) for neuron, names in zip(result.neuron, result.names, strict=True)]
    figure = go.Figure(
        go.Bar(
            x=result.contribution,
            y=names,
            orientation="h",
            marker_color=[look.accent if value > 0 else "#b45309" for value in result.contribution],
            text=[f"{value:+.2f}" for value in result.contribution],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        )
    )
    low, high = min(0.0, float(result.contribution.min())), max(0.0, float(result.contribution.max()))
    room = 0.25 * (high - low or 1.0)
    figure.update_xaxes(
        range=[low - room, high + room],
        title="what each neuron gives to the score",
        zeroline=True,
        gridcolor="rgba(128,128,128,.2)",
    )
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont_color=look.ink)
    figure.update_layout(height=28 * len(names) + 70)
    return dress(figure, look, title=result.sentence, aspect=0.6, axes=True)
