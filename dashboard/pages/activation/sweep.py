"""Prior against condition: a grid of pictures over their weights."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.activation.pictures import cells
from dashboard.widgets import layout
from dashboard.widgets.study import Begin, Study
from explainers.activation.sweep import Sweep, activation_sweep


def draw(answer: Answer[Sweep], _look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    st.caption("Down, the prior weighs more; to the right, what is asked for. Above each picture: the judge's answer.")
    layout.grid([(title, picture, "") for title, picture in cells(result)], len(result.e2))


STUDY = Study(
    lens=activation_sweep,
    title="Prior and condition",
    name="sweep",
    order=2,
    opening={"model": "fashion_lenet", "target": "8"},
    draw=draw,
    begin=Begin(
        button="Draw the grid",
        words="Runs sixteen chains of a generator under other weights: seconds for a small network, a minute for the"
        " menagerie. You may cancel, or keep browsing.",
    ),
    reading=(
        "In the first row nothing holds the code to what the generator knows; in the first column nothing is asked.",
        "All chains have the same start and the same noise, so the weights alone make the difference.",
        "The useful range is narrow; the preset is the third row and column.",
    ),
)
