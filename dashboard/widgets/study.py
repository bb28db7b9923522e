"""How a study is laid out: form, picture, evidence; below them export and provenance. One way for all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.engine import Kept
from dashboard.figures import Look
from dashboard.widgets import display_options as view
from dashboard.widgets import evidence as beside
from dashboard.widgets import image_picker as pictures
from dashboard.widgets import job as panel
from dashboard.widgets import links
from dashboard.widgets import session as state
from dashboard.widgets.form import fields
from dashboard.widgets.job import Field
from explainers import Request, find, knobs
from models import ModelCard
from models.errors import SeewhyError

STUDY, FIRST = "study", "single"
TILE = 166


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is special about one study.

    Attributes:
        lens: name of its explainer.
        fields: those of its form that are not drawn from the params alone.
        draw: the picture, from the kept answer.
        picture: whether it is about one picture, chosen in the strip.
        overlay: whether it draws maps over photos, so that the view's controls mean something.
        begin: words of the button that begins it, and of what it takes; empty for what is quick.
    """

    lens: str
    fields: Mapping[str, Field]
    draw: Callable[[Kept, Look], None]
    picture: bool = True
    overlay: bool = True
    begin: tuple[str, str] | None = None


def lay_out(card: ModelCard, study: Study) -> None:
    """Draw a study, whatever state its answer is in."""
    photo = pictures.strip() if study.picture else None
    if study.picture and photo is None:
        pictures.offer()
        return
    lens = find(study.lens)
    form, centre, right = st.columns([1, 2.5, 1.25], gap="medium")
    with form, st.container(key="form"):
        values = panel.form(lens, study.fields)
        look = view.controls() if study.overlay else state.look()
    drawn = view.choices(look) if study.overlay else {}
    save({**link_words(values, study.lens), **drawn}, picture=study.picture)
    with centre, st.container(key="centre"):
        try:
            request = Request(lens.name, card.name, lens.params(**values, **({"image": photo} if photo else {})))
        except SeewhyError as error:
            st.error(str(error))
            return
        if study.begin is None:
            kept = panel.ask(request)
        else:
            title, words = study.begin
            kept = panel.begun(request, title, lambda: st.write(words), type="primary")
        if kept is not None:
            study.draw(kept, look)
    if kept is None:
        return
    with right, st.container(key="evidence"):
        beside.evidence(request, look)
    with st.container(key="below"):
        beside.exports(kept, request, look)
        beside.provenance(kept, request)


def save(choices: Mapping[str, str], *, picture: bool = True) -> None:
    """Every choice of this view into the address: study, model, picture, and those of the study."""
    study = str(st.session_state.get(STUDY) or FIRST)
    links.save({
        STUDY: "" if study == FIRST else study, **panel.choices(), **(pictures.choices() if picture else {}), **choices,
    })  # fmt: skip


def link_words(values: Mapping[str, Any], lens: str) -> dict[str, str]:
    """The values that are not defaults, folders by their own name."""
    words = fields.told(values, knobs(find(lens).params))
    return {name: fields.images_word(word) if name in ("images", "others") and word else word
            for name, word in words.items()}  # fmt: skip


def parsers(lens: str, own: Mapping[str, links.Parse] | None = None) -> dict[str, tuple[str, links.Parse]]:
    """What a link may say about a study: its knobs, picture and view; classes and layers are held to the model."""
    known: dict[str, links.Parse] = {
        "target": fields.parse_class, "cls": fields.parse_class, "versus": fields.parse_class,
        "layer": fields.parse_layer, "images": fields.parse_images, "others": fields.parse_images, **(own or {}),
    }  # fmt: skip
    return {
        "image": (pictures.IMAGE, pictures.parse),
        **{
            knob.name: (panel.field_key(find(lens), knob.name), known.get(knob.name, knob.parse))
            for knob in knobs(find(lens).params)
        },
        **view.parsers(),
    }


def grid(pictures: list[tuple[str, Any, str]], columns: int) -> None:
    """Pictures (H, W, 3) side by side, one below the other where it is narrow: title, picture, the line under it."""
    for start in range(0, len(pictures), columns):
        for column, each in zip(st.columns(columns), pictures[start : start + columns], strict=False):
            with column:
                _titled(*each, "stretch")


def tiles(pictures: list[tuple[str, Any, str]]) -> None:
    """Many small pictures, as many in a row as there is room for."""
    with st.container(horizontal=True, gap="small"):
        for each in pictures:
            with st.container(width=TILE, gap=None):
                _titled(*each, TILE - 6)


def _titled(title: str, picture: Any, words: str, width: Any) -> None:
    st.markdown(f"**{title}**")
    st.image(picture, width=width, alt=f"{title} over the photo", output_format="JPEG")
    if words:
        st.caption(words)
