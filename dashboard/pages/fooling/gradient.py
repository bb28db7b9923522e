"""Up the gradient: from noise or a photo to a picture that the network is sure of."""

import streamlit as st

from dashboard import pages
from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.fooling import gradient as figures
from dashboard.figures.tiles import predictions
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.controls.explain_this import explain_this
from dashboard.widgets.study import Begin, Study
from explainers.fooling.studies.gradient import FoolingGradient, fooling_gradient
from models import Photo
from models.labels import short


def draw(answer: Answer[FoolingGradient], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    layout.grid([(title, picture, "") for title, picture in figures.pictures(result)], 2)
    chart(answer, look, "climb", lambda: figures.climb(result, look), alt=f"Probability by iteration. {result.plain}")
    st.markdown("##### Predictions")
    st.html(predictions(result.after, result.target, look))
    name = f"climbed to {short(result.label)}"
    explain_this(Photo(result.image, name), answer.provenance.model, pages.that_explain_a_picture())


STUDY = Study(
    lens=fooling_gradient,
    title="By gradient",
    name="gradient",
    order=3,
    opening={"model": "menagerie_cnn"},
    draw=draw,
    begin=Begin(
        button="Climb",
        words="Follows the network's own gradient up the probability of a class: seconds for a small network, up to"
        " two minutes for a large one.",
    ),
    reading=(
        "Each iteration lets the probability rise by 0.03, less when it is nearly 1; then the picture decays.",
        "The probability is that of the picture with 8 bits a channel, as it is exported.",
        "More decay, blur or clipping gives smoother pictures, and makes high confidence harder.",
    ),
)
