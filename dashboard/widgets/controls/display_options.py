"""How a map is drawn over its photo: never part of the question, so that nothing is computed again."""

from dataclasses import replace

import streamlit as st

from dashboard.figures.style import HEAT, SHOWS, Look, Show
from dashboard.widgets import links, session
from models.errors import InputError

WORDS: dict[Show, str] = {"heat": "Heat map", "contours": "Contours", "signed": "For and against", "photo": "Photo"}
PLAIN = Look()


def controls() -> Look:
    """The view's controls, drawn where they are called."""
    for name in ("show", "opacity", "colours"):
        st.session_state.setdefault(name, vars(PLAIN)[name])
    show = st.segmented_control(
        "View", SHOWS, key="show", format_func=WORDS.__getitem__, required=True, persist_state="session"
    )
    with st.expander("Drawing"):
        opacity = st.slider("Opacity", 0.0, 1.0, step=0.05, key="opacity", persist_state="session")
        bare = st.slider("Before/after", 0.0, 1.0, 0.0, 0.05, key="bare", help="Drag to compare.")
        colours = st.selectbox("Colours", HEAT, key="colours", persist_state="session")
    return replace(session.look(), show=show or PLAIN.show, opacity=opacity, colours=colours, bare=bare)


def readers() -> links.Readers:
    """What of the view a link may say."""
    return {
        "show": ("show", lambda text: _one_of(text, SHOWS)),
        "colours": ("colours", lambda text: _one_of(text, HEAT)),
        "opacity": ("opacity", _share),
    }


def choices(look: Look) -> dict[str, str]:
    """What of the view is not a default."""
    return {
        "show": "" if look.show == PLAIN.show else look.show,
        "colours": "" if look.colours == PLAIN.colours else look.colours,
        "opacity": "" if look.opacity == PLAIN.opacity else f"{look.opacity:g}",
    }


def _one_of(text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise InputError(f"it is one of {', '.join(allowed)}.")
    return text


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise InputError("it is a number from 0 to 1.") from error
    if not 0 <= value <= 1:
        raise InputError("it is a number from 0 to 1.")
    return value
