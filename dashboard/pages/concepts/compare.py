"""A bank beside others: similar concepts of other classes, the class in another model, and what a concept holds."""

from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st

import models
from dashboard.engine import Kept
from dashboard.figures import Look
from dashboard.figures.concepts.match import correlations
from dashboard.figures.raster import in_a_row
from dashboard.widgets import evidence as beside
from dashboard.widgets import job as panel
from dashboard.widgets.form import fields
from explainers import Request, find, knobs
from models import ModelCard

SIMILAR, MATCH, WITHIN = "concept_similar", "concept_match", "concept_within"


def wider(name: str, request: Request, model: str = "", **own: Any) -> Request:
    """A request of another explainer about the same bank; of another model when one is named."""
    lens = find(name)
    given = {knob.name: getattr(request.params, knob.name) for knob in knobs(type(request.params))}
    return Request(name, model or request.model, lens.params(**given, **own))


def begun(asked: Request, title: str, words: str) -> Kept | None:
    """A comparison: kept, on its way, or a button that begins it."""
    return panel.begun(asked, title, lambda: st.caption(words))


def elsewhere(card: ModelCard, request: Request, look: Look) -> None:
    """Both comparisons, each behind a tab."""
    st.markdown("##### Where else these concepts are")
    classes, other = st.tabs(["In other classes", "In another model"])
    with classes:
        _similar(card, request, look)
    with other:
        _match(card, request, look)


def _similar(card: ModelCard, request: Request, look: Look) -> None:
    params: Any = request.params
    known = [index for index in range(len(card.labels)) if index != params.cls]
    chosen = st.multiselect(
        "Classes", known, key=f"similar.{request.key}", format_func=lambda index: fields.name_of(card, index),
        placeholder="the three nearest", max_selections=6,
    )  # fmt: skip
    asked = wider(SIMILAR, request, others=",".join(map(str, chosen)))
    kept = begun(
        asked, "Look in other classes", "Learns the concepts of each of these classes: a minute or so a class."
    )
    if kept is None:
        return
    result: Any = kept.result
    st.markdown(result.sentence)
    for own in range(len(result.names)):
        columns = st.columns(1 + len(result.labels), gap="small")
        _cell(columns[0], result.crops[own], f"**{result.names[own]}**")
        for at, column in enumerate(columns[1:]):
            label = result.labels[at].split(",")[0]
            words = f"[{label}]({_link(request, int(result.classes[at]))}): {result.near_names[own][at]},"
            _cell(column, result.near_crops[own, at], f"{words} {result.cosine[own, at]:.2f}")
    for label, why in result.skipped:
        st.caption(f"{label} is not shown: {why}")
    beside.evidence(asked, look)
    beside.exports(kept, asked, look, ".similar")


def _cell(column: Any, crops: np.ndarray, words: str) -> None:
    with column:
        st.image(in_a_row(crops), width="stretch", alt=words.replace("*", ""), output_format="JPEG")
        st.caption(words)


def _link(request: Request, cls: int) -> str:
    """The class page of another class, with the same choices: the bank that was learnt to compare with."""
    params: Any = request.params
    given = knobs(type(params))
    told = {**panel.choices(), **fields.told({knob.name: getattr(params, knob.name) for knob in given}, given)}
    told |= {"cls": str(cls), "images": fields.images_word(params.images)}
    return f"/concepts?{urlencode({name: text for name, text in told.items() if text})}"


def _match(card: ModelCard, request: Request, look: Look) -> None:
    ready = [each for each in models.names() if each != card.name and _same_world(card, each)]
    if not ready:
        st.caption("No other model on this machine knows this class; fetch one, see `seewhy models`.")
        return
    left, right = st.columns(2)
    other = left.selectbox("Other model", ready, key="match.other", format_func=lambda name: panel.card_of(name).title)
    by = right.segmented_control(
        "Match by", ["correlation", "relative"], default="correlation", key="match.by", required=True,
        help="Presence in the same images, or cosines with these images (relative representations).",
    )  # fmt: skip
    asked = wider(MATCH, request, other=other, by=by or "correlation")
    kept = begun(asked, "Compare the models", "Learns this class's concepts in the other model, and matches them.")
    if kept is None:
        return
    result: Any = kept.result
    st.markdown(result.sentence)
    for (own, there), value in zip(result.pairs, result.matched, strict=True):
        columns = st.columns(2)
        _cell(columns[0], result.crops[own], f"{result.title}: **{result.names[own]}**, correlation {value:.2f}")
        _cell(columns[1], result.other_crops[there], f"{result.other_title}: **{result.other_names[there]}**")
    st.plotly_chart(correlations(result, look), key="match.table", config=beside.PLAIN, theme=None,
                    alt="Correlation of every concept with every one of the other model")  # fmt: skip
    beside.evidence(asked, look)
    beside.exports(kept, asked, look, ".match")


def _same_world(card: ModelCard, name: str) -> bool:
    other = panel.card_of(name)
    return other.ready and other.labels == card.labels


def inside(kept: Kept, concept: int, request: Request) -> None:
    """What a concept is made of, one layer earlier; on its card."""
    result: Any = kept.result
    with st.popover("Take it apart", type="tertiary", width="stretch"):
        asked = wider(WITHIN, request, concept=concept)
        found = begun(asked, "Find its parts", f"Looks at {result.names[concept]} one block earlier, in its own crops.")
        if found is None:
            return
        parts: Any = found.result
        st.caption(parts.sentence.replace("*", ""))
        for part, (crops, share) in enumerate(zip(parts.crops, parts.share, strict=True)):
            st.image(
                in_a_row(crops[:6]), width="stretch", alt=f"Crops with most of part {part + 1}", output_format="JPEG"
            )
            st.caption(f"Part {part + 1}: {share:.0%} of the activation")
