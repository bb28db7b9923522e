"""What is kept: thumbnails with model, lens, class and time; each one click from its view."""

import importlib
import io

import streamlit as st

from dashboard.engine import Card
from dashboard.figures.raster import thumbnail
from dashboard.widgets import links
from dashboard.widgets import session as state
from explainers import registry

QUESTION = "Browse"
TITLE = "What is kept"
ORDER = 90
EACH = 24


def page() -> None:
    """Draw the page."""
    st.subheader("What is kept on this server", anchor=False)
    cards = [card for card in state.the_engine().recent(1000) if card.part == "result" and card.explainer in registry()]
    if not cards:
        st.info("Nothing is kept yet. Open **Where does it look?**, drop in a photo, and its explanation is kept here.")
        return
    links.load({"find": ("find", str), "lens": ("lens", str), "by": ("by", str)})
    query, lens, model = _filters(cards)
    links.save({"find": query, "lens": lens, "by": model})
    found = [card for card in cards if _fits(card, query, lens, model)]
    st.caption(f"{len(found)} of {len(cards)} explanations")
    if not found:
        st.info("Nothing kept fits; take a word away or choose another model.")
        return
    pages = (len(found) - 1) // EACH + 1
    number = st.pagination(pages, key="browse.page") if pages > 1 else 1
    _grid(found[(number - 1) * EACH : number * EACH])


def _filters(cards: list[Card]) -> tuple[str, str, str]:
    left, middle, right = st.columns([2, 1, 1])
    query = left.text_input("Search", key="find", placeholder="a class, a file name, a model")
    lenses, names = sorted({card.explainer for card in cards}), sorted({card.model for card in cards})
    for key, allowed in (("lens", lenses), ("by", names)):
        if st.session_state.get(key) not in ("", None, *allowed):
            st.session_state[key] = ""
    titles = {name: each.title for name, each in registry().items()}
    lens = middle.selectbox("Lens", ["", *lenses], key="lens", format_func=lambda name: titles.get(name, "all"))
    model = right.selectbox("Model", ["", *names], key="by", format_func=lambda name: name or "all")
    return query, lens or "", model or ""


def _fits(card: Card, query: str, lens: str, model: str) -> bool:
    if (lens and card.explainer != lens) or (model and card.model != model):
        return False
    text = f"{card.explainer} {card.model} {card.label} {_image_name(card)}".lower()
    return all(word in text for word in query.lower().split())


def _image_name(card: Card) -> str:
    image = card.params.get("image")
    return str(image["name"]) if isinstance(image, dict) else ""


def _grid(cards: list[Card]) -> None:
    with st.container(horizontal=True, gap="medium", key="gallery"):
        for card in cards:
            with st.container(width=168, gap="small", key=f"kept.{card.key[:16]}"):
                if data := _thumbnail(card.key):
                    st.image(data, width=160, alt=f"{card.explainer} of {_image_name(card)}: {card.label}")
                title = card.label.split(",")[0] or registry()[card.explainer].title
                st.page_link(_page(card), label=f"**{title}**", query_params=choices(card), help="Open this view.")
                st.caption(f"{registry()[card.explainer].title} · {card.model} · {state.ago(card.when)}")


@st.cache_data(max_entries=2000, show_spinner=False)
def _thumbnail(key: str) -> bytes | None:
    kept = state.the_engine().kept(key)
    picture = thumbnail(kept.result) if kept else None
    if picture is None:
        return None
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def _page(card: Card) -> st.Page:
    """The page of the lens; Streamlit knows pages by their address."""
    lens = registry()[card.explainer].lens
    home = importlib.import_module(f"dashboard.pages.{lens}")
    module = importlib.import_module(f"dashboard.pages.{lens}.page") if hasattr(home, "__path__") else home
    return st.Page(module.page, title=module.QUESTION, url_path=lens)


def choices(card: Card) -> dict[str, str]:
    """What the link of a kept answer's view says: model, picture, and every parameter that is not a default."""
    defaults = {field.name: field.default for field in registry()[card.explainer].params.__dataclass_fields__.values()}
    chosen = {"model": card.model}
    for name, value in card.params.items():
        if isinstance(value, dict):
            chosen[name] = f"sha256:{value['sha256']}"
        elif value not in (None, defaults.get(name)):
            chosen[name] = str(value)
    return chosen
