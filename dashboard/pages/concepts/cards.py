"""Concepts on the page, one card each: crops, share, reliability, the classes that use it, and a name of your own."""

from typing import Any

import numpy as np
import streamlit as st

from dashboard.engine import Kept
from dashboard.figures import Look
from dashboard.figures.concepts.bars import curves, global_bars, similarity
from dashboard.figures.concepts.crops import faded, lit, strip
from dashboard.pages.concepts import compare as concept_elsewhere
from dashboard.pages.concepts import names as concept_names
from dashboard.widgets import evidence as beside
from dashboard.widgets import job as panel
from dashboard.widgets import session as state
from explainers import Request


def cards(kept: Kept, request: Request) -> None:
    """A card for each concept, the most important first; those that are seldom first are folded away."""
    result: Any = kept.result
    st.markdown("##### What the concepts are")
    often = [i for i in range(len(result.names)) if result.important[i]] or [0]
    rest = [i for i in range(len(result.names)) if i not in often]
    _grid(kept, often, request)
    if rest:
        with st.expander(f"{len(rest)} more that come first in fewer than {result.enough} images"):
            _grid(kept, rest, request)


def _grid(kept: Kept, shown: list[int], request: Request) -> None:
    for start in range(0, len(shown), 2):
        for column, concept in zip(st.columns(2, gap="medium"), shown[start : start + 2], strict=False):
            with column:
                _card(kept.result, concept)
                with st.container(horizontal=True, gap="small"):
                    concept_names.field(kept, concept)
                    concept_elsewhere.inside(kept, concept, request)
                imagine(kept.result, concept, request)


def _card(result: Any, concept: int) -> None:
    st.image(strip(result, concept, 8), width="stretch", alt=f"Crops in which {result.names[concept]} is strongest")
    wrong = 1 - result.reliability[concept]
    first = f"first in {result.prevalence[concept]:.0%} of the images"
    doubt = f", {wrong:.0%} of these said to be another class" if wrong > 0.005 and result.prevalence[concept] else ""
    st.markdown(f"**{result.names[concept]}** · {result.global_importance[concept]:.0%} of the score · {first}{doubt}")
    if result.alignment.size:
        near = [
            f"{label.split(',')[0]} {cosine:.2f}"
            for label, cosine in zip(result.aligned_labels[concept][:3], result.alignment[concept], strict=False)
        ]
        st.caption(f"Speaks for, by the weights: {', '.join(near)}")


def imagine(result: Any, concept: int, request: Request) -> None:
    """A picture made for the concept, when it is kept or wanted: about a minute on a laptop."""
    asked = concept_elsewhere.wider("concept_imagine", request, concept=concept)
    told = state.the_engine().state(asked.key)
    if told.status == "absent" and not st.button(
        "Imagine it", key=f"imagine.{asked.key}", type="tertiary",
        help="Makes the picture that excites this concept most; about a minute on a laptop.",
    ):  # fmt: skip
        return
    kept = panel.ask(asked, lane="batch")
    if kept is not None:
        picture: Any = kept.result
        st.image(faded(picture), width=200, alt=f"A picture made for {result.names[concept]}")
        st.caption(kept.result.sentence.replace("*", ""))


def tables(result: Any, look: Look) -> None:
    """Importance of all concepts, how alike they are, and what the network does without them."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("##### How much each counts")
        st.plotly_chart(global_bars(result, look), key="global", config=beside.PLAIN, theme=None,
                        alt=result.sentence.replace("*", ""))  # fmt: skip
    with right:
        st.markdown("##### What the model does with and without them")
        st.plotly_chart(curves(result, look), key="fidelity", config=beside.PLAIN, theme=None,
                        alt="Probability as concepts are put in and taken away")  # fmt: skip
    with st.expander("How alike the concepts are"):
        st.plotly_chart(similarity(result, look), key="similar", config=beside.PLAIN, theme=None,
                        alt="Cosines of the concepts with each other")  # fmt: skip


def facts(result: Any) -> None:
    """How the bank was made, in two sentences."""
    how = "exact contributions" if result.exact else "sampled importance"
    semi = " (activations are negative here, so NMF became semi-NMF)" if result.method == "semi_nmf" else ""
    st.caption(
        f"{len(result.files)} images predicted as the class, of {result.looked} looked at in {result.source}"
        f" ({result.available} there, {result.of_label} of those looked at said to be of the class)."
        f" {result.method.replace('_', '-').upper() if result.method == 'nmf' else result.method.replace('_', ' ')}"
        f"{semi} at layer {result.layer}, {how}; the concepts rebuild the activations to a relative error of"
        f" {result.reconstruction:.2f}."
    )
    if len(result.files) < 30:
        st.warning(f"{len(result.files)} images are few: with 30 or more the concepts are steadier.")
    if result.skipped:
        names = ", ".join(name for name, _ in result.skipped[:5])
        st.caption(f"{len(result.skipped)} files could not be read and were passed over: {names}.")


def one(result: Any, bank: Any) -> None:
    """An image of yours: its maps, and the images of the bank that are decided most alike."""
    st.markdown(f"##### {result.sentence}")
    order = np.argsort(-np.abs(result.importance), kind="stable")[:3]
    shown = [result.image, *(lit(result, int(i)) for i in order)]
    titles = [f"in {result.strategy_words}", *(f"{result.names[i]} {result.importance[i]:+.2f}" for i in order)]
    for column, picture, words in zip(st.columns(4), shown, titles, strict=True):
        column.image(picture, width="stretch", caption=words, alt=words)
    st.image(
        np.concatenate(list(bank.thumbnails[result.nearest]), 1), width=560,
        alt="The images of the bank that are decided most alike",
    )  # fmt: skip
    st.caption("The five images of the bank that are decided most alike.")
