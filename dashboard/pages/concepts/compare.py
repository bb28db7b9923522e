"""A bank beside others: similar concepts of other classes, the class in another model, and what a concept holds."""

from typing import TypeVar, cast

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.concepts.match import correlations
from dashboard.pages.concepts.flow import in_a_flow
from dashboard.widgets import job, links
from dashboard.widgets.chart import chart
from dashboard.widgets.controls import model_picker
from dashboard.widgets.evidence import evidence
from dashboard.widgets.export_bar import exports
from dashboard.widgets.form import form
from dashboard.widgets.form.class_picker import class_title
from explainers import Explainer, Params, Request, Result
from explainers.concepts.bank.lens import Concepts, concepts
from explainers.concepts.bank.params import ConceptsParams
from explainers.concepts.match import concept_match
from explainers.concepts.similar import concept_similar
from explainers.concepts.within import concept_within
from models import ModelCard
from models.labels import short

P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Result)
OTHERS, OTHER, BY = (
    form.key_of(concept_similar, "others"),
    form.key_of(concept_match, "other"),
    form.key_of(concept_match, "by"),
)


def about_same_bank(
    lens: Explainer[P, R], request: Request[Concepts], model: str = "", **further: object
) -> Request[R]:
    """A request of another explainer about the same bank; of another model when one is named."""
    return lens.request(model or request.model, lens.choose(**vars(request.params), **further))


def params_of(request: Request[Concepts]) -> ConceptsParams:
    """The choices of a bank."""
    return cast(ConceptsParams, request.params)


def begun(request: Request[R], title: str, words: str) -> Answer[R] | None:
    """A comparison: stored, on its way, or a button that begins it."""
    return job.on_demand(request, title, lambda: st.caption(words))


def readers() -> links.Readers:
    """What a link may say of the comparisons."""
    similar, match = (form.readers(lens, model_picker.chosen_card) for lens in (concept_similar, concept_match))
    return {"others": similar["others"], "other": match["other"], "by": match["by"]}


def choices(card: ModelCard) -> dict[str, str]:
    """The comparisons, for the address."""
    other, by = st.session_state.get(OTHER), st.session_state.get(BY)
    return {
        "others": ",".join(map(str, st.session_state.get(OTHERS) or ())),
        "other": other if other and other != next(iter(_comparable(card)), None) else "",
        "by": by if by and by != "correlation" else "",
    }


def elsewhere(card: ModelCard, request: Request[Concepts], look: Look) -> None:
    """Both comparisons, each behind a tab."""
    st.markdown("##### Where else these concepts are")
    classes, other = st.tabs(["In other classes", "In another model"])
    with classes:
        _similar(card, request, look)
    with other:
        _match(card, request, look)


def _similar(card: ModelCard, request: Request[Concepts], look: Look) -> None:
    known = [index for index in range(len(card.labels)) if index != params_of(request).cls]
    st.session_state[OTHERS] = [index for index in st.session_state.get(OTHERS) or () if index in known]
    chosen = st.multiselect(
        "Classes",
        known,
        key=OTHERS,
        format_func=lambda index: class_title(card, index),
        placeholder="the three nearest",
        max_selections=6,
    )
    wanted = about_same_bank(concept_similar, request, others=tuple(chosen) or None)
    words = "Learns the concepts of each of these classes: a minute or so a class."
    answer = begun(wanted, "Look in other classes", words)
    if answer is None:
        return
    result = answer.result
    st.markdown(result.sentence)
    for concept in range(len(result.names)):
        columns = st.columns(1 + len(result.labels), gap="small")
        _cell(columns[0], result.crops[concept], f"**{result.names[concept]}**")
        for at, column in enumerate(columns[1:]):
            link = _link(request, int(result.classes[at]))
            words = f"[{short(result.labels[at])}]({link}): {result.near_names[concept][at]},"
            _cell(column, result.near_crops[concept, at], f"{words} {result.cosine[concept, at]:.2f}")
    for label, why in result.skipped:
        st.caption(f"{label} is not shown: {why}")
    evidence(wanted, look, ".similar")
    exports(answer, wanted, look, ".similar")


def _cell(column: DeltaGenerator, crops: np.ndarray, words: str) -> None:
    with column:
        in_a_flow(crops, words.replace("*", ""))
        st.caption(words)


def _link(request: Request[Concepts], cls: int) -> str:
    """The class page of another class, with the same choices: the bank that was learnt to compare with."""
    said = {**model_picker.choices(), **form.choices(concepts, vars(request.params)), "cls": str(cls)}
    return links.address("/concepts", said)


def _match(card: ModelCard, request: Request[Concepts], look: Look) -> None:
    ready = _comparable(card)
    if not ready:
        st.caption("No other model on this machine knows this class; fetch one, see `seewhy models`.")
        return
    left, right = st.columns(2)
    if st.session_state.get(OTHER) not in ready:
        st.session_state[OTHER] = ready[0]
    st.session_state.setdefault(BY, "correlation")
    other = left.selectbox("Other model", ready, key=OTHER, format_func=model_picker.title)
    by = right.segmented_control(
        "Match by",
        ["correlation", "relative"],
        key=BY,
        required=True,
        help="Presence in the same images, or cosines with these images (relative representations).",
    )
    wanted = about_same_bank(concept_match, request, other=other, by=by or "correlation")
    answer = begun(wanted, "Compare the models", "Learns this class's concepts in the other model, and matches them.")
    if answer is None:
        return
    result = answer.result
    st.markdown(result.sentence)
    for (concept, there), value in zip(result.pairs, result.matched, strict=True):
        columns = st.columns(2)
        here = f"{result.title}: **{result.names[concept]}**, correlation {value:.2f}"
        _cell(columns[0], result.crops[concept], here)
        _cell(columns[1], result.other_crops[there], f"{result.other_title}: **{result.other_names[there]}**")
    alt = "Correlation of every concept with every one of the other model"
    chart(answer, look, "match.table", lambda: correlations(result, look), alt=alt)
    evidence(wanted, look, ".match")
    exports(answer, wanted, look, ".match")


def _comparable(card: ModelCard) -> list[str]:
    """The other models on this machine that know the same classes."""
    ready = (name for name in model_picker.ready() if name != card.name)
    return [name for name in ready if model_picker.card_of(name).labels == card.labels]


def parts_popover(bank: Answer[Concepts], concept: int, request: Request[Concepts]) -> None:
    """What a concept is made of, one layer earlier; on its card."""
    with st.popover("Take it apart", type="tertiary", width="stretch"):
        wanted = about_same_bank(concept_within, request, concept=concept)
        words = f"Looks at {bank.result.names[concept]} one block earlier, in its own crops."
        answer = begun(wanted, "Find its parts", words)
        if answer is None:
            return
        parts = answer.result
        st.caption(parts.plain)
        for part, (crops, share) in enumerate(zip(parts.crops, parts.share, strict=True)):
            alt = f"Crops with most of part {part + 1}"
            in_a_flow(crops[:6], alt)
            st.caption(f"Part {part + 1}: {share:.0%} of the activation")
