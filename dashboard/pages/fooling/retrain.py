"""Does it help to learn them? Confidence and accuracy by round, and what evolution finds then."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.fooling import retrain as figures
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Begin, Study
from explainers.fooling.studies.retrain import Retrain, fooling_retrain


def draw(answer: Answer[Retrain], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    alt = f"Median confidence, classes fooled and accuracy by round. {result.plain}"
    chart(answer, look, "rounds", lambda: figures.rounds(result, look), alt=alt)
    st.caption(f"Learnt from {result.learnt} photos of {result.photos}; {result.tested} were kept apart.")
    st.markdown("##### The most confident champions, before and after")
    layout.tiles([(title, picture, "") for title, picture in figures.pictures(result)])


STUDY = Study(
    lens=fooling_retrain,
    title="Learning them",
    name="retrain",
    order=6,
    opening={"model": "menagerie_cnn"},
    prepared=False,
    draw=draw,
    begin=Begin(
        button="Learn them",
        words="Adds a class of fooling images to the last layer and evolves again, round by round: as long as one"
        " evolution a round, and reading the photos once. What is done is kept when you cancel.",
    ),
    reading=(
        "Round 0 is the network as it was; every later one has learnt the champions of all rounds before.",
        "Only the last layer is fitted: the features stay, and with them much of what evolution uses.",
        "Photos called fooling are the price; so is what the accuracy loses.",
    ),
)
