"""Keep what was trained under a name of one's own, from where every page finds it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from models.checkpoints import trained
from models.errors import SeewhyError


@dataclass(frozen=True)
class Shelf:
    """Where things of one kind are kept.

    Attributes:
        noun: what each is.
        path_of: the file of ``own/NAME``; raises `InputError` for a name that cannot be one.
        found: where it is found then, in words after its name.
    """

    noun: str
    path_of: Callable[[str], Path]
    found: str


MODELS = Shelf("model", trained.path_of, "in the list of models on any page")


def keep_as_model(key: str, button: str, suggested: str, write: Callable[[Path], None]) -> None:
    """A name and a button; ``write`` is given the file of the model of that name."""
    keep(MODELS, key, (button, suggested), write)


def keep(shelf: Shelf, key: str, words: tuple[str, str], write: Callable[[Path], None]) -> str:
    """A name and a button.

    Args:
        shelf: where it is kept.
        key: of the widgets.
        words: of the button, and the name that is suggested.
        write: is given the file of that name.

    Returns:
        The name under which it was kept just now; empty otherwise.
    """
    button, suggested = words
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(f"Name of the {shelf.noun}", value=suggested, key=f"{key}.name")
        if not st.button(button, type="primary", key=f"{key}.keep"):
            return ""
    try:
        path = shelf.path_of(trained.PREFIX + name.strip())
        write(path)
    except SeewhyError as error:
        st.error(str(error))
        return ""
    kept = trained.PREFIX + path.stem
    st.success(f"It is a {shelf.noun} now: choose **{kept}** {shelf.found}.")
    return kept
