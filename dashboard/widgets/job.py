"""The one control panel: pick a model and a picture, fill the form, run, watch, stop."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import streamlit as st

import models
from dashboard.engine import BusyError, JobState, Kept, Lane
from dashboard.widgets import session as state
from explainers import Explainer, Knob, Request, knobs
from models import ModelCard
from models.errors import SeewhyError

MODEL = "model"
Field = Callable[[Knob, str], Any]
SHORT = 1.0  # seconds a page waits, so that a short job is drawn in the same rerun
FRESH = 5.0  # seconds that a card is believed; a model may arrive at any time


class _Known(NamedTuple):
    card: ModelCard
    changed: int
    when: float


_CARDS: dict[str, _Known] = {}


def choose_model() -> ModelCard | None:
    """The model picker; None, with words, while the model cannot be used."""
    names = list(models.names())
    chosen = st.session_state.get(MODEL, models.DEFAULT)
    if chosen not in names:
        names.append(chosen)
    name = st.selectbox(
        "Model", names, key=MODEL, index=names.index(models.DEFAULT), format_func=_model_words, accept_new_options=True,
        persist_state="session", help="Any timm model as timm/NAME, or the path of a .safetensors or .pt file.",
    )  # fmt: skip
    try:
        card = card_of(str(name))
    except SeewhyError as error:
        st.error(str(error))
        return None
    if not card.ready:
        _offer(card)
        return None
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
    if before and now - before.when < FRESH:
        return before.card
    made = models.card(name)
    changed = made.path.stat().st_mtime_ns if made.path else 0
    same = before and before.card == made and before.changed == changed
    _CARDS[name] = _Known(before.card if before and same else made, changed, now)
    return _CARDS[name].card


def choices() -> dict[str, str]:
    """The model, for the address; empty for the default one."""
    name = str(st.session_state.get(MODEL, models.DEFAULT))
    return {"model": "" if name == models.DEFAULT else name}


def _model_words(name: str) -> str:
    try:
        card = card_of(name)
    except SeewhyError:
        return name
    return f"{card.title}" if card.ready else f"{card.title} (not downloaded)"


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


def form(lens: Explainer[Any, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    """The form drawn from the params type; a page may draw single fields itself.

    Returns:
        The chosen values by name; what has no effect under the other choices keeps its default and is not shown.
    """
    mine = knobs(lens.params)
    values = {knob.name: st.session_state.get(field_key(lens, knob.name), knob.default) for knob in mine}
    for knob in (each for each in mine if not each.more):
        values[knob.name] = _field(lens, knob, fields, values)
    more = [each for each in mine if each.more]
    if more:
        with st.expander("More"):
            for knob in more:
                values[knob.name] = _field(lens, knob, fields, values)
    if st.button("Reset", key=f"{lens.name}.reset", help="Back to the defaults."):
        keys = {field_key(lens, knob.name) for knob in mine}
        for key in [str(each) for each in st.session_state]:
            if key in keys or key.rpartition(".")[0] in keys:  # a field may be drawn as several widgets
                st.session_state.pop(key)
        st.rerun()
    return values


def field_key(lens: Explainer[Any, Any], name: str) -> str:
    """Where the session keeps a choice."""
    return f"{lens.name}.{name}"


def _field(lens: Explainer[Any, Any], knob: Knob, fields: Mapping[str, Field], values: Mapping[str, Any]) -> Any:
    if not knob.effective(values):
        return knob.default
    return fields.get(knob.name, plain_field)(knob, field_key(lens, knob.name))


def plain_field(knob: Knob, key: str) -> Any:
    """The widget that fits a knob: a list, a switch, a slider, a number or a text."""
    common: dict[str, Any] = {"label": knob.label, "key": key, "help": knob.help, "persist_state": "session"}
    st.session_state.setdefault(key, knob.default)
    if knob.choices:
        return st.selectbox(options=knob.choices, format_func=lambda c: str(c).replace("_", " "), **common)
    if knob.kind is bool:
        return st.toggle(**common)
    if knob.kind is str:
        return st.text_input(**common) or (None if knob.optional else "")
    low, high = (None if bound is None else knob.kind(bound) for bound in (knob.low, knob.high))
    common.update(min_value=low, max_value=high)
    if low is not None and high is not None and not knob.optional and high - low <= 100:
        return st.slider(**common)
    return st.number_input(**common, step=1 if knob.kind is int else None)


def ask(request: Request, *, lane: Lane = "interactive") -> Kept | None:
    """The answer when it is kept or comes within a second; otherwise its progress, with Cancel, and None."""
    engine = state.the_engine()
    fresh = st.session_state.pop(f"fresh.{request.key}", False)
    left = st.session_state.pop(f"left.{request.key}", False) and not fresh
    before = None if fresh else engine.state(request.key)
    if before and before.status in ("cancelled", "failed") and before.explainer:
        return _ended(request, before)
    if before and before.live and left:  # to ask now would begin it anew
        st.session_state[f"left.{request.key}"] = True
        watch(request.key, "Stopping")
        return None
    try:
        told = engine.ask(request, session=state.session(), lane=lane, fresh=fresh)
    except BusyError as error:
        st.warning(str(error))
        return None
    if told.live:
        with st.spinner("Working"):
            told = engine.wait(request.key, SHORT)
    if told.live:
        watch(request.key, "Working")
        return None
    return _ended(request, told)


def begun(request: Request, title: str, invite: Callable[[], object], **button: Any) -> Kept | None:
    """A long answer: kept, on its way in the background, or what ``invite`` draws and a button that begins it."""
    told = state.the_engine().state(request.key)
    if told.status == "absent" and f"fresh.{request.key}" not in st.session_state:
        invite()
        if not st.button(title, key=f"begin.{request.key}", **button):
            return None
    return ask(request, lane="batch")


def _ended(request: Request, told: JobState) -> Kept | None:
    kept = state.the_engine().kept(request.key) if told.ready else None
    if told.warning:
        st.warning(told.warning)
    if kept:
        return kept
    words = told.error or "The kept answer can no longer be read."
    (st.info if told.status == "cancelled" else st.error)(words)
    if told.log:
        with st.expander("Details"):
            st.write(f"The log holds more under the id `{told.log}`.")
    if st.button("Run again", key=f"again.{request.key}"):
        recompute(request)
    return None


def recompute(request: Request) -> None:
    """Work a request out again, whatever is kept."""
    st.session_state[f"fresh.{request.key}"] = True
    st.rerun()


@st.fragment(run_every=0.5)
def watch(key: str, title: str) -> None:
    """Progress, what happens now, a preview when there is one, and Cancel; the page is drawn again at the end."""
    engine = state.the_engine()
    told = engine.state(key)
    if not told.live:
        st.rerun()
    words = f"Waiting, {told.position} before this" if told.status == "queued" and told.position else told.note or title
    st.progress(min(1.0, max(0.0, told.fraction)), text=words)
    if told.preview is not None:
        st.image(told.preview, caption="so far", alt="A preview of the result so far")
    if st.button(
        "Cancel", key=f"cancel.{key}", help="Stops this work. You may also keep browsing: the answer is kept."
    ):
        engine.cancel(key, state.session())
        st.session_state[f"left.{key}"] = True
        st.rerun()
