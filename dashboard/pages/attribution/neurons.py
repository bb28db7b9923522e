"""Neurons in words: which features support the class, what they are called, and what excites them."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.attribution import neurons as figures
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Study
from explainers.attribution.neurons.lens import Neurons, neurons

FROM = {
    "concepts": "Names are those of the class's concepts, learnt from the pictures chosen.",
    "weights": "A neuron is named after the classes whose weights stand out most for it.",
    "nothing": "No linear head follows this layer, so that neurons have no names here: the patches show what they see.",
}


def draw(answer: Answer[Neurons], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    st.caption(f"{FROM[result.by]} Patches come from {result.looked} pictures of {result.source}.")
    chart(answer, look, "bars", lambda: figures.bars(result, look), alt=result.plain)
    for group, words in ((result.contribution > 0, "Support it"), (result.contribution < 0, "Oppose it")):
        chosen = [index for index in range(len(result.neuron)) if group[index]]
        if not chosen:
            continue
        st.markdown(f"##### {words}")
        for start in range(0, len(chosen), 2):
            for column, index in zip(st.columns(2), chosen[start : start + 2], strict=False):
                with column:
                    _neuron(result, index)


def _neuron(result: Neurons, index: int) -> None:
    title, files = figures.title(result, index), ", ".join(result.files[index])
    st.markdown(f"**{title}** · {result.contribution[index]:+.2f}")
    st.image(
        figures.strip(result, index),
        width="stretch",
        alt=f"What excites {title}: here, and in {files}",
        output_format="JPEG",
    )


STUDY = Study(
    lens=neurons,
    title="Neurons",
    order=4,
    opening={"image": "coffee"},
    draw=draw,
    reading=(
        "Each row is one neuron: first what excites it in your picture, then what excites it most in other pictures.",
        "Its number is what it gives to the class's score here; those below zero oppose the class.",
        "A name says what else the neuron supports, not what it is: the patches tell more.",
        "*Silenced*: the probability when these neurons are switched off, beside as many others switched off.",
        "Choose *concepts as names* under More to call neurons after what the class is made of.",
    ),
)
