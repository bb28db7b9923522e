"""Concepts on the page, one card each: crops, share, reliability, the classes that use it, and a name of your own."""

import numpy as np
import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.concepts.bars import curves, global_bars, similarity
from dashboard.figures.concepts.crops import faded, framed, lit
from dashboard.pages.concepts import compare, names
from dashboard.pages.concepts.flow import in_a_flow
from dashboard.widgets import job
from dashboard.widgets.chart import chart
from explainers import Request
from explainers.concepts.bank.lens import Concepts
from explainers.concepts.explain import ConceptExplained
from explainers.concepts.imagine import concept_imagine
from models.labels import short


def cards(bank: Answer[Concepts], request: Request[Concepts]) -> None:
    """A card for each concept, the most important first; those that are seldom first are folded away."""
    result = bank.result
    st.markdown("##### What the concepts are")
    often = [i for i in range(len(result.names)) if result.important[i]] or [0]
    rest = [i for i in range(len(result.names)) if i not in often]
    _grid(bank, often, request)
    if rest:
        with st.expander(f"{len(rest)} more that come first in fewer than {result.enough} images"):
            _grid(bank, rest, request)


def _grid(bank: Answer[Concepts], shown: list[int], request: Request[Concepts]) -> None:
    for start in range(0, len(shown), 2):
        for column, concept in zip(st.columns(2, gap="medium"), shown[start : start + 2], strict=False):
            with column:
                _card(bank.result, concept)
                with st.container(horizontal=True, gap="small"):
                    names.field(bank, concept)
                    compare.parts_popover(bank, concept, request)
                imagine(bank.result, concept, request)


def _card(result: Concepts, concept: int) -> None:
    alt = f"Crops in which {result.names[concept]} is strongest"
    in_a_flow(framed(result, concept), alt)
    wrong = 1 - result.reliability[concept]
    first = f"first in {result.prevalence[concept]:.0%} of the images"
    doubt = f", {wrong:.0%} of these labelled another class" if wrong > 0.005 and result.prevalence[concept] else ""
    st.markdown(f"**{result.names[concept]}** · {result.global_importance[concept]:.0%} of the score · {first}{doubt}")
    if result.alignment.size:
        near = [
            f"{short(label)} {cosine:.2f}"
            for label, cosine in zip(result.aligned_labels[concept][:3], result.alignment[concept], strict=False)
        ]
        st.caption(f"Supports, by the weights: {', '.join(near)}")


def imagine(bank: Concepts, concept: int, request: Request[Concepts]) -> None:
    """A picture made for the concept, when it is stored or wanted: about a minute on a laptop."""
    wanted = compare.about_same_bank(concept_imagine, request, concept=concept)
    words = "Makes the picture that excites this concept most; about a minute on a laptop."
    answer = job.on_demand(wanted, "Imagine it", lambda: None, "tertiary", words)
    if answer is not None:
        st.image(faded(answer.result), width=200, alt=f"A picture made for {bank.names[concept]}")
        st.caption(answer.result.plain)


def tables(bank: Answer[Concepts], look: Look) -> None:
    """Importance of all concepts, how alike they are, and what the network does without them."""
    result = bank.result
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("##### How much each counts")
        chart(bank, look, "global", lambda: global_bars(result, look), alt=result.plain)
    with right:
        st.markdown("##### What the model does with and without them")
        alt = "Probability as concepts are put in and taken away"
        chart(bank, look, "fidelity", lambda: curves(result, look), alt=alt)
    with st.expander("How alike the concepts are"):
        alt = "Cosines of the concepts with each other"
        chart(bank, look, "similar", lambda: similarity(result, look), alt=alt)


def facts(result: Concepts) -> None:
    """How the bank was made, in two sentences."""
    how = "exact contributions" if result.exact else "sampled importance"
    semi = " (activations are negative here, so NMF became semi-NMF)" if result.method == "semi_nmf" else ""
    st.caption(
        f"{len(result.files)} images predicted as the class, of {result.looked} looked at in {result.source}"
        f" ({result.available} there, {result.of_label} of those looked at labelled as the class)."
        f" {result.method.replace('_', '-').upper() if result.method == 'nmf' else result.method.replace('_', ' ')}"
        f"{semi} at layer {result.layer}, {how}; the concepts rebuild the activations to a relative error of"
        f" {result.reconstruction:.2f}."
    )
    if len(result.files) < 30:
        st.warning(f"{len(result.files)} images are few: with 30 or more the concepts are steadier.")
    if result.skipped:
        names = ", ".join(name for name, _ in result.skipped[:5])
        st.caption(f"{len(result.skipped)} files could not be read and were passed over: {names}.")


def one(result: ConceptExplained, bank: Concepts) -> None:
    """An image of yours: its maps, and the images of the bank that are most similar."""
    st.markdown(f"##### {result.sentence}")
    order = np.argsort(-np.abs(result.importance), kind="stable")[:3]
    shown = [result.image, *(lit(result, int(i)) for i in order)]
    first = f"in {result.strategy_words}" if result.belongs else "not of this class, for the model"
    titles = [first, *(f"{result.names[i]} {result.importance[i]:+.2f}" for i in order)]
    for column, picture, words in zip(st.columns(4), shown, titles, strict=True):
        column.image(picture, width="stretch", caption=words, alt=words)
    if not result.belongs:
        return
    st.image(
        np.concatenate(list(bank.thumbnails[result.nearest]), 1),
        width=560,
        alt="The images of the bank that are most similar",
    )
    st.caption("The five images of the bank that are most similar.")
