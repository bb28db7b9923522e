"""What does it look for? The concepts of a class, and the strategic graph of the images that it decides."""

from typing import Any

import streamlit as st

import models
from dashboard.engine import Kept
from dashboard.pages.concepts import cards as concept_cards
from dashboard.pages.concepts import clip_names as concept_words
from dashboard.pages.concepts import compare as concept_elsewhere
from dashboard.pages.concepts import graph as strategies
from dashboard.pages.concepts import names as concept_names
from dashboard.widgets import evidence as beside
from dashboard.widgets import image_picker as pictures
from dashboard.widgets import job as panel
from dashboard.widgets import links
from dashboard.widgets import session as state
from dashboard.widgets.form import fields
from explainers import Knob, Request, find, knobs
from models import ModelCard, Photo
from models.errors import SeewhyError
from models.imagesets.imageset import MENAGERIE

QUESTION = "What does it look for?"
TITLE = "Concepts"
ORDER = 2
LENS, ONE = "concepts", "concept_explain"
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


def _explained(card: ModelCard) -> None:
    form, centre = st.columns([1, 3.9], gap="medium")
    with form, st.container(key="form"):
        values = panel.form(find(LENS), {
            "k": _count,
            "cls": lambda knob, key: fields.a_class(card, knob, key, counts=_there(card)), "images": fields.images,
            "layer": lambda knob, key: fields.layer(card, knob, key, "the last whole cut"),
        })  # fmt: skip
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
        kept = panel.begun(request, "Learn the concepts", lambda: _invite(card, request), type="primary")
        if kept is not None:
            _bank(card, request, kept, photo)


def _count(knob: Knob, key: str) -> int | None:
    """How many concepts, or as many as are steady."""
    auto, count = f"{key}.auto", f"{key}.count"
    if key in st.session_state:  # a link says it
        given = st.session_state.pop(key)
        st.session_state.update({auto: given is None, count: given or knob.default})
    st.session_state.setdefault(count, knob.default)
    chosen = st.toggle("As many as are steady", key=auto, persist_state="session",
                       help="Tries several numbers; takes the one that is stable and rebuilds most.")  # fmt: skip
    if chosen:
        return None
    number = st.number_input(knob.label, int(knob.low or 1), int(knob.high or 50), key=count, help=knob.help, step=1,
                             persist_state="session")  # fmt: skip
    return int(number)


def _there(card: ModelCard) -> dict[int, int]:
    """Classes of which the chosen source has images; the field of the source is drawn before that of the class."""
    return fields.counted(card, str(st.session_state[panel.field_key(find(LENS), "images")]))


def _bank(card: ModelCard, request: Request, kept: Kept, photo: Photo | None) -> None:
    kept = concept_names.named(kept)
    result: Any = kept.result
    look = state.look()
    st.markdown(f"##### {result.sentence}")
    placed = _placed(card, request, photo)
    newcomer = placed and concept_names.lent(result, placed.result)
    strategies.draw(kept.key, result, look, newcomer)
    if newcomer is not None:
        concept_cards.one(newcomer, result)
    concept_cards.facts(result)
    concept_cards.cards(kept, request)
    concept_cards.tables(result, look)
    concept_elsewhere.elsewhere(card, request, look)
    concept_words.words(card, request, kept, look)
    with st.container(key="below"):
        beside.exports(kept, request, look)
        beside.provenance(kept, request)
        beside.evidence(request, look, columns=2)


def _placed(card: ModelCard, request: Request, photo: Photo | None) -> Kept | None:
    """The picture of this view, read in this bank."""
    if photo is None:
        return None
    try:
        return panel.ask(concept_elsewhere.wider(ONE, request, image=photo))
    except SeewhyError as error:
        st.error(str(error))
        return None


def _invite(card: ModelCard, request: Request) -> None:
    params: Any = request.params
    name = card.labels[params.cls].split(",")[0]
    st.markdown(f"##### What does *{name}* rest on, for {card.title}?")
    st.write(
        f"Up to {params.limit} images that the model takes for *{name}* are looked up in"
        f" {fields.offered()[params.images]}, and {params.k or 'as many as it takes'} concepts are learnt from them."
        " It takes about a minute on a laptop; you may keep browsing."
    )
    if params.images in MENAGERIE and card.labels != models.card("menagerie_cnn").labels:
        st.info(
            f"{card.title} does not know the menagerie's animals: choose a menagerie network above, or start the server"
            " with a folder of photos, `seewhy serve --images DIR`, and choose it on the left."
        )


def _parsers() -> dict[str, tuple[str, links.Parse]]:
    lens = find(LENS)
    return {
        "model": (panel.MODEL, lambda text: models.card(text).name),
        **{knob.name: (panel.field_key(lens, knob.name), knob.parse) for knob in knobs(lens.params)},
        "cls": (panel.field_key(lens, "cls"), fields.parse_class),
        "images": (panel.field_key(lens, "images"), fields.parse_images),
        "layer": (panel.field_key(lens, "layer"), fields.parse_layer),
        "image": (pictures.IMAGE, _image),
    }


def _image(text: str) -> str:
    address = pictures.parse(text)
    st.session_state[PLACED] = True
    return address


def _choices(values: dict[str, Any], photo: Photo | None) -> dict[str, str]:
    """Every choice that is not a default, for the address; folders by their own name."""
    mine = fields.told(values, knobs(find(LENS).params))
    if mine["images"]:  # the class that comes first depends on the images
        mine |= {"images": fields.images_word(mine["images"]), "cls": str(values["cls"])}
    return {**panel.choices(), **mine, **(pictures.choices() if photo is not None else {})}
