"""Who is looking, through which engine, on which ground: what every page needs to know first."""

import uuid
from collections.abc import Callable, Hashable
from datetime import UTC, datetime

import plotly.graph_objects as go
import streamlit as st

from dashboard import engine
from dashboard.engine import Kept
from dashboard.figures import Look


def the_engine() -> engine.Engine:
    """The engine of this server."""
    return engine.current()


def session() -> str:
    """A name for this browser tab, under which it asks and cancels."""
    name: str = st.session_state.setdefault("_session", uuid.uuid4().hex)
    return name


def look() -> Look:
    """How to draw on this page: light or dark as the person's theme is."""
    return Look(dark=st.context.theme.type == "dark")


def figure(kept: Kept, look: Look, what: Hashable, draw: Callable[[], go.Figure]) -> go.Figure:
    """The figure called ``what`` of an answer, drawn once for everybody who looks at it so; not to be changed."""
    return _drawn((kept.key, kept.provenance.when, look, what), draw)


@st.cache_resource(max_entries=500, show_spinner=False)
def _drawn(address: tuple[Hashable, ...], _draw: Callable[[], go.Figure]) -> go.Figure:
    # The address is what Streamlit keys on; an argument that begins with an underscore is not looked at.
    return _draw()


def ago(when: str) -> str:
    """How long ago an ISO 8601 time was, in words."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(when)).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
