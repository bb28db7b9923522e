"""Keep a classifier as a model of one's own, from where every page finds it."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from models.checkpoints import trained
from models.errors import SeewhyError


def keep_as_model(key: str, button: str, suggested: str, write: Callable[[Path], None]) -> None:
    """A name and a button; ``write`` is given the file of the model of that name."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the model", value=suggested, key=f"{key}.name")
        if not st.button(button, type="primary", key=f"{key}.keep"):
            return
    try:
        path = trained.path_of(trained.PREFIX + name.strip())
        write(path)
    except SeewhyError as error:
        st.error(str(error))
        return
    st.success(f"It is a model now: choose **{trained.PREFIX}{path.stem}** in the list of models on any page.")
