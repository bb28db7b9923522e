"""Pictures made for a class or a channel: side by side, the way of the first, and the climb."""

import streamlit as st

from dashboard import pages
from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.activation import pictures as figures
from dashboard.pages.activation import hole
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.controls.explain_this import explain_this
from dashboard.widgets.study import Begin, Study
from explainers.activation.lens import Activation, activation
from models import Photo

FRAME = 90


def draw(answer: Answer[Activation], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    layout.grid([(title, picture, "") for title, picture in figures.pictures(result)], 2)
    st.markdown("##### The first one on its way")
    frames = zip(figures.shares(result), result.frames, strict=True)
    layout.tiles([(f"{share:.0%}", frame, "") for share, frame in frames], FRAME)
    st.markdown("##### The climb")
    alt = f"What is climbed, step by step. {result.plain}"
    chart(answer, look, "climb", lambda: figures.climb(result, look), alt=alt)
    explain_this(
        Photo(result.images[0], f"imagined {result.label}"), answer.provenance.model, pages.that_explain_a_picture()
    )


STUDY = Study(
    lens=activation,
    title="Pictures",
    name="pictures",
    order=1,
    opening={"model": "fashion_lenet", "target": "8", "prior": "joint"},
    draw=draw,
    special={"hole": hole.draw},
    begin=Begin(
        button="Imagine the pictures",
        words="Draws what the network answers to most, from noise: seconds for a small network, a minute for"
        " EfficientNet-Lite0. You may watch it come, cancel, or keep browsing.",
    ),
    reading=(
        "Each picture began with other noise; above it, how sure the network is, and the judge.",
        "The judge is another network that knows the same classes and took no part: it guards against pictures that"
        " only fool.",
        "MACO keeps the spectrum of natural pictures and moves phases alone; Fourier and free pixels may do more.",
        "With a channel or neuron, compare what it reaches with what photos reach.",
    ),
)
