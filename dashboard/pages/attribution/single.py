"""One picture: a map over the photo, its evidence, and everything that made it."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from dashboard.engine import BusyError, Kept
from dashboard.figures import Look
from dashboard.figures.attribution import map as figures
from dashboard.figures.scores import probability_bars
from dashboard.widgets import display_options as view
from dashboard.widgets import evidence as beside
from dashboard.widgets import image_picker as pictures
from dashboard.widgets import job as panel
from dashboard.widgets import links
from dashboard.widgets import session as state
from dashboard.widgets import study as common
from dashboard.widgets.form import fields
from explainers import Explainer, Knob, Request, find, knobs
from explainers.attribution.methods.table import methods
from models import ModelCard, Photo, labels
from models.errors import InputError, SeewhyError

TITLE = "One picture"
ORDER = 1
LENS = "gradcam"
LENSES = (LENS, "saliency")
MOST = 4
METHOD, TARGET, LIKE, LAYER = (f"{LENS}.{name}" for name in ("method", "target", "like", "layer"))
READING = (
    "Warm places speak for the class that is named above the picture; where the photo is bare, nothing does.",
    "The map is as coarse as the layer it is read from: each cell covers a patch of the photo, not an outline.",
    "Colour shows the share of the strongest evidence in this picture; colours of two pictures cannot be compared.",
    "*For and against* shows both signs: red speaks for the class, blue against it.",
    "Look at the evidence: if the same map in another place does as well, do not trust the place.",
)


def draw(card: ModelCard) -> None:
    """Draw the study."""
    if (target := st.session_state.pop("_next_target", None)) is not None:
        st.session_state[TARGET] = target
    photo = pictures.strip()
    if photo is None:
        pictures.offer()
    else:
        _explained(card, photo)


def about() -> str:
    """The explainer that has the method which is chosen."""
    return _lens().name


def _lens() -> Explainer[Any, Any]:
    """The explainer that has the method which is chosen: maps of a layer, or single pixels."""
    return find(_methods().get(str(st.session_state.get(METHOD)), LENS))


def _methods() -> dict[str, str]:
    """Every method of the lens, and the explainer that has it."""
    return {str(method): name for name in LENSES for method in _knob(name, "method").choices}


def _knob(lens: str, name: str) -> Knob:
    return next(knob for knob in knobs(find(lens).params) if knob.name == name)


def _explained(card: ModelCard, photo: Photo) -> None:
    form, centre, right = st.columns([1, 2.3, 1.35], gap="medium")
    with form, st.container(key="form"):
        values, look = _form(card), view.controls()
    common.save(_choices(values, look))
    try:
        requests = _requests(card, photo, values)
    except SeewhyError as error:
        centre.error(str(error))
        return
    with centre, st.container(key="centre"):
        kept = [panel.ask(request) for request in requests]
        _pictures(kept, look)
        _explain_all(card, values)
    if (first := kept[0]) is None:
        return
    with right, st.container(key="evidence"):
        _top_five(first, look)
        beside.evidence(requests[0], look)
    with st.container(key="below"):
        beside.exports(first, requests[0], look)
        beside.provenance(first, requests[0])


def _form(card: ModelCard) -> dict[str, Any]:
    return panel.form(
        _lens(),
        {
            "target": lambda knob, _key: _classes(card, knob, TARGET),
            "method": lambda knob, _key: _method(knob),
            "layer": lambda knob, key: fields.layers(card, knob, key, "the last map before pooling"),
            "versus": lambda knob, key: fields.a_class(card, knob, key, "nothing"),
            "neuron_layer": lambda knob, key: fields.layer(card, knob, key, "the layer looked at"),
            "like": lambda knob, _key: pictures.another(knob.label, LIKE, knob.help),
        },
    )


def _method(knob: Knob) -> str:
    """All methods in one list: first those that read a layer's maps, then those that ask single pixels."""
    st.session_state.setdefault(METHOD, LENS)
    titles = {name: method.title for name, method in methods().items()}
    return str(
        st.selectbox(
            "Method", list(_methods()), key=METHOD, help=knob.help, format_func=lambda name: titles.get(name, name),
            persist_state="session",
        )
    )  # fmt: skip


def _classes(card: ModelCard, knob: Knob, key: str) -> tuple[int, ...]:
    """Search over all names; several stand side by side, none is the model's first answer."""
    st.session_state[key] = [index for index in st.session_state.get(key, []) if index < len(card.labels)]
    chosen = st.multiselect(
        "Class", range(len(card.labels)), key=key, help=f"{knob.help} Up to {MOST} side by side.", max_selections=MOST,
        format_func=lambda index: fields.name_of(card, index), persist_state="session",
        placeholder="the model's first answer",
    )  # fmt: skip
    if st.button("Find a class", key="find_class", shortcut="f", type="tertiary"):
        _find_class(card, key)
    return tuple(chosen)


