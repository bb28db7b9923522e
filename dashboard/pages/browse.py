"""What is kept: thumbnails with model, explainer, class and time; each one click from its view."""

import io

import streamlit as st

from dashboard.engine.jobs import StoredEntry
from dashboard.figures.raster import thumbnail
from dashboard.pages import home_of
from dashboard.widgets import links, session
from dashboard.widgets.page import Page
from explainers import registry
from models.labels import short

PER_PAGE = 24


def draw() -> None:
    """Draw the page."""
    st.subheader("Saved results", anchor=False)
    entries = session.the_engine().recent(1000)
    whole = registry()  # without pieces of work, which explain nothing by themselves
    cards = [card for card in entries if card.part == "result" and card.explainer in whole and home_of(card)]
    if not cards:
        st.info("Nothing is kept yet. Open **Where does it look?**, drop in a photo, and its explanation is kept here.")
        return
    links.load({"find": ("find", str), "lens": ("lens", str), "by": ("by", str)})
    query, lens, model = _filters(cards)
    links.save({"find": query, "lens": lens, "by": model})
    shown = [card for card in cards if _fits(card, query, lens, model)]
    st.caption(f"{len(shown)} of {len(cards)} explanations")
    if not shown:
        st.info("Nothing kept fits; take a word away or choose another model.")
        return
    pages = (len(shown) - 1) // PER_PAGE + 1
    number = st.pagination(pages, key="browse.page") if pages > 1 else 1
    _grid(shown[(number - 1) * PER_PAGE : number * PER_PAGE])


def _filters(cards: list[StoredEntry]) -> tuple[str, str, str]:
    left, middle, right = st.columns([2, 1, 1])
    query = left.text_input("Search", key="find", placeholder="a class, a file name, a model")
    lenses, names = sorted({card.explainer for card in cards}), sorted({card.model for card in cards})
    for key, allowed in (("lens", lenses), ("by", names)):
        if st.session_state.get(key) not in ("", None, *allowed):
            st.session_state[key] = ""
    titles = {name: lens.title for name, lens in registry().items()}
    lens = middle.selectbox("Lens", ["", *lenses], key="lens", format_func=lambda name: titles.get(name, "all"))
    model = right.selectbox("Model", ["", *names], key="by", format_func=lambda name: name or "all")
    return query, lens or "", model or ""


def _fits(card: StoredEntry, query: str, lens: str, model: str) -> bool:
    if (lens and card.explainer != lens) or (model and card.model != model):
        return False
    text = f"{card.explainer} {card.model} {card.label} {_image_name(card)}".lower()
    return all(word in text for word in query.lower().split())


def _image_name(card: StoredEntry) -> str:
    image = card.params.get("image")
    return str(image["name"]) if isinstance(image, dict) else ""


def _grid(cards: list[StoredEntry]) -> None:
    with st.container(horizontal=True, gap="medium", key="gallery"):
        for card in cards:
            with st.container(width=168, gap="small", key=f"kept.{card.key[:16]}"):
                _entry(card)


def _entry(card: StoredEntry) -> None:
    lens = registry()[card.explainer]
    if data := _thumbnail(card.key):
        st.image(data, width=160, alt=f"{card.explainer} of {_image_name(card)}: {card.label}")
    if home := home_of(card):
        label = f"**{short(card.label) or lens.title}**"
        st.page_link(home.entry, label=label, query_params=dict(home.choices), help="Open this view.")
    st.caption(f"{lens.title} · {card.model} · {session.ago(card.when)}")


@st.cache_data(max_entries=2000, show_spinner=False)
def _thumbnail(key: str) -> bytes | None:
    answer = session.the_engine().kept(key)
    picture = thumbnail(answer.result) if answer else None
    if picture is None:
        return None
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


PAGE = Page(question="Browse", title="Saved results", order=90, draw=draw)
