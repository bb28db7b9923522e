"""The model that a page is about: its list, its card, and what to do where the weights are missing."""

import time
from typing import NamedTuple

import streamlit as st

import models
from dashboard.widgets import session
from dashboard.widgets.links import Readers
from models import ModelCard
from models.errors import SeewhyError

MODEL = "model"
WIDTH = 260  # pixels of the list
BELIEVED = 5.0  # seconds that a card is believed; a model may arrive at any time


class _Known(NamedTuple):
    card: ModelCard
    changed: int
    when: float


_CARDS: dict[str, _Known] = {}


def pick() -> str:
    """Draw the list; gives the name of the model that is chosen."""
    names = list(models.names())
    chosen = st.session_state.get(MODEL, models.DEFAULT)
    if chosen not in names:
        names.append(chosen)
    name = st.selectbox(
        "Model",
        names,
        key=MODEL,
        index=names.index(models.DEFAULT),
        format_func=title,
        accept_new_options=True,
        persist_state="session",
        label_visibility="collapsed",
        width=WIDTH,
        help="Any timm model as timm/NAME, or the path of a .safetensors or .pt file.",
    )
    return str(name)


def usable(name: str) -> ModelCard | None:
    """The model's card; None, with words on the page, while it cannot be used."""
    try:
        card = card_of(name)
    except SeewhyError as error:
        st.error(str(error))
        return None
    if not card.ready:
        _offer(card)
        return None
    if remarks := " ".join(filter(None, (*card.remarks, session.the_engine().store.remarks(card.digest)))):
        st.caption(remarks)
    return card


def chosen_card() -> ModelCard:
    """The card of the model that is chosen, ready or not."""
    return card_of(str(st.session_state.get(MODEL, models.DEFAULT)))


def card_of(name: str) -> ModelCard:
    """The card of a model, the same one as long as it says the same.

    A card finds its layers once, which takes a third of a second; pages ask for them at every rerun.

    Raises:
        InputError: there is no such model.
    """
    before, now = _CARDS.get(name), time.monotonic()
    if before and now - before.when < BELIEVED:
        return before.card
    card = models.card(name)
    changed = card.path.stat().st_mtime_ns if card.path else 0
    if before and before.card == card and before.changed == changed:
        card = before.card
    _CARDS[name] = _Known(card, changed, now)
    return card


def ready() -> list[str]:
    """Names of the models that are on this machine."""
    return [name for name in models.names() if card_of(name).ready]


def readers() -> Readers:
    """What a link may say of the model."""
    return {MODEL: (MODEL, lambda text: models.card(text).name)}


def choices() -> dict[str, str]:
    """The model, for the address; empty for the default one."""
    name = str(st.session_state.get(MODEL, models.DEFAULT))
    return {MODEL: "" if name == models.DEFAULT else name}


def title(name: str) -> str:
    """A model as lists show it."""
    try:
        card = card_of(name)
    except SeewhyError:
        return name
    return card.title if card.ready else f"{card.title} (not downloaded)"


def _offer(card: ModelCard) -> None:
    """A model that is not here: how to get it, and one button where a download can help."""
    st.info(f"**{card.title}** is not on this machine yet. {card.remedy}")
    if card.name.startswith(("timm/", "clip/")) and st.button(
        "Download", key="download", help="Fetches the weights from their hub."
    ):
        try:
            with st.spinner("Downloading the weights"):
                models.fetch(card.name)
            _CARDS.pop(card.name, None)
        except SeewhyError as error:
            st.error(str(error))
            return
        st.rerun()
