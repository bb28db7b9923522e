"""Who is looking, through which engine, on which ground: what every page needs to know first."""

import uuid
from datetime import UTC, datetime

import streamlit as st

from dashboard import engine
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


def ago(when: str) -> str:
    """How long ago an ISO 8601 time was, in words."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(when)).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
