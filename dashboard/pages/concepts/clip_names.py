"""Concepts in words: names that a CLIP on this machine proposes, each to be taken with one click."""

from typing import Any

import streamlit as st

import models
from dashboard.engine import Kept
from dashboard.figures import Look
from dashboard.figures.concepts.named import fitting
from dashboard.figures.raster import in_a_row
from dashboard.pages.concepts import compare as concept_elsewhere
from dashboard.pages.concepts import names as concept_names
from dashboard.widgets import evidence as beside
from dashboard.widgets import job as panel
from explainers import Request
from models import ModelCard
from models.clip_cards import ClipCard

NAMED = "concept_named"
SMALL = ("a ", "an ", "the ", "something ")
HOW = (
    "A CLIP on this machine would propose names for these concepts; get one with `pip install 'seewhy[clip]'` and"
    " `seewhy models --get clip/ViT-B-32` while online."
)


def words(card: ModelCard, request: Request, kept: Kept, look: Look) -> None:
    """Names that a CLIP proposes for a bank's concepts."""
    st.markdown("##### In words (CLIP)")
    ready = clips(card)
    if not ready:
        st.caption(HOW)
        return
    asked = concept_elsewhere.wider(NAMED, request, _chosen(ready), of=request.model)
    found = concept_elsewhere.begun(asked, "Propose names", "Shows the crops of each concept to a CLIP: some seconds.")
    if found is None:
        return
    result: Any = found.result
    st.markdown(result.sentence)
    for concept in range(len(result.names)):
        _proposed(kept, result, concept)
    beside.evidence(asked, look)
    beside.exports(found, asked, look, ".named")


def clips(card: ModelCard) -> list[str]:
    """Names of the CLIPs that are on this machine; the model in view may be one of a person's own."""
    known = {name: panel.card_of(name) for name in models.names()} | {card.name: card}
    return [name for name, each in known.items() if isinstance(each, ClipCard) and each.ready]


def spoken(word: str) -> str:
    """A proposed name as people give them: without its article, not too long."""
    bare = next((word.removeprefix(small) for small in SMALL if word.startswith(small)), word)
    return bare[: concept_names.LONGEST].strip()


def _chosen(ready: list[str]) -> str:
    if len(ready) == 1:
        return ready[0]
    return st.selectbox("CLIP", ready, key="named.clip", format_func=lambda name: panel.card_of(name).title) or ready[0]


def _proposed(kept: Kept, result: Any, concept: int) -> None:
    bank: Any = kept.result
    crops, names = st.columns([1, 2], vertical_alignment="center")
    with crops:
        st.image(in_a_row(result.crops[concept]), width="stretch", output_format="JPEG",
                 alt=f"Crops in which {bank.names[concept]} is strongest")  # fmt: skip
    with names:
        st.caption(f"**{bank.names[concept]}**: {fitting(result, concept)}")
        with st.container(horizontal=True, gap="small"):
            for place, word in enumerate(result.best[concept]):
                st.button(
                    f"Take '{spoken(word)}'", key=f"take.{concept}.{place}", type="tertiary",
                    on_click=concept_names.take, args=(concept_names.address(kept, concept), spoken(word)),
                    help="Take this name: kept on this server for everybody who looks at this concept.",
                )  # fmt: skip
