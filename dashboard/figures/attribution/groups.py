"""Figures of two groups: where the model looks in each, what differs, and the patches that excite the channels."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.paint import blend, blend_signed, enlarged
from dashboard.figures.raster import in_a_row
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look, dress
from explainers.attribution.groups.lens import Groups

GAP = 2


@draws(Groups, lambda result: result.images[0])
def figures(result: Groups, look: Look) -> dict[str, go.Figure]:
    """What is exported: mean maps and their difference, the channels, their patches; regions where they are known."""
    named = {"maps": maps(result, look), "channels": channels(result, look), "patches": patches(result, look)}
    return {**named, "regions": regions(result, look)} if result.regions else named


def maps(result: Groups, look: Look) -> go.Figure:
    """The mean map of each group over its mean picture, and the first minus the second."""
    return sheet([(title, picture) for title, picture, _ in panels(result, look)], look, result.sentence, columns=3)


def panels(result: Groups, look: Look) -> list[tuple[str, np.ndarray, str]]:
    """Both mean maps over the mean pictures, and their difference: title, picture, and what it shows."""
    size = result.images.shape[1:3]
    top = max(float(result.maps.max()), 1e-12)
    shown = [
        (f"{title} ({count})", blend(image, np.clip(enlarged(values, size) / top, 0, 1), look.opacity), "mean map")
        for title, count, image, values in zip(result.titles, result.counts, result.images, result.maps, strict=True)
    ]
    between = result.images.astype(np.float32).mean(0).round().astype(np.uint8)
    change = blend_signed(between, enlarged(result.difference, size), look.opacity)
    return [*shown, ("Difference", change, f"red: more in {result.titles[0]}; blue: more in {result.titles[1]}")]


def label(result: Groups, at: int) -> str:
    """A channel with the names that it has."""
    names = ", ".join(result.names[at])
    return f"channel {result.neurons[at]}" + (f" ({names})" if names else "")


def channels(result: Groups, look: Look) -> go.Figure:
    """How much more each listed channel gives to the class in one group than in the other, in deviations."""
    names = [label(result, at) for at in range(len(result.neurons))]
    short = [" ".join((str(index), *names[:1])) for index, names in zip(result.neurons, result.names, strict=True)]
    figure = go.Figure(
        go.Bar(
            x=result.effect,
            y=short,
            orientation="h",
            customdata=names,
            marker={"color": [look.accent if d > 0 else "#d97706" for d in result.effect]},
            text=[f"{d:+.1f}" for d in result.effect],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{customdata}: d = %{x:+.2f}<extra></extra>",
        )
    )
    reach = max(float(np.abs(result.effect).max()), 0.1) * 1.3
    ends = [-reach if (result.effect < 0).any() else 0.0, reach if (result.effect > 0).any() else 0.0]
    figure.update_xaxes(
        title={"text": f"d of each channel, + more in {result.titles[0]}", "standoff": 4},
        range=ends,
        automargin=True,
        gridcolor="rgba(128,128,128,.2)",
        zerolinecolor=look.quiet,
    )
    figure.update_yaxes(autorange="reversed", tickfont_color=look.ink, automargin=True, type="category")
    figure.update_layout(height=80 + 30 * len(result.neurons), bargap=0.35)
    return dress(figure, look, title=result.sentence, aspect=0.5, axes=True)


def row_of(crops: np.ndarray) -> np.ndarray:
    """Patches (m, s, s, 3) in a row, a little apart."""
    return in_a_row(crops, GAP)


def patches(result: Groups, look: Look) -> go.Figure:
    """What excites each listed channel most in each group."""
    shown = [
        (f"{result.neurons[at]}, {('first', 'second')[group]} group", row_of(result.crops[at, group]))
        for at in range(len(result.neurons))
        for group in (0, 1)
    ]
    words = f"Patches that excite the channels most: {result.titles[0]} on the left, {result.titles[1]} on the right."
    return sheet(shown, look, words, columns=2)


def regions(result: Groups, look: Look) -> go.Figure:
    """How densely each region is looked at: its share of the positive map over its share of the pixels."""
    figure = go.Figure()
    for group, colour in ((0, look.accent), (1, look.quiet)):
        area = result.areas[result.second == bool(group)].mean(0)
        dense = np.divide(result.parts[group], area, out=np.zeros_like(area), where=area > 0)
        figure.add_bar(
            x=result.regions,
            y=dense,
            name=result.titles[group],
            marker={"color": colour},
            customdata=np.stack([result.parts[group], area], 1),
            hovertemplate="%{x}: %{y:.1f} times its share<br>%{customdata[0]:.1%} of the map on %{customdata[1]:.1%} of"
            " the pixels<extra>%{fullData.name}</extra>",
        )
    figure.add_hline(y=1, line={"color": look.quiet, "width": 1, "dash": "dot"})
    figure.update_yaxes(
        title="share of the map over share of the pixels", gridcolor="rgba(128,128,128,.2)", automargin=True
    )
    figure.update_xaxes(tickfont_color=look.ink, automargin=True)
    figure.update_layout(height=320, barmode="group", legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"})
    return dress(figure, look, title=result.sentence, aspect=0.6, axes=True)
