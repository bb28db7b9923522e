"""How unlike photos are they? Champions beside photos of their class, in another network's eyes and in none."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.fooling import unlike as figures
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Begin, Study
from explainers.fooling.studies.unlike import PLAINNESS, Unlike, fooling_unlike


def draw(answer: Answer[Unlike], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    layout.grid([(title, picture, "") for title, picture in figures.pairs(result)], 3)
    st.caption(
        f"{result.compared} of {result.looked} champions are of a class of which {result.photos} has photos; on the"
        " right of each the photo that is most like it."
    )
    alt = f"Likeness to photos of the class. {result.plain}"
    chart(answer, look, "likeness", lambda: figures.likeness(result, look), alt=alt)
    st.markdown("##### How plain they are, without any network")
    means = "; ".join(f"{name} {value:.2f}" for name, value in zip(PLAINNESS, result.plainness.mean(0), strict=True))
    chart(answer, look, "plainness", lambda: figures.plainness(result, look), alt=f"Means of champions: {means}")


STUDY = Study(
    lens=fooling_unlike,
    title="Beside photos",
    name="photos",
    order=7,
    opening={"model": "menagerie_cnn"},
    prepared=False,
    draw=draw,
    begin=Begin(
        button="Compare with photos",
        words="Takes the champions of this network, evolved now or kept, and shows them with photos to another network"
        " that knows the same classes: seconds after the evolution, a minute or two for large networks.",
    ),
    reading=(
        "Likeness is a cosine, seen from the mean of the photos: 1 is the same, 0 is nothing in common.",
        "A champion with no more likeness than random pictures shows nothing of its class to that network.",
        "Entropy and packed size are low for plain pictures and high for noise; photos lie between.",
    ),
)
