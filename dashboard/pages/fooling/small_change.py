"""A change that cannot be seen: a photo, the change made visible, and what the network says then."""

import streamlit as st

from dashboard import pages
from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.fooling import small_change as figures
from dashboard.figures.tiles import predictions
from dashboard.widgets import layout
from dashboard.widgets.controls.explain_this import explain_this
from dashboard.widgets.study import Study
from explainers.fooling.studies.small_change import SmallChange, fooling_small_change
from models import Photo
from models.labels import short


def draw(answer: Answer[SmallChange], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    layout.grid([(title, picture, "") for title, picture in figures.pictures(result)], 2)
    before, after = st.columns(2)
    for column, title, top in ((before, "Before", result.before), (after, "After", result.after)):
        column.markdown(f"##### {title}")
        column.html(predictions(top, result.target, look))
    photo = Photo(result.changed, f"changed unseen from {short(result.before[0][1])}")
    explain_this(photo, answer.provenance.model, pages.that_explain_a_picture())


STUDY = Study(
    lens=fooling_small_change,
    title="A change unseen",
    name="unseen",
    order=4,
    opening={"model": "menagerie_cnn", "image": "animal-0"},
    draw=draw,
    reading=(
        "No channel of a pixel changes by more than the budget; the second picture shows the change made strong.",
        "Random signs of the same size are the control: they hardly move a network that this change turns.",
        "Choose a class to be led to, or leave it open to be led away from what the model sees.",
    ),
)
