"""The ancestors of a fooling image, as a film strip."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.fooling import evolve as figures
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Begin, Study
from explainers.fooling.lineage import FoolingLineage, fooling_lineage
from models.labels import short

TILE = 118


def draw(answer: Answer[FoolingLineage], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    frames = zip(result.held, result.images, result.confidence, strict=True)
    layout.tiles([(short(name), image, f"{chance:.1%}") for name, image, chance in frames], TILE)
    st.caption(f"Above each, the class that it was champion of; below, its probability of {short(result.label)}.")
    st.download_button("Film as GIF", lambda: figures.film(result), "ancestors.gif", "image/gif", on_click="ignore")
    alt = f"Confidence along the line. {result.plain}"
    chart(answer, look, "climb", lambda: figures.rise(result, look), alt=alt)


STUDY = Study(
    lens=fooling_lineage,
    title="Ancestors",
    name="ancestors",
    order=2,
    opening={"model": "menagerie_cnn"},
    draw=draw,
    begin=Begin(
        button="Show the ancestors",
        words="Follows a champion back to the first random picture. With the settings of an evolution that was run"
        " before it is there at once.",
    ),
    reading=(
        "The first picture was drawn at random; each one after it is a child of the one before.",
        "A class above a picture that is not the last one's is a detour: goal switching.",
    ),
)
