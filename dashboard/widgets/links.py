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
NOTES = "_link_notes"
LOADED = "_link_loaded"


def load(parsers: Mapping[str, tuple[str, Parse]]) -> list[str]:
    """Take over the address's choices when somebody came by a link; what it does not name is at its default.

    Args:
        parsers: name in the address -> (key in the session, text -> value).

    Returns:
        A note for each value that could not be used, until a choice is changed.
    """
    told = st.query_params.to_dict()
    if told != st.session_state.get(WRITTEN):
        st.session_state[WRITTEN], st.session_state[LOADED] = told, True
        st.session_state[NOTES] = _take(told, parsers) if told else []  # a page opened by its name keeps its choices
    return list(st.session_state.get(NOTES, ()))


def _take(told: Mapping[str, str], parsers: Mapping[str, tuple[str, Parse]]) -> list[str]:
    notes = [f"The link's '{name[:40]}' means nothing here and was left out." for name in told if name not in parsers]
    for key, _ in parsers.values():
        st.session_state.pop(key, None)
    for name, (key, parse) in parsers.items():  # in their order: a class is checked against the model before it
        try:
            if name in told:
                st.session_state[key] = parse(told[name])
        except SeewhyError as error:
            notes.append(f"The link's {name} was left out: {error}")
    return notes


def save(choices: Mapping[str, str]) -> None:
    """Write the choices into the address; empty ones are defaults and stay out."""
    kept = {name: text for name, text in choices.items() if text}
    if st.query_params.to_dict() != kept:
        st.query_params.from_dict(kept)
    if not st.session_state.pop(LOADED, False) and kept != st.session_state.get(WRITTEN):
        st.session_state[NOTES] = []
    st.session_state[WRITTEN] = kept


def current() -> str:
    """The whole link of this view."""
    base = (st.context.url or "").split("?")[0]
    told = st.session_state.get(WRITTEN, {})
    return f"{base}?{urlencode(told, safe=':/,')}" if told else base