@st.dialog("Find a class")
def _find_class(card: ModelCard, key: str) -> None:
    query = st.text_input("Part of its name, or its number", key="class_query")
    found = labels.search(card.labels, query) if query.strip() else []
    for index in found[:10]:
        if st.button(f"{card.labels[index]} ({index})", key=f"found.{index}", type="tertiary"):
            st.session_state["_next_target"] = [*st.session_state.get(key, []), index][-MOST:]
            st.rerun()
    if query.strip():
        st.caption(f"{len(found)} of {len(card.labels)} classes" if found else "No class has such a name.")


def _requests(card: ModelCard, photo: Photo, values: dict[str, Any]) -> list[Request]:
    rest = {name: value for name, value in values.items() if name != "target"}
    lens = find(_methods()[values["method"]])
    targets = values["target"] or (None,)  # a neuron, a likeness and a sentence have no class
    return [Request(lens.name, card.name, lens.params(image=photo, target=each, **rest)) for each in targets]


def _explain_all(card: ModelCard, values: dict[str, Any]) -> None:
    """Several uploads: all of them in the background, with the same choices."""
    photos = pictures.uploaded()
    if len(photos) < 2 or not st.button(f"Explain all {len(photos)} uploads", key="all"):
        return
    try:
        for photo in photos:
            for request in _requests(card, photo, values):
                state.the_engine().ask(request, session=state.session(), lane="batch")
    except BusyError as error:
        st.warning(str(error))
        return
    st.success("They are worked out in the background: see **Jobs**, and **Browse** when they are done.")


def _overlay(result: Any, look: Look, height: int) -> go.Figure:
    return figures.overlay(result, look).update_layout(height=height)


def _pictures(kept: list[Kept | None], look: Look) -> None:
    height = 460 if len(kept) == 1 else 320
    for column, each in zip(st.columns(min(2, len(kept))) * 2, kept, strict=False):
        if each is None:
            continue
        result: Any = each.result
        with column:
            st.markdown(f"##### {result.sentence}")
            st.plotly_chart(
                state.figure(each, look, height, lambda result=result: _overlay(result, look, height)),  # type: ignore[misc]
                key=f"map.{each.key}", config=beside.ZOOM, alt=figures.alt(result, look),
            )  # fmt: skip


def _top_five(kept: Kept, look: Look) -> None:
    result: Any = kept.result
    st.markdown("##### What it answers")
    st.plotly_chart(
        state.figure(kept, look, "top5", lambda: probability_bars(result.top5, result.target, look)),
        key="top5", config=beside.PLAIN,
        alt="Likeliest classes: " + ", ".join(f"{name} {chance:.0%}" for _, name, chance in result.top5),
    )  # fmt: skip
    others = [(index, name.split(",")[0]) for index, name, _ in result.top5 if index != result.target]
    with st.container(horizontal=True, gap="small", key="answers", vertical_alignment="center"):
        st.markdown("Why not", width="content")
        for index, name in others:
            if st.button(name, key=f"class.{index}", type="tertiary", help=f"Show what speaks for {name}."):
                st.session_state["_next_target"] = [index]
                st.rerun()


def parsers() -> dict[str, tuple[str, links.Parse]]:
    """What a link may say: the knobs of the explainer that has the method which it names."""
    return {
        **common.parsers(_methods().get(st.query_params.get("method", ""), LENS)),
        "method": (METHOD, _method_named),
        "target": (TARGET, _targets),
        "like": (LIKE, pictures.parse),
        "layer": (LAYER, fields.parse_layers),
    }


def _method_named(text: str) -> str:
    if text not in _methods():
        raise InputError(f"it is one of {', '.join(_methods())}.")
    return text


def _targets(text: str) -> list[int]:
    if not all(part.isdecimal() for part in text.split(",")):
        raise InputError("classes are whole numbers with commas between.")
    return [panel.chosen_card().check_target(int(part)) for part in dict.fromkeys(text.split(","))][:MOST]


def _choices(values: dict[str, Any], look: Look) -> dict[str, str]:
    """Every choice that is not a default, for the address."""
    return {
        **common.link_words(values, _lens().name),
        "method": "" if values["method"] == LENS else values["method"],
        "target": ",".join(map(str, values["target"] or ())),
        "like": str(st.session_state[LIKE]) if values.get("like") else "",
        **view.choices(look),
    }
