"""What does it look for? The concepts of a class, and the strategic graph of the images that it decides."""

from collections.abc import Mapping

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.engine.jobs import StoredEntry
from dashboard.figures import Look
from dashboard.pages.concepts import cards, clip_names, compare, graph, names
from dashboard.widgets import job, links, session
from dashboard.widgets.controls import image_picker, model_picker, opening
from dashboard.widgets.evidence import evidence
from dashboard.widgets.export_bar import exports
from dashboard.widgets.form import form
from dashboard.widgets.form.form import stored_choices
from dashboard.widgets.form.images import offered, strange
from dashboard.widgets.page import Page, head
from dashboard.widgets.provenance import about, provenance
from dashboard.widgets.study import request_of
from explainers import Request, find
from explainers.concepts.bank.lens import Concepts, concepts
from explainers.concepts.explain import ConceptExplained, concept_explain
from explainers.concepts.named import concept_named
from explainers.kinds import Choice
from models import ModelCard, Photo
from models.errors import SeewhyError

PLACED = "placed"
OPENING = {"model": "menagerie_cnn"}
DEEPER = "deeper"
PARTS = {"counts": "Importance and fidelity", "elsewhere": "Other classes and models", "words": "Names from CLIP"}
SECTION = {"concept_similar": "elsewhere", "concept_match": "elsewhere", "concept_named": "words"}
READING = (
    "A dot is an image that the model takes for the class; dots near each other are decided by the same concepts.",
    "Its colour is the concept that adds most to the class's score there; a ring says that the image is labelled"
    " another class.",
    "Names such as *48%: muzzle + ear* are clusters of images, found from all contributions and not from the layout.",
    "*Activation* is how much of a concept is there, *importance* how much it adds to the score; a map tells where.",
    "Distances far apart in a t-SNE mean little; compare with PCA before you rely on them.",
)


def draw() -> None:
    """Draw the page."""
    card = head(_readers(), begin=lambda: opening.apply("concepts", OPENING, _readers()))
    if card is not None:
        _study(card)
    about(concepts, READING)


def _study(card: ModelCard) -> None:
    left, centre = st.columns([1, 3.9], gap="medium")
    with left, st.container(key="form"):
        values = form.form(concepts, card)
        st.toggle(
            "Place a picture of mine",
            key=PLACED,
            persist_state="session",
            help="Reads a picture in this class's concepts and shows where it lands in the graph.",
        )
    with centre, st.container(key="centre"):
        photo = image_picker.strip() if st.session_state.get(PLACED) else None
        links.save({**model_picker.choices(), **_choices(card, values, photo)})
        request = request_of(concepts, card, values)
        if request is None:
            return
        bank = job.on_demand(request, "Learn the concepts", lambda: _invite(card, request), "primary")
        if bank is not None:
            _bank(card, request, bank, photo)


def _bank(card: ModelCard, request: Request[Concepts], answer: Answer[Concepts], photo: Photo | None) -> None:
    bank = names.with_given_names(answer)
    result, look = bank.result, session.look()
    st.markdown(f"##### {result.sentence}")
    placed = _placed(request, photo)
    newcomer = names.with_bank_names(result, placed.result) if placed else None
    graph.draw(bank, look, newcomer)
    if newcomer is not None:
        cards.one(newcomer, result)
    left, right = st.columns([2.2, 1], gap="medium")
    with left:
        cards.cards(bank, request)
    with right, st.container(key="evidence"):
        evidence(request, look, shown=3)
    cards.facts(result)
    _deeper(card, request, bank, look)
    with st.container(key="below"):
        exports(bank, request, look)
        provenance(bank, request)


def _deeper(card: ModelCard, request: Request[Concepts], bank: Answer[Concepts], look: Look) -> None:
    """What only some want to know: drawn, and worked out, for those who ask."""
    chosen = st.segmented_control("Go deeper", list(PARTS), key=DEEPER, format_func=PARTS.__getitem__)
    if chosen == "counts":
        cards.tables(bank, look)
    elif chosen == "elsewhere":
        compare.elsewhere(card, request, look)
    elif chosen == "words":
        clip_names.proposals(card, request, bank, look)


def _placed(request: Request[Concepts], photo: Photo | None) -> Answer[ConceptExplained] | None:
    """The picture of this view, read in this bank."""
    if photo is None:
        return None
    try:
        return job.result_or_progress(compare.about_same_bank(concept_explain, request, image=photo))
    except SeewhyError as error:
        st.error(str(error))
        return None


def _invite(card: ModelCard, request: Request[Concepts]) -> None:
    params = compare.params_of(request)
    name = card.short(params.cls)
    st.markdown(f"##### What does *{name}* rest on, for {card.title}?")
    st.write(
        f"Up to {params.limit} images that the model takes for *{name}* are looked up in"
        f" {offered()[params.images]}, and {params.k or 'as many as it takes'} concepts are learnt from them."
        " It takes about a minute on a laptop; you may keep browsing."
    )
    if lacks := strange(card, params.images):
        st.info(lacks)


def _readers() -> links.Readers:
    return {
        **model_picker.readers(),
        **form.readers(concepts, model_picker.chosen_card),
        **compare.readers(),
        DEEPER: (DEEPER, lambda text: Choice(of=PARTS).read("it", text)),
        image_picker.IMAGE: (image_picker.IMAGE, _image),
    }


def _image(text: str) -> str:
    address = links.picture(text)
    st.session_state[PLACED] = True
    return address


def _choices(card: ModelCard, values: Mapping[str, object], photo: Photo | None) -> dict[str, str]:
    chosen = form.choices(concepts, values)
    if chosen["images"]:  # the class that comes first depends on the images
        chosen["cls"] = str(values["cls"])
    deeper = str(st.session_state.get(DEEPER) or "")
    return {**chosen, DEEPER: deeper, **compare.choices(card), **(image_picker.choices() if photo is not None else {})}


def stored(entry: StoredEntry) -> Mapping[str, str] | None:
    """What the address says of a stored bank, and of the answers about one that the page shows beside it."""
    lens = find(entry.explainer)
    if lens.lens != concepts.lens:
        return None
    said = stored_choices(lens, entry.params)
    shown = {image_picker.IMAGE, *form.readers(concepts, model_picker.chosen_card), *compare.readers()}
    model = str(entry.params["of"]) if lens is concept_named and entry.params["of"] else entry.model
    return {
        "model": model,
        DEEPER: SECTION.get(lens.name, ""),
        **{name: text for name, text in said.items() if name in shown},
    }


PAGE = Page(
    question="What does it look for?",
    title="Concepts",
    order=2,
    promise="The concepts that a class is made of, and the strategies that they form.",
    picture=True,
    draw=draw,
    link=stored,
    opening=OPENING,
    example=concepts,
)
