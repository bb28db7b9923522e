"""The dashboard: navigation built from the pages there are; nothing else."""

import importlib
import pkgutil
from pathlib import Path

import streamlit as st

import dashboard.pages

ASSETS = Path(__file__).parent / "assets"


def pages() -> list[st.Page]:
    """One entry for each file in ``dashboard/pages``, in the order that the files give, each under its own address."""
    found = [
        importlib.import_module(f"dashboard.pages.{each.name}" + (".page" if each.ispkg else ""))
        for each in pkgutil.iter_modules(dashboard.pages.__path__)
    ]
    ordered = sorted((module for module in found if hasattr(module, "page")), key=lambda module: module.ORDER)
    return [
        st.Page(
            module.page,
            title=module.QUESTION,
            url_path=module.__name__.split(".")[2],
            help=module.TITLE,
        )
        for module in ordered
    ]


def start() -> None:
    """The bare address leads to the first page, links and all: Streamlit gives a default page no address of its own."""
    st.switch_page(pages()[0], query_params=st.query_params.to_dict())


def main() -> None:
    """Draw the frame and the page that the address names."""
    st.set_page_config(page_title="Seewhy", page_icon=str(ASSETS / "icon.png"), layout="wide")
    st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"))
    st.html(ASSETS / "style.css")
    first = st.Page(start, title="Seewhy", default=True, visibility="hidden")
    st.navigation([first, *pages()], position="top").run()


main()
