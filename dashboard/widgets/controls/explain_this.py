"""Take a picture that was made here to the pages that explain pictures."""

from collections.abc import Mapping

import streamlit as st

from dashboard.widgets import session
from models import Photo


def explain_this(photo: Photo, model: str, pages: Mapping[str, st.Page]) -> None:
    """A button for each page; the picture is kept like an upload, so that its link holds.

    Args:
        photo: the picture.
        model: what it is explained for.
        pages: the pages by their questions.
    """
    st.markdown("**Explain this one**")
    with st.container(horizontal=True, gap="small"):
        for question, page in pages.items():
            if st.button(question, key=f"explain.{question}"):
                address = session.UPLOADED + session.the_engine().keep_photo(photo)
                st.switch_page(page, query_params={"model": model, "image": address})
