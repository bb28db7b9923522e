"""Every choice that is not a default stands in the address, and nothing else: a link keeps the view.

A hostile or stale value is left out with a note, never an error page.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from models.errors import SeewhyError

Parse = Callable[[str], Any]
WRITTEN = "_link"


def load(parsers: Mapping[str, tuple[str, Parse]]) -> list[str]:
    """Take over the address's choices when somebody came by a link.

    Args:
        parsers: name in the address -> (key in the session, text -> value).

    Returns:
        A note for each value that could not be used.
    """
    told = st.query_params.to_dict()
    if told == st.session_state.get(WRITTEN):
        return []
    notes = []
    for name, text in told.items():
        if name not in parsers:
            notes.append(f"The link's '{name[:40]}' means nothing here and was left out.")
            continue
        key, parse = parsers[name]
        try:
            st.session_state[key] = parse(text)
        except SeewhyError as error:
            notes.append(f"The link's {name} was left out: {error}")
    return notes


def save(choices: Mapping[str, str]) -> None:
    """Write the choices into the address; empty ones are defaults and stay out."""
    kept = {name: text for name, text in choices.items() if text}
    if st.query_params.to_dict() != kept:
        st.query_params.from_dict(kept)
    st.session_state[WRITTEN] = kept


def current() -> str:
    """The whole link of this view."""
    base = (st.context.url or "").split("?")[0]
    told = st.session_state.get(WRITTEN, {})
    return f"{base}?{urlencode(told, safe=':/,')}" if told else base
