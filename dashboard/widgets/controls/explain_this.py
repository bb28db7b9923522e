"""Take a picture that was made here to the pages that explain pictures."""

from collections.abc import Mapping

import streamlit as st

from dashboard.widgets import session
from models import Photo
from models.errors import StorageError


def explain_this(photo: Photo, model: str, pages: Mapping[str, st.Page]) -> None:
    """A link for each page; the picture is kept like an upload, so that its link holds.

    Links, since the browser stops asking for progress when one is followed. After a button that leads elsewhere it may
    ask once more, and Streamlit (1.67) answers with the page that was left.

    Args:
        photo: the picture.
        model: what it is explained for.
        pages: the pages by their questions.
    """
    st.markdown("**Explain this one**")
    try:
        chosen = {"model": model, "image": session.UPLOADED + session.the_engine().keep_photo(photo)}
    except StorageError as error:  # the rest of the page needs no disk
        st.caption(str(error))
        return
    with st.container(horizontal=True, gap="small", key="explain_this"):
        for question, page in pages.items():
            st.page_link(page, label=question, query_params=chosen)
