"""The form field of each kind of parameter: one function a kind, found by the kind's type."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial, singledispatch
from typing import Any

import streamlit as st

from dashboard.widgets.controls import image_picker, model_picker
from dashboard.widgets.form import images
from dashboard.widgets.form.class_picker import LISTED, ClassPicker, class_title
from explainers import Knob
from explainers.kinds import (
    Choice,
    Class,
    Classes,
    GeneratorFile,
    Images,
    Kind,
    LayerName,
    Layers,
    ModelName,
    Names,
    Number,
    Picture,
    Switch,
    Whole,
)
from models import ModelCard
from models.generators import file as generators

Options = dict[str, Any]  # keyword arguments of a widget of Streamlit
Values = Mapping[str, Any]  # of parameters, as the explainer gets them
SLIDER = 100  # a range of at most so many steps is drawn as a slider


@dataclass(frozen=True)
class Field:
    """A field to be drawn.

    Attributes:
        knob: the parameter.
        key: where the session keeps its value.
        card: the model that the form is about.
        values: what the fields before it were set to.
    """

    knob: Knob
    key: str
    card: ModelCard
    values: Values

    @property
    def common(self) -> Options:
        """What every widget of Streamlit is given."""
        return {"label": self.knob.label, "key": self.key, "help": self.knob.help, "persist_state": "session"}


@singledispatch
def draw(_kind: Kind, field: Field) -> object:
    """Draw the field; gives the value. A kind without a function of its own is a text."""
    st.session_state.setdefault(field.key, field.knob.default)
    return st.text_input(**field.common, placeholder=field.knob.auto) or (None if field.knob.optional else "")


@draw.register
def _switch(_kind: Switch, field: Field) -> object:
    st.session_state.setdefault(field.key, field.knob.default)
    return st.toggle(**field.common)


@draw.register
def _number(kind: Number, field: Field) -> object:
    if field.knob.optional:
        return _automatic_or_number(kind, field)
    st.session_state.setdefault(field.key, field.knob.default)
    return _plain_number(kind, field.common)


def _plain_number(kind: Number, common: Options) -> object:
    plain = int if isinstance(kind, Whole) else float
    low, high = (None if bound is None else plain(bound) for bound in (kind.low, kind.high))
    if low is not None and high is not None and high - low <= SLIDER:
        return st.slider(**common, min_value=low, max_value=high)
    return st.number_input(**common, min_value=low, max_value=high, step=1 if plain is int else None)


def _automatic_or_number(kind: Number, field: Field) -> object:
    """A switch that leaves the number to the lens; the number is drawn when it is off."""
    auto, number = f"{field.key}.auto", f"{field.key}.number"
    if field.key in st.session_state:  # a link says it
        given = st.session_state.pop(field.key)
        st.session_state.update({auto: given is None, number: given})
    st.session_state.setdefault(auto, field.knob.default is None)
    if st.session_state.get(number) is None:
        st.session_state[number] = field.knob.default or kind.low or 1
    words = f"{field.knob.label}: choose automatically"
    if st.toggle(words, key=auto, persist_state="session", help=f"Off, you set it yourself. On: {field.knob.auto}."):
        return None
    return _plain_number(kind, {**field.common, "key": number})


@draw.register
def _choice(kind: Choice, field: Field) -> object:
    st.session_state.setdefault(field.key, field.knob.default)
    titles = kind.options()
    return st.selectbox(**field.common, options=list(titles), format_func=titles.__getitem__)


@draw.register
def _class(_kind: Class, field: Field) -> object:
    """Those classes of which the chosen images have some come first, with their number."""
    source = next((str(value) for name, value in field.values.items() if name == "images" and value), "")
    seen = images.predicted(source, field.card)
    many = seen.by_class() if seen else images.counts(source, field.card.labels) if source else {}
    if seen is not None and not field.knob.optional and images.is_new(source):
        st.session_state[field.key] = next(iter(many))
    if st.session_state.get(field.key) not in range(len(field.card.labels)):
        st.session_state[field.key] = None if field.knob.optional else next(iter(many), 0)

    ClassPicker(
        card=field.card,
        key=f"{field.key}.pick",
        current=st.session_state[field.key],
        first=[*many, *range(len(field.card.labels))][:LISTED],
        choose=partial(_keep, field.key),
        counts=many,
        unit=f"of {seen.looked} images" if seen else "images",
        label=field.knob.label,
        words={"help": field.knob.help, "placeholder": field.knob.auto or "type a name"},
    ).draw()
    if seen is not None:
        common = ", ".join(f"{field.card.short(index)} in {count}" for index, count in list(many.items())[:3])
        st.caption(f"Of {seen.looked} pictures that were looked at, the model sees {common}.")
    return st.session_state[field.key]


def _keep(key: str, value: object) -> None:
    st.session_state[key] = value


@draw.register
def _classes(_kind: Classes, field: Field) -> object:
    here = [index for index in st.session_state.get(field.key) or () if index < len(field.card.labels)]
    st.session_state[field.key] = here
    chosen = st.multiselect(
        **field.common,
        options=range(len(field.card.labels)),
        placeholder=field.knob.auto,
        format_func=lambda index: class_title(field.card, index),
    )
    return tuple(chosen) or None


@draw.register
def _layer(_kind: LayerName, field: Field) -> object:
    shapes = _shapes(field.card)
    main = [layer.name for layer in field.card.layers if layer.main or layer.default]
    here = st.session_state.get(field.key)
    if here not in shapes:
        here = st.session_state[field.key] = None
    known = main if here is None or here in main else [*main, here]  # a link may name any layer
    return st.selectbox(
        **field.common,
        options=known,
        index=None,
        placeholder=field.knob.auto,
        format_func=lambda name: f"{name} · {shapes[name]}",
    )


@draw.register
def _layers(_kind: Layers, field: Field) -> object:
    shapes = _shapes(field.card)
    main = [layer.name for layer in field.card.layers if layer.main or layer.default]
    here = [name for name in st.session_state.get(field.key) or () if name in shapes]
    st.session_state[field.key] = here
    chosen = st.multiselect(
        **field.common,
        options=[*main, *(name for name in here if name not in main)],
        placeholder=field.knob.auto,
        format_func=lambda name: f"{name} · {shapes[name]}",
    )
    return tuple(chosen) or None


def _shapes(card: ModelCard) -> dict[str, str]:
    return {layer.name: "×".join(map(str, layer.shape)) for layer in card.layers}


@draw.register
def _images(kind: Images, field: Field) -> object:
    return images.pick(field.knob, field.key, kind.more)


@draw.register
def _names(kind: Names, field: Field) -> object:
    titles = kind.options()
    st.session_state[field.key] = list(st.session_state.get(field.key) or ())
    chosen = st.multiselect(
        **field.common, options=list(titles), placeholder=field.knob.auto, format_func=titles.__getitem__
    )
    return tuple(chosen) or None


@draw.register
def _model(_kind: ModelName, field: Field) -> object:
    ready = [name for name in model_picker.ready() if name != field.card.name]
    st.session_state.setdefault(field.key, field.knob.default or None)
    return st.selectbox(
        **field.common,
        options=ready,
        index=None,
        placeholder=field.knob.auto or "choose one",
        format_func=model_picker.title,
    )


@draw.register
def _generator(_kind: GeneratorFile, field: Field) -> object:
    """Those that were trained here for the model; never a path on this server."""
    known = generators.offered(field.card.digest)
    if st.session_state.get(field.key) not in known:
        st.session_state[field.key] = None
    return st.selectbox(
        **field.common,
        options=list(known),
        index=None,
        placeholder=field.knob.auto,
        format_func=lambda name: f"{name} · {known[name].facts.get('steps', '?')} steps",
    )


@draw.register
def _picture(_kind: Picture, field: Field) -> object:
    return image_picker.another(field.knob.label, field.key, field.knob.help)
