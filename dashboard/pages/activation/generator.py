"""The generator behind the chains: what it draws of codes by lot, and how its training went."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.activation.pictures import losses
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Study
from explainers.activation.generator import GeneratorView, activation_generator

FRAME = 110


def draw(answer: Answer[GeneratorView], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    st.caption("Codes by lot, each drawn, and then encoded by the classifier and drawn again.")
    pairs = [(str(at + 1), image, "") for at, image in enumerate(result.images)]
    again = [(f"{at + 1}, again", image, "") for at, image in enumerate(result.again)]
    layout.tiles([each for pair in zip(pairs, again, strict=True) for each in pair], FRAME)
    st.markdown("##### Its training")
    chart(answer, look, "losses", lambda: losses(result, look), alt=f"Losses step by step. {result.plain}")
    st.code(result.facts["command"], language="sh", wrap_lines=True)


STUDY = Study(
    lens=activation_generator,
    title="The generator",
    name="generator",
    order=3,
    opening={"model": "fashion_lenet"},
    draw=draw,
    reading=(
        "Codes by lot have the spread of real pictures' codes and belong to no class.",
        "What comes back unchanged, the generator and the classifier agree about: that is the prior of joint chains.",
        "Train one for your own model with the command below the chart, and name its file under Generator.",
    ),
)
