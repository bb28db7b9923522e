"""Can it be told? ROC curves of scores that may know a fooling image from a photo."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.fooling import detect as figures
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Begin, Study
from explainers.fooling.studies.detect import Detect, fooling_detect


def draw(answer: Answer[Detect], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    areas = ", ".join(f"{name} {area:.2f}" for name, area in zip(result.names, result.auroc, strict=True))
    chart(answer, look, "roc", lambda: figures.roc(result, look), alt=f"ROC curves; areas: {areas}")
    st.dataframe(figures.table(result), hide_index=True, width="stretch")
    st.caption(
        "*Caught at 5%*: champions that are caught while one photo in twenty is accused; *random pictures*: the area"
        f" for them instead of champions. Photos: {result.photos}; {result.known} of them are known to the last two"
        " scores, the rest is tested."
    )


STUDY = Study(
    lens=fooling_detect,
    title="Telling them",
    name="detect",
    order=8,
    opening={"model": "menagerie_cnn"},
    prepared=False,
    draw=draw,
    begin=Begin(
        button="Try to tell them",
        words="Takes the champions of this network, evolved now or kept, and scores them and photos by what the network"
        " itself makes of them: seconds after the evolution, a minute or so for large networks.",
    ),
    reading=(
        "A curve that goes up at once catches fooling images without accusing photos; the diagonal is a coin.",
        "Below the diagonal fooling images look less strange than photos: that score is fooled as well.",
        "The area for random pictures says whether a score knows fooling images, or only what is no photo.",
    ),
)
