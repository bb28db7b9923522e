"""Where does it look? A map over the photo, its evidence, and everything that made it."""

from typing import Any

import streamlit as st

from dashboard import beside, links, panel, pictures, state
from dashboard.engine import Kept
from dashboard.figures import Look
from dashboard.figures import attribution as figures
from dashboard.figures.scores import probability_bars
from dashboard.figures.style import HEAT
from explainers import Knob, Request, find, knobs
from models import ModelCard, Photo, imagesets, labels
from models.errors import InputError, SeewhyError

QUESTION = "Where does it look?"
TITLE = "Attribution"
ORDER = 1
LENS = "gradcam"
MOST = 4
SHOWS = {"heat": "Heat map", "contours": "Contours", "signed": "For and against", "photo": "Photo"}
READING = (
    "Warm places speak for the class that is named above the picture; where the photo is bare, nothing does.",
    "The map is as coarse as the layer it is read from: here each cell covers a patch of the photo, not an outline.",
    "Colour shows the share of the strongest evidence in this picture; two pictures cannot be compared by colour alone.",
    "*For and against* shows both signs: red speaks for the class, blue against it.",
    "Look at the evidence: if the same map in another place does as well, do not trust the place.",
)


def page() -> None:
    """Draw the page."""
    lens = find(LENS)
    beside.notes(links.load(_parsers()))
    top, copy = st.columns([4, 1], vertical_alignment="bottom")
    with top:
        card = panel.choose_model()
    with copy:
        beside.copy_link()
    photo = pictures.strip()
    if photo is None:
        _empty()
        return
    if card is None:
        return
    form, centre, right = st.columns([1, 2.3, 1.35], gap="medium")
    with form, st.container(key="form"):
        values, look = _form(lens, card)
    try:
        requests = _requests(card, photo, values)
    except SeewhyError as error:
        centre.error(str(error))
        return
    links.save(_choices(values, look))
    with centre, st.container(key="centre"):
        kept = [panel.ask(request) for request in requests]
        _pictures(kept, look)
    first = kept[0]
    if first is not None:
        with right, st.container(key="evidence"):
            _top_five(first, look)
            beside.evidence(requests[0], look)
        with st.container(key="below"):
            beside.exports(first, requests[0], look)
            beside.provenance(first, requests[0])
    beside.about(LENS, READING)


def _form(lens: Any, card: ModelCard) -> tuple[dict[str, Any], Look]:
    values = panel.form(lens, {
        "target": lambda knob, key: _classes(card, knob, key),
        "layer": lambda knob, key: _layers(card, knob, key),
    })  # fmt: skip
    return values, _look()


def _classes(card: ModelCard, knob: Knob, key: str) -> tuple[int, ...]:
    """Search over all names; several stand side by side, none is the model's first answer."""
    held = [index for index in st.session_state.get(key, []) if index < len(card.labels)]
    st.session_state[key] = held
    chosen = st.multiselect(
        "Class", range(len(card.labels)), key=key, help=f"{knob.help} Up to {MOST} side by side.", max_selections=MOST,
        format_func=lambda index: f"{card.labels[index].split(',')[0]} ({index})", placeholder="the model's first answer",
        persist_state="session",
    )  # fmt: skip
    return tuple(chosen)


def _layers(card: ModelCard, knob: Knob, key: str) -> str | None:
    default = card.layer(None).name
    names = [layer.name for layer in card.layers if layer.main or layer.default]
    shapes = {layer.name: "×".join(map(str, layer.shape)) for layer in card.layers}
    if st.session_state.get(key) not in shapes:
        st.session_state[key] = default
    if st.session_state[key] not in names:
        names.append(st.session_state[key])
    chosen = st.selectbox(
        knob.label, names, key=key, help=knob.help, format_func=lambda name: f"{name} · {shapes[name]}", persist_state="session"
    )
    return None if chosen == default else str(chosen)


def _look() -> Look:
    """How to draw: never part of the question, so that nothing is computed again."""
    show = st.segmented_control(
        "View", list(SHOWS), key="show", format_func=lambda each: SHOWS[each], default="heat", persist_state="session"
    )
    with st.expander("Drawing"):
        opacity = st.slider("Opacity", 0.0, 1.0, 0.6, 0.05, key="opacity", persist_state="session")
        colours = st.selectbox("Colours", HEAT, key="colours", persist_state="session")
    base = state.look()
    return Look(dark=base.dark, show=show or "heat", opacity=opacity, colours=colours)


