"""The pages, one file or folder each. A module's ``PAGE`` puts it into the navigation; no list is edited."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import streamlit as st

from explainers import registry

if TYPE_CHECKING:
    from dashboard.engine.jobs import StoredEntry
    from dashboard.widgets.page import Page

__path__ = pkgutil.extend_path(__path__, __name__)  # pages of lenses that live elsewhere


@lru_cache(maxsize=1)
def pages() -> "dict[str, Page]":
    """Every page by its address, in the order of the navigation."""
    by_address = {}
    for module in pkgutil.iter_modules(__path__):
        name = f"{__name__}.{module.name}" + (".page" if module.ispkg else "")
        by_address[module.name] = importlib.import_module(name).PAGE
    return dict(sorted(by_address.items(), key=lambda item: item[1].order))


def entry(address: str) -> st.Page:
    """A page as Streamlit's navigation knows it."""
    page = pages()[address]
    return st.Page(page.show, title=page.question, url_path=address, help=page.title)


def that_explain_a_picture() -> dict[str, st.Page]:
    """The pages whose address can name a picture, by their questions."""
    return {page.question: entry(address) for address, page in pages().items() if page.picture}


@dataclass(frozen=True)
class Home:
    """Where a stored answer is shown.

    Attributes:
        address: of the page.
        choices: what the link says.
    """

    address: str
    choices: Mapping[str, str]

    @property
    def entry(self) -> st.Page:
        """The page, for a link."""
        return entry(self.address)


def home_of(stored: "StoredEntry") -> Home | None:
    """The page that shows a stored answer, and the choices that show it; None where no page does."""
    if stored.explainer not in registry():  # only other explainers ask it
        return None
    for address, page in pages().items():
        choices = page.choices(stored)
        if choices is not None:
            return Home(address, {name: text for name, text in choices.items() if text})
    return None
