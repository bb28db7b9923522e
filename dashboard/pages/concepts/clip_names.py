"""Concepts in words: names that a CLIP on this machine proposes, each to be taken with one click."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.concepts.named import fitting
from dashboard.pages.concepts import compare, names
from dashboard.pages.concepts.flow import in_a_flow
from dashboard.widgets.controls import model_picker
from dashboard.widgets.evidence import evidence
from dashboard.widgets.export_bar import exports
from explainers import Request
from explainers.concepts.bank.lens import Concepts
from explainers.concepts.named import Named, concept_named
from models import ModelCard
from models.clip_cards import ClipCard

ARTICLES = ("a ", "an ", "the ", "something ")
HOW = (
    "A CLIP on this machine would propose names for these concepts; get one with `pip install 'seewhy[clip]'` and"
    " `seewhy models --get clip/ViT-B-32` while online."
)


def proposals(card: ModelCard, request: Request[Concepts], bank: Answer[Concepts], look: Look) -> None:
    """Names that a CLIP proposes for a bank's concepts."""
    st.markdown("##### Names from CLIP")
    ready = clips(card)
    if not ready:
        st.caption(HOW)
        return
    wanted = compare.about_same_bank(concept_named, request, _chosen(ready), of=request.model)
    answer = compare.begun(wanted, "Propose names", "Shows the crops of each concept to a CLIP: some seconds.")
    if answer is None:
        return
    st.markdown(answer.result.sentence)
    for concept in range(len(answer.result.names)):
        _proposed(bank, answer.result, concept)
    evidence(wanted, look, ".named")
    exports(answer, wanted, look, ".named")


def clips(card: ModelCard) -> list[str]:
    """Names of the CLIPs that are on this machine; the model in view may be one of a person's own."""
    known = {name: model_picker.card_of(name) for name in model_picker.ready()} | {card.name: card}
    return [name for name, other in known.items() if isinstance(other, ClipCard) and other.ready]


def without_article(word: str) -> str:
    """A proposed name as people give them: without its article, not too long."""
    bare = next((word.removeprefix(article) for article in ARTICLES if word.startswith(article)), word)
    return bare[: names.LONGEST].strip()


def _chosen(ready: list[str]) -> str:
    if len(ready) == 1:
        return ready[0]
    return st.selectbox("CLIP", ready, key="named.clip", format_func=model_picker.title) or ready[0]


def _proposed(bank: Answer[Concepts], result: Named, concept: int) -> None:
    name, where = bank.result.names[concept], names.address(bank, concept)
    crops, proposed = st.columns([1, 2], vertical_alignment="center")
    with crops:
        alt = f"Crops in which {name} is strongest"
        in_a_flow(result.crops[concept], alt)
    with proposed:
        st.caption(f"**{name}**: {fitting(result, concept)}")
        with st.container(horizontal=True, gap="small"):
            for place, word in enumerate(result.best[concept]):
                st.button(
                    f"Take '{without_article(word)}'",
                    key=f"take.{concept}.{place}",
                    type="tertiary",
                    on_click=names.set_name,
                    args=(where, without_article(word)),
                    help="Take this name: kept on this server for everybody who looks at this concept.",
                )