def _requests(card: ModelCard, photo: Photo, values: dict[str, Any]) -> list[Request]:
    lens, targets = find(LENS), values["target"] or (None,)
    rest = {name: value for name, value in values.items() if name != "target"}
    return [Request(LENS, card.name, lens.params(image=photo, target=target, **rest)) for target in targets]


def _pictures(kept: list[Kept | None], look: Look) -> None:
    for column, each in zip(st.columns(min(2, len(kept))) * 2, kept, strict=False):
        if each is None:
            continue
        result: Any = each.result
        with column:
            st.markdown(f"##### {result.sentence}")
            st.plotly_chart(
                figures.overlay(result, look).update_layout(height=460 if len(kept) == 1 else 320),
                key=f"map.{each.key}", config={"displaylogo": False}, alt=figures.alt(result, look),
            )  # fmt: skip


def _top_five(kept: Kept, look: Look) -> None:
    result: Any = kept.result
    st.subheader("What it answers", anchor=False)
    st.plotly_chart(
        probability_bars(result.top5, result.target, look), key="top5", config=beside.PLAIN,
        alt="Five likeliest classes: " + ", ".join(f"{name} {chance:.0%}" for _, name, chance in result.top5),
    )  # fmt: skip
    others = [(index, name.split(",")[0]) for index, name, _ in result.top5 if index != result.target]
    with st.container(horizontal=True, gap="small", key="answers"):
        st.caption("Why not")
        for index, name in others:
            if st.button(name, key=f"class.{index}", type="tertiary", help=f"Show what speaks for {name}."):
                st.session_state["_next_target"] = [index]
                st.rerun()


def _empty() -> None:
    """Nothing chosen yet: say what to do, and offer three pictures."""
    st.markdown("### Drop a photo above, or begin with one of these.")
    for column, entry in zip(st.columns(3), imagesets.samples()[:3], strict=False):
        with column:
            st.image(entry.photo().pixels, alt=entry.title, width="stretch", output_format="JPEG")
            if st.button(entry.title, key=f"begin.{entry.name}", width="stretch"):
                st.session_state[pictures.IMAGE] = entry.name
                st.rerun()
            st.caption(entry.licence)


def _parsers() -> dict[str, tuple[str, links.Parse]]:
    lens = find(LENS)
    if (target := st.session_state.pop("_next_target", None)) is not None:
        st.session_state[panel.field_key(lens, "target")] = target
    parsers: dict[str, tuple[str, links.Parse]] = {
        knob.name: (panel.field_key(lens, knob.name), knob.parse) for knob in knobs(lens.params)
    }
    parsers["target"] = (panel.field_key(lens, "target"), _targets)
    parsers["layer"] = (panel.field_key(lens, "layer"), _layer)
    parsers["model"] = (panel.MODEL, _model)
    parsers["image"] = (pictures.IMAGE, pictures.parse)
    parsers["show"] = ("show", lambda text: _one_of(text, tuple(SHOWS)))
    parsers["colours"] = ("colours", lambda text: _one_of(text, HEAT))
    parsers["opacity"] = ("opacity", _share)
    return parsers


def _model(text: str) -> str:
    import models

    return models.card(text).name


def _card() -> ModelCard:
    import models

    return models.card(st.session_state.get(panel.MODEL, models.DEFAULT))


def _targets(text: str) -> list[int]:
    if not all(part.isdecimal() for part in text.split(",")):
        raise InputError("classes are whole numbers with commas between.")
    return [_card().check_target(int(part)) for part in dict.fromkeys(text.split(","))][:MOST]


def _layer(text: str) -> str:
    return _card().layer(text).name


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


def _choices(values: dict[str, Any], look: Look) -> dict[str, str]:
    """Every choice that is not a default, for the address."""
    import models

    model = str(st.session_state.get(panel.MODEL, models.DEFAULT))
    chosen = {
        "model": "" if model == models.DEFAULT else model,
        "image": str(st.session_state.get(pictures.IMAGE, "")),
        "target": ",".join(map(str, values["target"])),
        "show": "" if look.show == "heat" else look.show,
        "colours": "" if look.colours == HEAT[0] else look.colours,
        "opacity": "" if look.opacity == 0.6 else f"{look.opacity:g}",
    }
    for knob in knobs(find(LENS).params):
        if knob.name != "target" and values[knob.name] not in (None, knob.default):
            chosen[knob.name] = str(values[knob.name])
    return chosen


def _search_hint(card: ModelCard, query: str) -> list[int]:
    return labels.search(card.labels, query)
