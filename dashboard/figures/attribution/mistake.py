"""Figures of an answer beside the true one."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.attribution.compare import picture
from dashboard.figures.paint import blend, enlarged
from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look, dress
from explainers.attribution.mistake import Mistake


@draws(Mistake, lambda result: blend(result.image, result.heatmap))
def figures(result: Mistake, look: Look) -> dict[str, go.Figure]:
    """What is exported: the maps, and how each class fares."""
    shown = [(title, image) for title, image, _ in panels(result, look)]
    return {"sheet": sheet(shown, look, result.sentence, 3), "classes": fates(result, look)}


def panels(result: Mistake, look: Look) -> list[tuple[str, np.ndarray, str]]:
    """The answer's map, the true class's, and their difference: title, picture, and what it shows."""
    size = result.image.shape[:2]
    maps = {row.index: enlarged(values, size) for row, values in zip(result.rows, result.maps, strict=True)}
    answer, truth = (name.split(",")[0] for name in (result.label, result.truth_label))
    shown = [(f"Answer: {answer}", picture(result.image, maps[result.target], look), "supports the answer")]
    if result.truth != result.target:
        signed = Look(**{**vars(look), "show": "signed"})
        beside = "True class" if result.given else "Second answer"
        shown += [
            (f"{beside}: {truth}", picture(result.image, maps[result.truth], look), f"supports {truth}"),
            (
                "Difference",
                picture(result.image, enlarged(result.cam, size), signed),
                f"red: for {answer}; blue: for {truth}",
            ),
        ]
    return shown


def fates(result: Mistake, look: Look) -> go.Figure:
    """Each class's probability: in the whole picture, in its own place alone, and without the answer's place."""
    names = [f"{row.label.split(',')[0]} ({row.index})" for row in result.rows]
    kinds = (
        ("whole picture", [row.probability for row in result.rows], look.accent),
        ("its own place alone", [row.alone for row in result.rows], "#7c83db"),
        ("the answer's place blurred", [row.without for row in result.rows], "#d97706"),
    )
    figure = go.Figure()
    for name, values, colour in kinds:
        figure.add_bar(
            x=values,
            y=names,
            name=name,
            orientation="h",
            marker_color=colour,
            text=[f"{value:.0%}" if value >= 0.01 else "<1%" for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}, " + name + ": %{x:.3f}<extra></extra>",
        )
    figure.update_xaxes(range=[0, 1.2], tickformat=".0%", title="probability", gridcolor="rgba(128,128,128,.2)")
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont_color=look.ink)
    figure.update_layout(
        height=70 * len(names) + 90,
        barmode="group",
        bargap=0.3,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "traceorder": "normal"},
    )
    return dress(figure, look, title=result.sentence, aspect=0.8, axes=True)
