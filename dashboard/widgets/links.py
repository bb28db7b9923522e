"""Every choice that is not a default stands in the address, and nothing else: a link keeps the view.

A hostile or stale value is left out with a note, never an error page.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import streamlit as st

from dashboard.widgets import session
from dashboard.widgets.form import images
from explainers import Knob
from explainers.kinds import Images, Picture
from models import ModelCard, Photo, imagesets
from models.errors import InputError, SeewhyError

WRITTEN = "_link"
NOTES = "_link_notes"
LOADED = "_link_loaded"
Readers = Mapping[str, tuple[str, Callable[[str], object]]]


def load(readers: Readers) -> list[str]:
    """Take over the address's choices when somebody came by a link; what it does not name is at its default.

    Args:
        readers: name in the address -> (key in the session, text -> value).

    Returns:
        A note for each value that could not be used, until a choice is changed.
    """
    address = st.query_params.to_dict()
    if address != st.session_state.get(WRITTEN):
        st.session_state[WRITTEN], st.session_state[LOADED] = address, True
        # A page opened by its name keeps its choices.
        st.session_state[NOTES] = _take(address, readers) if address else []
    return list(st.session_state.get(NOTES, ()))


def _take(address: Mapping[str, str], readers: Readers) -> list[str]:
    notes = [
        f"The link's '{name[:40]}' means nothing here and was left out." for name in address if name not in readers
    ]
    for key, _ in readers.values():
        st.session_state.pop(key, None)
    for name, (key, read) in readers.items():  # in their order: a class is checked against the model before it
        try:
            if name in address:
                st.session_state[key] = read(address[name])
        except SeewhyError as error:
            notes.append(f"The link's {name} was left out: {error}")
    return notes


def came_by_link() -> bool:
    """Whether the address was just taken over, and names more than the study."""
    named = set(st.session_state.get(WRITTEN, ())) - {"study"}
    return bool(st.session_state.get(LOADED) and named)


def save(choices: Mapping[str, str]) -> None:
    """Write the choices into the address; empty ones are defaults and stay out."""
    chosen = {name: text for name, text in choices.items() if text}
    if st.query_params.to_dict() != chosen:
        st.query_params.from_dict(chosen)
    if not st.session_state.pop(LOADED, False) and chosen != st.session_state.get(WRITTEN):
        st.session_state[NOTES] = []
    st.session_state[WRITTEN] = chosen


def address(path: str, choices: Mapping[str, str]) -> str:
    """A page's path with the choices that are not defaults."""
    chosen = {name: text for name, text in choices.items() if text}
    return f"{path}?{urlencode(chosen, safe=':/,')}" if chosen else path


def read(knob: Knob, text: str, card: ModelCard) -> object:
    """The value that a link's text stands for, held to the model and to what this server has.

    Raises:
        InputError: it stands for nothing here; the text says why.
    """
    if isinstance(knob.kind, Images):
        return images.named(text)
    if isinstance(knob.kind, Picture):
        return picture(text)
    value = knob.read(text)
    return None if value is None else knob.kind.fit(value, card)


def write(knob: Knob, value: object) -> str:
    """The text of a value for the address; empty for the default. A folder's path never leaves the server."""
    if value == knob.default:
        return ""
    if isinstance(knob.kind, Images):
        return images.name_of(str(value))
    if isinstance(value, Photo):
        return picture_address(value.digest, value.name)
    return knob.write(value)


def picture_address(digest: str, name: str) -> str:
    """A picture for the address: a sample by its name, anything else by its content."""
    known = {sample.name: sample for sample in imagesets.everything()}
    return name if name in known and known[name].photo().digest == digest else f"{session.UPLOADED}{digest}"


def picture(text: str) -> str:
    """An image's address from a link: a sample's name, or ``sha256:`` and 64 hex digits.

    Raises:
        InputError: there is no such sample, or this server does not hold the upload.
    """
    digest = text.removeprefix(session.UPLOADED)
    if text.startswith(session.UPLOADED) and (len(digest) != 64 or set(digest) - set("0123456789abcdef")):
        raise InputError("a picture's address is 'sha256:' and 64 hexadecimal digits.")
    if session.photo(text) is None:
        raise InputError("this server does not hold that picture; upload it again.")
    return text
