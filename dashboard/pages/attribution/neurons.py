"""Neurons in words: which features speak for the class, what they are called, and what excites them."""

from typing import Any

import streamlit as st

from dashboard.engine import Kept
from dashboard.figures import Look
from dashboard.figures.attribution import neurons as figures
from dashboard.widgets import evidence as beside
from dashboard.widgets import links
from dashboard.widgets import session as state
from dashboard.widgets import study as common
from dashboard.widgets.form import fields
from models import ModelCard

TITLE = "In words"
ORDER = 4
LENS = "neurons"
SAMPLES = {"": "the sample photos"}
FROM = {
    "concepts": "Names are those of the class's concepts, learnt from the pictures chosen.",
    "weights": "A neuron is named after the classes whose weights stand out most for it.",
    "nothing": "No linear head follows this layer, so that neurons have no names here: the patches show what they see.",
}
READING = (
    "Each row is one neuron: first what excites it in your picture, then what excites it most in other pictures.",
    "Its number is what it gives to the class's score here; those below zero speak against the class.",
    "A name says what else the neuron speaks for, not what it is: the patches tell more.",
    "*Silenced*: the probability when these neurons are switched off, beside as many others switched off.",
    "Choose *concepts as names* under More to call neurons after what the class is made of.",
)


def about() -> str:
    """The explainer behind this study."""
    return LENS


def parsers() -> dict[str, tuple[str, links.Parse]]:
    """What a link may say."""
    return common.parsers(LENS)


def draw(card: ModelCard) -> None:
    """Draw the study."""
    own = {
        "target": lambda knob, key: fields.a_class(card, knob, key),
        "layer": lambda knob, key: fields.layer(card, knob, key, "the last map before pooling"),
        "images": lambda knob, key: fields.images(knob, key, SAMPLES),
    }
    common.lay_out(card, common.Study(lens=LENS, draw=_drawn, fields=own, overlay=False))


def _drawn(kept: Kept, look: Look) -> None:
    result: Any = kept.result
    st.markdown(f"##### {result.sentence}")
    st.caption(f"{FROM[result.by]} Patches come from {result.looked} pictures of {result.source}.")
    st.plotly_chart(
        state.figure(kept, look, "bars", lambda: figures.bars(result, look)), key="bars", config=beside.PLAIN,
        alt=result.sentence.replace("*", ""),
    )  # fmt: skip
    for group, words in ((result.contribution > 0, "Speak for it"), (result.contribution < 0, "Speak against it")):
        chosen = [index for index in range(len(result.neuron)) if group[index]]
        if not chosen:
            continue
        st.markdown(f"##### {words}")
        for start in range(0, len(chosen), 2):
            for column, index in zip(st.columns(2), chosen[start : start + 2], strict=False):
                with column:
                    _neuron(result, index)


def _neuron(result: Any, index: int) -> None:
    title, files = figures.title(result, index), ", ".join(result.files[index])
    st.markdown(f"**{title}** · {result.contribution[index]:+.2f}")
    st.image(figures.strip(result, index), width="stretch", alt=f"What excites {title}: here, and in {files}",
             output_format="JPEG")  # fmt: skip
