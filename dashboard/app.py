"""The dashboard: navigation built from the pages there are; nothing else."""

import streamlit as st

from dashboard.assets import ASSETS, SCRIPT
from dashboard.pages import entry, pages


def start() -> None:
    """The bare address leads to the first page, links and all: Streamlit gives a default page no address of its own."""
    st.switch_page(entry(next(iter(pages()))), query_params=st.query_params.to_dict())


def main() -> None:
    """Draw the frame and the page that the address names."""
    st.set_page_config(page_title="Seewhy", page_icon=str(ASSETS / "icon.png"), layout="wide")
    st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"))
    st.html(ASSETS / "style.css")
    st.html(SCRIPT, unsafe_allow_javascript=True)
    first = st.Page(start, title="Seewhy", default=True, visibility="hidden")
    st.navigation([first, *map(entry, pages())], position="top").run()


main()
