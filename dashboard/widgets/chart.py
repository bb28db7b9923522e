"""One way to put a Plotly figure on a page."""

import base64
from collections.abc import Callable, Hashable
from typing import Literal, NamedTuple

import plotly.graph_objects as go
import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.widgets import media
from explainers import Result

PLAIN: dict[str, object] = {"displayModeBar": False, "responsive": True}
ZOOM: dict[str, object] = {"displaylogo": False, "modeBarButtonsToRemove": ["toImage"]}  # export has its own buttons


class _Picture(NamedTuple):
    data: bytes
    mime: str


class _Drawn(NamedTuple):
    figure: go.Figure
    pictures: tuple[_Picture, ...]


def chart(  # noqa: PLR0913 - the last two only where a figure is special
    answer: Answer[Result],
    look: Look,
    name: str,
    draw: Callable[[], go.Figure],
    *,
    alt: str,
    config: dict[str, object] = PLAIN,
    height: Literal["content", "stretch"] = "content",
) -> None:
    """Draw the figure called ``name`` of an answer; made once for everybody who looks at it so.

    Args:
        answer: what it shows.
        look: how it is drawn.
        name: what it is called; unique on the page together with the answer.
        draw: makes it; the figure is not to be changed afterwards.
        alt: the picture in words.
        config: of Plotly.
        height: its own, or that of what it stands in.
    """
    key = f"{name}.{answer.key[:16]}"
    drawn = _draw((answer.key, answer.provenance.when, look, name), key, draw)
    for at, picture in enumerate(drawn.pictures):  # so that the server keeps them while this page shows them
        media.address(*picture, f"{key}.{at}")
    st.plotly_chart(drawn.figure, key=key, theme=None, alt=alt, config=config, height=height)


@st.cache_resource(max_entries=500, show_spinner=False)
def _draw(address: tuple[Hashable, ...], _key: str, _draw: Callable[[], go.Figure]) -> _Drawn:
    # The address is what Streamlit keys on; an argument that begins with an underscore is not looked at.
    figure = _draw()
    pictures = []
    for at, image in enumerate(figure.layout.images):
        if str(image.source).startswith("data:"):
            picture = _decoded(image.source)
            pictures.append(picture)
            image.source = media.address(*picture, f"{_key}.{at}")
    return _Drawn(figure, tuple(pictures))


def _decoded(uri: str) -> _Picture:
    head, _, body = uri.partition(",")
    return _Picture(base64.b64decode(body), head.removeprefix("data:").removesuffix(";base64"))
