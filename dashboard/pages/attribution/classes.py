"""Which class is explained: one choice, the model's likeliest first; several side by side are a step of its own."""

from collections.abc import Sequence

import streamlit as st

from dashboard.widgets.form import form
from dashboard.widgets.form.class_picker import ClassPicker, class_title
from explainers.attribution.gradcam import gradcam
from models import ModelCard, labels

MOST = 4  # classes side by side
LISTED = 12  # classes that a search shows
TARGET = form.key_of(gradcam, "target")
MORE, QUERY = "classes", "class_query"
AUTOMATIC = "the model's first answer"
HELP = "What the map is about. Choose one of the model's answers, or type a word of any class."


def chosen(card: ModelCard) -> tuple[int, ...]:
    """The classes of this view; empty for the model's first answer."""
    st.session_state[TARGET] = [index for index in st.session_state.get(TARGET) or () if index < len(card.labels)]
    return tuple(st.session_state[TARGET])


def choose(*indices: int) -> None:
    """Explain these classes from the next rerun on."""
    st.session_state[TARGET] = list(indices)[-MOST:]


def field(card: ModelCard, likeliest: Sequence[int]) -> None:
    """Draw the field.

    Args:
        card: whose classes.
        likeliest: the model's answers for this picture, best first; they stand first in the list.
    """
    here = list(st.session_state.get(TARGET) or ())
    ClassPicker(
        card=card,
        key="class",
        current=here[0] if here else None,
        first=likeliest,
        choose=lambda index: choose(*([] if index is None else [index])),
        words={"placeholder": AUTOMATIC, "help": HELP},
    ).draw()
    with st.container(horizontal=True, gap="small"):
        if st.button("Find a class", key="find_class", shortcut="f", type="tertiary"):
            _find_class(card)
        with st.popover("Compare classes", type="tertiary", help=f"Up to {MOST} classes side by side."):
            _several(card, list(dict.fromkeys([*here, *likeliest])))


def _several(card: ModelCard, offered: list[int]) -> None:
    st.session_state[MORE] = list(st.session_state.get(TARGET) or ())
    st.pills(
        "Side by side",
        offered,
        key=MORE,
        selection_mode="multi",
        format_func=lambda index: class_title(card, index),
        on_change=lambda: choose(*st.session_state[MORE]),
    )
    st.caption("Any other class joins through *Find a class*.")


def _add(card: ModelCard, index: int) -> None:
    """A class that was found stands alone, or joins those that stand side by side."""
    here = chosen(card)
    choose(*(here if len(here) > 1 else ()), index)


@st.dialog("Find a class")
def _find_class(card: ModelCard) -> None:
    query = st.text_input("Part of its name, or its number", key=QUERY)
    matches = labels.search(card.labels, query) if query.strip() else []
    for index in matches[:LISTED]:
        words = f"{card.labels[index]} ({index})"
        if st.button(words, key=f"found.{index}", type="tertiary", on_click=_add, args=(card, index)):
            st.rerun()  # closes the dialog
    if query.strip():
        st.caption(f"{len(matches)} of {len(card.labels)} classes" if matches else "No class has such a name.")
