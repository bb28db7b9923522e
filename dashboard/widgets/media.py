"""Pictures that a browser fetches once, by an address made from their content, rather than at every rerun."""

import streamlit as st
from streamlit.runtime import get_instance


def address(data: bytes, mime: str, place: str) -> str:
    """Where the browser finds a file.

    Args:
        data: the file.
        mime: its kind, ``image/webp``.
        place: where on the page it is shown: the server keeps it while this session's page shows it there.
    """
    path = get_instance().media_file_mgr.add(data, mime, place)
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}{path}" if base else path
