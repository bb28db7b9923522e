"""Figures of one picture's prototypes: rows of what looks like what, the waterfall to the logit, the reasons."""

import numpy as np
import plotly.graph_objects as go
from PIL import Image, ImageDraw

from dashboard.figures.registry import draws
from dashboard.figures.sheet import sheet
from dashboard.figures.style import Look, dress
from explainers.kit.characteristics import CHARACTERISTICS
from explainers.prototypes.gallery import Gallery
from explainers.prototypes.local import Prototypes
from explainers.prototypes.telling import Telling
from models.labels import short

SHOWN = 5
BOX = (255, 214, 10)
SIDE = 224
RISE, FALL, FAINT = "#0f766e", "#b45309", "rgba(128,128,128,.4)"


@draws(Prototypes)
def figures(result: Prototypes, look: Look) -> dict[str, go.Figure]:
    """What is exported: what tells the class apart, the rows, the waterfall and what one likeness rests on."""
    pictures = [
        (f"{title(result, at)}; alike {result.reading(at).partition(';')[0]}", row(result, at))
        for at in result.order[:SHOWN].tolist()
    ]
    return {
        **({"told": told_apart(result.telling, look)} if result.telling is not None else {}),
        "prototypes": sheet(pictures, look, result.sentence, 2),
        "waterfall": waterfall(result, look),
        "reasons": reasons(result, int(result.order[0]), look),
    }


def name(result: Prototypes | Gallery, at: int) -> str:
    """A prototype by its class and number."""
    return f"{short(result.classes[int(result.owner[at])])} {at}"


def title(result: Prototypes, at: int) -> str:
    """Whose prototype it is, and what it gives."""
    return f"{short(result.classes[int(result.owner[at])])}, prototype {at}: {result.contribution[at]:+.2f}"


def row(result: Prototypes, at: int) -> np.ndarray:
    """The patch in this picture, and beside it the prototype in its own, each in a box."""
    gap = np.full((SIDE, 8, 3), 255, np.uint8)
    left = framed(result.image, result.boxes[at])
    right = framed(result.thumbnails[at], result.prototype_boxes[at])
    return np.concatenate([left, gap, right], 1)


def framed(picture: np.ndarray, place: np.ndarray, side: int = SIDE) -> np.ndarray:
    """A picture (H, W, 3) with a box drawn on it, on a square of so many pixels."""
    scale = side / np.array([picture.shape[0], picture.shape[1]] * 2)
    y0, x0, y1, x1 = (place * scale).round().astype(int).tolist()
    image = Image.fromarray(picture).resize((side, side))
    pen = ImageDraw.Draw(image)
    pen.rectangle((x0, y0, max(x0 + 2, x1 - 1), max(y0 + 2, y1 - 1)), outline=(0, 0, 0), width=5)
    pen.rectangle((x0 + 1, y0 + 1, max(x0 + 2, x1 - 2), max(y0 + 2, y1 - 2)), outline=BOX, width=3)
    return np.asarray(image)


def waterfall(result: Prototypes, look: Look) -> go.Figure:
    """What the strongest prototypes give, the rest together, and the logit that they add up to."""
    strongest = np.argsort(-np.abs(result.contribution), kind="stable")[: 2 * SHOWN]
    rest = float(result.contribution.sum() - result.contribution[strongest].sum())
    names = [name(result, int(at)) for at in strongest]
    others = len(result.contribution) - len(strongest)
    figure = go.Figure(
        go.Waterfall(
            x=[*names, f"{others} others", f"logit of {short(result.label)}"],
            y=[*result.contribution[strongest], rest, 0.0],
            measure=[*["relative"] * (len(names) + 1), "total"],
            text=[
                *(f"{value:+.2f}" for value in (*result.contribution[strongest], rest)),
                f"{result.contribution.sum():.2f}",
            ],
            textposition="outside",
            increasing_marker_color=RISE,
            decreasing_marker_color=FALL,
            totals_marker_color="#4b5563",
            hovertemplate="%{x}: %{text}<extra></extra>",
        )
    )
    figure.update_yaxes(title="points", gridcolor="rgba(128,128,128,.2)", automargin=True)
    figure.update_xaxes(automargin=True)
    figure.update_layout(height=340, showlegend=False)
    return dress(figure, look, title=result.sentence, aspect=0.5, axes=True)


