"""What does it look for? The concepts of a class, and the strategic graph of the images that it decides."""

from pathlib import Path
from typing import Any

import streamlit as st

import models
from dashboard import beside, concept_cards, links, panel, pictures, state, strategies
from dashboard.engine import Kept
from explainers import Knob, Request, find, knobs
from models import ModelCard, Photo
from models.errors import InputError, SeewhyError
from models.gallery import MENAGERIE

QUESTION = "What does it look for?"
TITLE = "Concepts"
ORDER = 2
LENS, ONE = "concepts", "concept_explain"
WORLDS = {"menagerie": "the menagerie (drawn animals)", "menagerie_biased": "the menagerie with badges"}
PLACED = "placed"
READING = (
    "A dot is an image that the model takes for the class; dots near each other are decided by the same concepts.",
    "Its colour is the concept that adds most to the class's score there; a ring says that the image is said to be"
    " another class.",
    "Names such as *48 %: muzzle + ear* are clusters of images, found from all contributions and not from the layout.",
    "*Activation* is how much of a concept is there, *importance* how much it adds to the score; a map tells where.",
    "Distances far apart in a t-SNE mean little; compare with PCA before you rely on them.",
)  # fmt: skip


def page() -> None:
    """Draw the page."""
    card = beside.head(_parsers())
    if card is not None:
        _explained(card)
    beside.about(LENS, READING)


def offered() -> dict[str, str]:
    """Where images may come from: the menagerie, and the folders that the server was given; never any other path."""
    folders = state.the_engine().settings.images
    return {**WORLDS, **{folder: f"folder {Path(folder).parent.name}/{Path(folder).name}" for folder in folders}}


def _explained(card: ModelCard) -> None:
    form, centre = st.columns([1, 3.9], gap="medium")
    with form, st.container(key="form"):
        values = panel.form(find(LENS), {"cls": lambda knob, key: _class(card, knob, key), "images": _images,
                                         "layer": lambda knob, key: _layer(card, knob, key)})  # fmt: skip
        st.toggle("Place a picture of mine", key=PLACED, persist_state="session",
                  help="Reads a picture in this class's concepts and shows where it lands in the graph.")  # fmt: skip
    with centre, st.container(key="centre"):
        photo = pictures.strip() if st.session_state.get(PLACED) else None
        links.save(_choices(values, photo))
        try:
            request = Request(LENS, card.name, find(LENS).params(**values))
        except SeewhyError as error:
            st.error(str(error))
            return
        kept = _asked(card, request)
        if kept is not None:
            _bank(card, request, kept, photo)


def _bank(card: ModelCard, request: Request, kept: Kept, photo: Photo | None) -> None:
    result: Any = kept.result
    look = state.look()
    st.markdown(f"##### {result.sentence}")
    newcomer = _placed(card, request, photo)
    strategies.draw(kept.key, result, look, newcomer and newcomer.result)
    if newcomer is not None:
        concept_cards.one(newcomer.result, result)
    concept_cards.facts(result)
    concept_cards.cards(result, request)
    concept_cards.tables(result, look)
    with st.container(key="below"):
        beside.exports(kept, request, look)
        beside.provenance(kept, request)
        beside.evidence(request, look)


def _placed(card: ModelCard, request: Request, photo: Photo | None) -> Kept | None:
    """The picture of this view, read in this bank."""
    if photo is None:
        return None
    chosen = {knob.name: getattr(request.params, knob.name) for knob in knobs(find(LENS).params)}
    try:
        return panel.ask(Request(ONE, card.name, find(ONE).params(image=photo, **chosen)))
    except SeewhyError as error:
        st.error(str(error))
        return None


def _asked(card: ModelCard, request: Request) -> Kept | None:
    """The kept bank, its progress, or a button that begins to learn it."""
    told = state.the_engine().state(request.key)
    if told.status == "absent" and f"fresh.{request.key}" not in st.session_state:
        _invite(card, request)
        if not st.button("Learn the concepts", type="primary", key=f"begin.{request.key}"):
            return None
    return panel.ask(request, lane="batch")


def _invite(card: ModelCard, request: Request) -> None:
    params: Any = request.params
    name = card.labels[params.cls].split(",")[0]
    st.markdown(f"##### What does *{name}* rest on, for {card.title}?")
    st.write(
        f"Up to {params.limit} images that the model takes for *{name}* are looked up in {offered()[params.images]},"
        f" and {params.k} concepts are learnt from them. It takes about a minute on a laptop; you may keep browsing."
    )
    if params.images in MENAGERIE and card.labels != models.card("menagerie_cnn").labels:
        st.info(
            f"{card.title} does not know the menagerie's animals: choose a menagerie network above, or start the server"
            " with a folder of photos, `seewhy serve --images DIR`, and choose it on the left."
        )


def _class(card: ModelCard, knob: Knob, key: str) -> int:
    if not 0 <= int(st.session_state.get(key) or 0) < len(card.labels):
        st.session_state[key] = 0
    st.session_state.setdefault(key, 0)
    chosen = st.selectbox(
        knob.label, range(len(card.labels)), key=key, help=knob.help, persist_state="session",
        format_func=lambda index: f"{card.labels[index].split(',')[0]} ({index})",
    )  # fmt: skip
    return int(chosen)


def _images(knob: Knob, key: str) -> str:
    known = offered()
    if st.session_state.get(key) not in known:
        st.session_state[key] = next(iter(known))
    return str(
        st.selectbox(knob.label, list(known), key=key, help=knob.help, format_func=known.__getitem__,
                     persist_state="session")
    )  # fmt: skip


def _layer(card: ModelCard, knob: Knob, key: str) -> str | None:
    names = ["", *(layer.name for layer in card.layers if layer.main or layer.default)]
    if st.session_state.get(key) not in names:
        st.session_state[key] = ""
    chosen = st.selectbox(knob.label, names, key=key, help=knob.help, persist_state="session",
                          format_func=lambda name: name or "the last whole cut")  # fmt: skip
    return chosen or None


def _parsers() -> dict[str, tuple[str, links.Parse]]:
    lens = find(LENS)
    return {
        "model": (panel.MODEL, lambda text: models.card(text).name),
        **{knob.name: (panel.field_key(lens, knob.name), knob.parse) for knob in knobs(lens.params)},
        "cls": (panel.field_key(lens, "cls"), _target),
        "images": (panel.field_key(lens, "images"), _source),
        "layer": (panel.field_key(lens, "layer"), lambda text: panel.chosen_card().layer(text).name),
        "image": (pictures.IMAGE, _image),
    }


def _target(text: str) -> int:
    if not text.isdecimal():
        raise InputError("a class is a whole number.")
    return panel.chosen_card().check_target(int(text))


def _source(text: str) -> str:
    found = [each for each in offered() if text in (each, Path(each).name)]
    if not found:
        raise InputError("this server was not given that folder; start it with --images.")
    return found[0]


def _image(text: str) -> str:
    address = pictures.parse(text)
    st.session_state[PLACED] = True
    return address


def _choices(values: dict[str, Any], photo: Photo | None) -> dict[str, str]:
    """Every choice that is not a default, for the address; folders by their own name."""
    mine = {
        knob.name: "" if values[knob.name] in (None, knob.default) else str(values[knob.name])
        for knob in knobs(find(LENS).params)
    }
    if mine["images"] and mine["images"] not in MENAGERIE:
        mine["images"] = Path(mine["images"]).name
    return {**panel.choices(), **mine, **(pictures.choices() if photo is not None else {})}
