"""Where does it look? One picture and one map, or a study of many; each in a file of its own."""

from types import ModuleType

import streamlit as st

import models
from dashboard.pages.attribution.studies import studies
from dashboard.widgets import evidence as beside
from dashboard.widgets import job as panel
from dashboard.widgets import links
from dashboard.widgets.study import FIRST, STUDY
from models.errors import InputError

QUESTION = "Where does it look?"
TITLE = "Attribution"
ORDER = 1


def page() -> None:
    """Draw the page."""
    named = st.query_params.get(STUDY, FIRST)
    card = beside.head(_parsers(studies().get(named, studies()[FIRST])))
    study = _choose()
    if card is not None:
        studies()[study].draw(card)
    beside.about(studies()[study].about(), studies()[study].READING)


def _choose() -> str:
    st.session_state.setdefault(STUDY, FIRST)
    chosen = st.segmented_control(
        "What would you like to know?", list(studies()), key=STUDY, required=True, persist_state="session",
        format_func=lambda name: studies()[name].TITLE, label_visibility="collapsed",
    )  # fmt: skip
    return str(chosen or FIRST)


def _parsers(study: ModuleType) -> dict[str, tuple[str, links.Parse]]:
    return {
        STUDY: (STUDY, _study_named),
        "model": (panel.MODEL, lambda text: models.card(text).name),
        **study.parsers(),
    }


def _study_named(text: str) -> str:
    if text not in studies():
        raise InputError(f"it is one of {', '.join(studies())}.")
    return text
