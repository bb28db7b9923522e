"""What a page opens on: an example that is kept already, until somebody chooses for themselves."""

from collections.abc import Mapping

import streamlit as st

from dashboard.widgets import links
from dashboard.widgets.controls import model_picker
from models import DEFAULT

OPENED, APPLIED = "_opened", "_opening"
EXAMPLE = (model_picker.MODEL, "image")
FREE = {model_picker.MODEL: DEFAULT}  # a value that nobody has chosen, beside none at all


def apply(name: str, opening: Mapping[str, str], readers: links.Readers) -> None:
    """Set what nobody has chosen yet to the example of a page or study; take that of the one before back.

    Args:
        name: of the page or study.
        opening: what its link would say.
        readers: what a link may say here.
    """
    if st.session_state.get(OPENED) == name:
        return
    _take_back()
    st.session_state[OPENED], applied = name, {}
    if not links.came_by_link() and _fits(opening, readers):
        for choice, text in opening.items():
            key, read = readers[choice]
            if st.session_state.get(key) in (None, "", [], FREE.get(key)):
                before, value = st.session_state.get(key), read(text)
                st.session_state[key], applied[key] = value, (before, value)
    st.session_state[APPLIED] = applied


def _fits(opening: Mapping[str, str], readers: links.Readers) -> bool:
    """Whether nobody has chosen another model or picture: the example is of its own ones as a whole."""
    for choice, text in {model_picker.MODEL: DEFAULT, **opening}.items():
        if choice in EXAMPLE and choice in readers:
            key, read = readers[choice]
            current = st.session_state.get(key)
            if current not in (None, "", FREE.get(key)) and current != read(text):
                return False
    return True


def _take_back() -> None:
    """What the last example set and nobody has changed is as it was before."""
    applied: dict[str, tuple[object, object]] = st.session_state.pop(APPLIED, {})
    for key, (before, value) in applied.items():
        if st.session_state.get(key) == value:
            if before is None:
                st.session_state.pop(key)
            else:
                st.session_state[key] = before
