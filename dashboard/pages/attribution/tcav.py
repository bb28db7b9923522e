"""A concept that the visitor brings: does more of it make the class likelier?"""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.attribution import tcav as figures
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Begin, Study
from explainers.attribution.tcav.lens import Tcav, tcav


def draw(answer: Answer[Tcav], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    chart(answer, look, "scores", lambda: figures.scores(result, look), alt=result.plain)
    for title, pictures in figures.strips(result):
        st.markdown(f"**{title}**")
        st.image(pictures, width="stretch", alt=title, output_format="JPEG")


STUDY = Study(
    lens=tcav,
    title="Your concept",
    order=7,
    opening={"model": "menagerie_biased_cnn"},
    draw=draw,
    begin=Begin(
        button="Test the concept",
        words="Bring a folder of pictures that show something, stripes or a badge, and see whether more of it makes a"
        " class likelier. It takes half a minute or so; you may keep browsing.",
    ),
    reading=(
        "Each dot is a direction learnt against another draw of the other pictures.",
        "The score is the share of the class's pictures whose logit grows along the direction; half says nothing.",
        "Read the direction's accuracy first: one that cannot tell the concept's pictures says nothing.",
        "The pictures of the class stand in the order of how much the concept counts in them.",
    ),
)
