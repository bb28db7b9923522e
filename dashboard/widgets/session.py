"""Who is looking, through which engine, on which background: what every page needs to know first."""

import uuid
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import engine
from dashboard.engine.engine import Engine
from dashboard.figures import Look
from models import Photo, imagesets

UPLOADED = "sha256:"


def the_engine() -> Engine:
    """The engine of this server."""
    return engine.current()


def session() -> str:
    """A name for this browser tab, under which it asks and cancels."""
    return str(st.session_state.setdefault("_session", uuid.uuid4().hex))


def look() -> Look:
    """How to draw on this page: light or dark as the person's theme is."""
    return Look(dark=st.context.theme.type == "dark")


def photo(address: str) -> Photo | None:
    """The picture at an address: a sample's name, or ``sha256:`` and the digest of an upload; None when it is gone."""
    if not address.startswith(UPLOADED):
        return imagesets.sample(address)
    try:
        return _upload(address.removeprefix(UPLOADED))
    except KeyError:
        return None


@st.cache_resource(max_entries=32, show_spinner=False)
def _upload(digest: str) -> Photo:
    # Reading an upload checks its SHA-256, which takes 0.1 s for 16 megapixels: not at every rerun.
    upload = the_engine().photo(digest)
    if upload is None:
        raise KeyError(digest)
    return upload


def timezone() -> ZoneInfo:
    """Where the person's clock is; Greenwich where the browser does not say."""
    return ZoneInfo(st.context.timezone or "UTC")


def ago(when: str) -> str:
    """How long ago an ISO 8601 time was, in words."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(when)).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
