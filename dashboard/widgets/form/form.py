"""The form of an explainer, drawn from its params type."""

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard.widgets import links
from dashboard.widgets.form.fields import Field, Values, draw
from explainers import AnyExplainer, Knob, knobs
from models import ModelCard

Drawer = Callable[[Field], object]


def form(lens: AnyExplainer, card: ModelCard, special: Mapping[str, Drawer] | None = None) -> dict[str, object]:
    """Draw the form.

    Args:
        lens: whose parameters.
        card: the model that is chosen.
        special: fields that a page draws itself, by the parameter's name.

    Returns:
        The chosen values by name; what has no effect under the other choices keeps its default and is not shown.
    """
    choosable = knobs(lens.params)
    values = {knob.name: st.session_state.get(key_of(lens, knob.name), knob.default) for knob in choosable}

    def field(knob: Knob) -> object:
        if not knob.effective(values):
            return knob.default
        wanted = Field(knob, key_of(lens, knob.name), card, values)
        return special[knob.name](wanted) if special and knob.name in special else draw(knob.kind, wanted)

    for knob in (knob for knob in choosable if not knob.more):
        values[knob.name] = field(knob)
    if more := [knob for knob in choosable if knob.more]:
        with st.expander("More"):
            for knob in more:
                values[knob.name] = field(knob)
    if st.button("Reset", key=f"{lens.name}.reset", help="Back to the defaults."):
        _forget({key_of(lens, knob.name) for knob in choosable})
    return values


def key_of(lens: AnyExplainer, name: str) -> str:
    """Where the session keeps a parameter's value."""
    return f"{lens.name}.{name}"


def _forget(keys: set[str]) -> None:
    for key in [str(key) for key in st.session_state]:
        if key in keys or key.rpartition(".")[0] in keys:  # a field may be drawn as several widgets
            st.session_state.pop(key)
    st.rerun()


def readers(lens: AnyExplainer, card: Callable[[], ModelCard]) -> dict[str, tuple[str, Callable[[str], object]]]:
    """What a link may say of the parameters: name -> (key in the session, text -> value)."""

    def reader(knob: Knob) -> Callable[[str], object]:
        return lambda text: links.read(knob, text, card())

    return {knob.name: (key_of(lens, knob.name), reader(knob)) for knob in knobs(lens.params)}


def choices(lens: AnyExplainer, values: Values) -> dict[str, str]:
    """Every choice that is not a default, for the address."""
    return {knob.name: links.write(knob, values[knob.name]) for knob in knobs(lens.params) if knob.name in values}


def stored_choices(lens: AnyExplainer, params: Mapping[str, object]) -> dict[str, str]:
    """Every parameter of a stored answer that is not a default, as the address says it."""
    choices = {}
    for knob in knobs(lens.params):
        value = params.get(knob.name, knob.default)
        if isinstance(value, dict):
            choices[knob.name] = links.picture_address(value["sha256"], value["name"])
        else:
            choices[knob.name] = links.write(knob, tuple(value) if isinstance(value, list) else value)
    if isinstance(image := params.get("image"), dict):
        choices["image"] = links.picture_address(image["sha256"], image["name"])
    return choices
