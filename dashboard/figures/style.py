"""One look for all figures: colours, sizes, fonts. Plotly on screen and in export comes from the same functions."""

import base64
import io
import textwrap
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from dashboard.figures import paper

Width = Literal["column", "page", "slide"]
Show = Literal["heat", "contours", "signed", "photo"]
SHOWS: tuple[Show, ...] = ("heat", "contours", "signed", "photo")
MILLIMETRE = 96 / 25.4  # CSS pixels
INK, PAPER, QUIET, ACCENT = "#1b1f24", "#ffffff", "#6b7280", "#0f766e"
SIZES = {"column": (85 * MILLIMETRE, 0.0), "page": (170 * MILLIMETRE, 0.0), "slide": (1280.0, 720.0)}
# The page's own font on screen; an export, made elsewhere, takes the next that it has.
FONTS = "Source Sans, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
POINT = 96 / 72  # CSS pixels: no font below 7 pt
HEAT = ("inferno", "viridis", "cividis", "magma")


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a figure is to be drawn.

    Attributes:
        dark: light ink on the page's dark ground.
        export: with title and caption on white paper, to stand alone.
        width: column (85 mm), page (170 mm) or slide (16:9), for export.
        colours: a perceptually uniform, colour-blind-safe scale for values in [0, 1].
        opacity: of what lies over the photo.
        show: heat map, contours, signed map, or the photo alone.
        bare: share of the photo, from the left, that is shown without the map, to compare.
        caption: the small line under an exported figure: method, model, layer, weights.
    """

    dark: bool = False
    export: bool = False
    width: Width = "page"
    colours: str = "inferno"
    opacity: float = 0.6
    show: Show = "heat"
    bare: float = 0.0
    caption: str = ""

    @property
    def ink(self) -> str:
        """Colour of text and lines."""
        return "#e5e7eb" if self.dark and not self.export else INK

    @property
    def quiet(self) -> str:
        """Colour of grids and small text; AA on both grounds."""
        return "#9ca3af" if self.dark and not self.export else QUIET

    @property
    def accent(self) -> str:
        """Colour of the one thing that is meant."""
        return "#2dd4bf" if self.dark and not self.export else ACCENT

    def for_export(self, width: Width, caption: str) -> "Look":
        """The same choices on paper."""
        return replace(self, export=True, dark=False, width=width, caption=caption)


def photo_uri(image: np.ndarray, *, lossless: bool = False) -> str:
    """A picture (H, W, 3 or 4) uint8 as a data URI: small WebP on screen, PNG where it is embedded at full quality."""
    buffer = io.BytesIO()
    picture = Image.fromarray(image)
    if lossless:
        picture.save(buffer, "PNG")
    else:
        picture.save(buffer, "WEBP", quality=90)
    kind = "png" if lossless else "webp"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def uri_photo(uri: str) -> np.ndarray:
    """The picture (H, W, 3) uint8 that `photo_uri` wrote."""
    data = base64.b64decode(uri.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def dress(figure: go.Figure, look: Look, *, title: str = "", aspect: float = 1.0, axes: bool = False) -> go.Figure:
    """Fonts, margins, ground; in export also size, title (the finding) and caption (the method).

    Args:
        figure: changed and given back.
        look: see `Look`.
        title: the finding, in a sentence.
        aspect: height over width of what is drawn, for export.
        axes: whether there are axes with words below and a legend above, which need room on paper.
    """
    figure.update_layout(
        font={"family": FONTS, "color": look.ink, "size": 13},
        paper_bgcolor=PAPER if look.export else "rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        hoverlabel={"font": {"size": 13}},
    )
    if look.export:
        return _for_paper(figure, look, title, (aspect, axes))
    return figure.update_xaxes(automargin=True).update_yaxes(automargin=True)


def paper_size(look: Look) -> tuple[float, float]:
    """Width of an exported figure and the size of its type, in pixels."""
    return SIZES[look.width][0], {"column": 7.5, "page": 9.0, "slide": 15.0}[look.width] * POINT


def _for_paper(figure: go.Figure, look: Look, title: str, shape: tuple[float, bool]) -> go.Figure:
    aspect, axes = shape
    (width, size), height = paper_size(look), SIZES[look.width][1]
    small, inside = max(7 * POINT, size * 0.85), width - 2 * size
    left, right = (paper.left_room(figure, size), paper.right_room(figure, size)) if axes else (size, size)
    lines = textwrap.wrap(title.replace("*", ""), max(20, int(inside / (size * 0.5))))
    notes = textwrap.wrap(look.caption, max(20, int(inside / (small * 0.5))))
    across = width - left - right
    legend, ticks = (
        (paper.legend_room(figure, across, size), paper.set_below(figure, across, size)) if axes else (0.0, 0.0)
    )
    top, bottom = len(lines) * size * 1.35 + legend + size, len(notes) * small * 1.35 + ticks + 1.5 * size
    figure.update_layout(
        font_size=size,
        width=width,
        height=height or width * aspect + top + bottom,
        margin={"l": left, "r": right, "t": top, "b": bottom, "autoexpand": True},
    )
    # Labels push axes to the right, by what nobody knows before: words are then anchored where nothing pushes.
    place = {"x": 1, "xanchor": "right", "xshift": right - size} if axes else {"x": 0, "xanchor": "left"}
    words = {**place, "xref": "paper", "yref": "paper", "width": inside, "showarrow": False, "align": "left"}
    above = {"y": 1, "yanchor": "bottom", "yshift": legend + size * 0.3, "font": {"size": size, "color": INK}}
    below = {"y": 0, "yanchor": "top", "yshift": -ticks - size * 0.3, "font": {"size": small, "color": QUIET}}
    figure.add_annotation(text="<br>".join(lines), **words, **above)
    figure.add_annotation(text="<br>".join(notes), **words, **below)
    return figure
