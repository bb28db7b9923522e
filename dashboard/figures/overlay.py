"""A map over a photo."""

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from dashboard.figures.style import Look, photo_uri, transparent_scale


def over_photo(image: np.ndarray, trace: go.Heatmap | go.Contour | None, look: Look) -> go.Figure:
    """The photo (H, W, 3) as an image with a trace in its pixel coordinates over it."""
    height, width = image.shape[:2]
    figure = go.Figure([trace] if trace is not None else [go.Scatter(x=[], y=[], showlegend=False)])
    figure.add_layout_image(
        source=photo_uri(image, lossless=look.export),
        xref="x",
        yref="y",
        x=-0.5,
        y=-0.5,
        sizex=width,
        sizey=height,
        sizing="stretch",
        layer="below",
    )
    figure.update_xaxes(range=[-0.5, width - 0.5], visible=False, constrain="domain")
    if look.export and look.width == "slide":
        figure.update_xaxes(constraintoward="right")  # beside its scale, not away from it
    figure.update_yaxes(range=[height - 0.5, -0.5], visible=False, scaleanchor="x", constrain="domain")
    return figure


def heat(heatmap: np.ndarray, look: Look) -> go.Heatmap:
    """A map (H, W) in [0, 1] that grows out of transparency."""
    return go.Heatmap(
        z=_from(heatmap, look.bare),
        zmin=0,
        zmax=1,
        colorscale=transparent_scale(look.colours, look.opacity),
        zsmooth="best",
        colorbar=_bar("evidence, share of the strongest", look),
        hovertemplate="%{z:.2f} of the strongest evidence<extra></extra>",
    )


def contours(heatmap: np.ndarray, look: Look) -> go.Contour:
    """The same map as lines, which leave the photo as it is."""
    return go.Contour(
        z=_from(heatmap, look.bare),
        zmin=0,
        zmax=1,
        colorscale=look.colours,
        opacity=min(1.0, look.opacity + 0.3),
        contours={"coloring": "lines", "start": 0.2, "end": 0.95, "size": 0.15},
        line={"width": 3},
        colorbar=_bar("evidence, share of the strongest", look),
        hovertemplate="%{z:.2f} of the strongest evidence<extra></extra>",
    )


def signed(cam: np.ndarray, shape: tuple[int, int], look: Look, title: str) -> go.Heatmap:
    """A signed map (h, w), drawn cell by cell over a photo of ``shape``, its colours centred at 0."""
    rows, columns = cam.shape
    limit = float(np.abs(cam).max()) or 1.0
    ys, xs = ((np.arange(n) + 0.5) * side / n - 0.5 for n, side in ((rows, shape[0]), (columns, shape[1])))
    return go.Heatmap(
        z=_from(cam, look.bare),
        x=xs,
        y=ys,
        zmin=-limit,
        zmax=limit,
        colorscale="RdBu_r",
        opacity=look.opacity,
        colorbar=_bar(title, look),
        hovertemplate="%{z:+.3g}<extra></extra>",
    )


def enlarged(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map (h, w) at another size (rows, columns), bilinear, its signs and values kept."""
    small = Image.fromarray(values.astype(np.float32))
    return np.asarray(small.resize(size[::-1], Image.Resampling.BILINEAR))


def _from(values: np.ndarray, bare: float) -> np.ndarray:
    """The map as float32, nothing in the left share of it."""
    shown = values.astype(np.float32)
    shown[:, : round(bare * shown.shape[1])] = np.nan
    return shown


def _bar(title: str, look: Look) -> dict[str, object]:
    small = {} if look.export else {"size": 12}
    return {
        "title": {"text": title, "side": "right", "font": small},
        "thickness": 10,
        "len": 0.9,
        "outlinewidth": 0,
        "tickfont": {"color": look.ink, **small},
        "x": 1.01,
        "xpad": 4,
    }
