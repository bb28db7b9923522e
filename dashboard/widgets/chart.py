"""One way to put a Plotly figure on a page."""

from collections.abc import Callable, Hashable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from explainers import Result

PLAIN = {"displayModeBar": False}
ZOOM = {"displaylogo": False, "modeBarButtonsToRemove": ["toImage"]}  # export has its own buttons


def chart(answer: Answer[Result], look: Look, name: str, draw: Callable[[], go.Figure], **options: Any) -> None:
    """Draw the figure called ``name`` of an answer; made once for everybody who looks at it so.

    Args:
        answer: what it shows.
        look: how it is drawn.
        name: what it is called; unique on the page together with the answer.
        draw: makes it; the figure is not to be changed afterwards.
        options: of ``st.plotly_chart``; ``alt``, the picture in words, is always given.
    """
    figure = _figure((answer.key, answer.provenance.when, look, name), draw)
    st.plotly_chart(figure, key=f"{name}.{answer.key[:16]}", theme=None, **{"config": PLAIN, **options})


@st.cache_resource(max_entries=500, show_spinner=False)
def _figure(address: tuple[Hashable, ...], _draw: Callable[[], go.Figure]) -> go.Figure:
    # The address is what Streamlit keys on; an argument that begins with an underscore is not looked at.
    return _draw()