def deciding(result: Prototypes, other: int) -> np.ndarray:
    """The prototypes that part the class from another, the most first."""
    return np.argsort(-np.abs(result.difference(other)), kind="stable")[: 2 * SHOWN]


def why_not(result: Prototypes, other: int, look: Look) -> go.Figure:
    """What the deciding prototypes give to the class and to another, side by side."""
    figure, rows = go.Figure(), deciding(result, other)
    for cls, colour in ((result.target, RISE), (other, FALL)):
        figure.add_bar(
            x=result.points(cls)[rows],
            y=[name(result, int(at)) for at in rows],
            orientation="h",
            name=f"for {short(result.classes[cls])}",
            marker_color=colour,
            hovertemplate="%{y}: %{x:+.2f}<extra></extra>",
        )
    figure.update_xaxes(title="points", gridcolor="rgba(128,128,128,.2)", zeroline=True, zerolinecolor=look.quiet)
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(height=340, barmode="group", legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    return dress(figure, look, title=result.why_not(other), aspect=0.6, axes=True)


def told_apart(telling: Telling, look: Look) -> go.Figure:
    """Share of the distance to another class that each change takes, beside what it usually takes."""
    figure = go.Figure()
    names = [f"<b>{each}</b>" if at in telling.chief else each for at, each in enumerate(CHARACTERISTICS)]
    this = f"from {short(telling.other)}"
    for name, values, colour in ((this, telling.lost, RISE), ("between other classes", telling.usual, FAINT)):
        figure.add_bar(
            x=values,
            y=names,
            orientation="h",
            name=name,
            marker_color=colour,
            text=[f"{value:.0%}" for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.0%}<extra></extra>",
        )
    low, high = min(0.0, float(telling.lost.min())), max(1.0, float(telling.lost.max()), float(telling.usual.max()))
    figure.update_xaxes(
        range=[low - 0.2 * (high - low) * (low < 0), high + 0.12 * (high - low)],
        tickformat=".0%",
        title="share of the distance lost",
        gridcolor="rgba(128,128,128,.2)",
    )
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont_color=look.ink)
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"}
    figure.update_layout(height=300, barmode="group", legend=legend)
    return dress(figure, look, title=telling.sentence, aspect=0.5, axes=True)


def reasons(result: Prototypes, at: int, look: Look) -> go.Figure:
    """How much the likeness to a prototype falls under each change, and its rank among the prototypes."""
    figure = go.Figure(
        go.Bar(
            x=result.phi[:, at],
            y=[
                f"{each}, rank {rank:.0%}" for each, rank in zip(CHARACTERISTICS, result.percentile[:, at], strict=True)
            ],
            orientation="h",
            marker_color=[RISE if value > 0 else FALL for value in result.phi[:, at]],
            text=[f"{value:+.3f}" for value in result.phi[:, at]],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: the likeness falls by %{x:.3f}<extra></extra>",
        )
    )
    low, high = min(0.0, float(result.phi[:, at].min())), max(0.01, float(result.phi[:, at].max()))
    room = 0.25 * (high - low)
    figure.update_xaxes(
        range=[low - (2 * room if low < 0 else 0), high + room],
        title="fall of the likeness",
        gridcolor="rgba(128,128,128,.2)",
    )
    figure.update_yaxes(autorange="reversed", automargin=True, tickfont_color=look.ink)
    figure.update_layout(height=230)
    words = f"The likeness to {name(result, at)} by itself: {result.reading(at)} (Nauta et al. 2020)."
    return dress(figure, look, title=words, aspect=0.5, axes=True)
