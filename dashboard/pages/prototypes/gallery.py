"""All prototypes of a model: a gallery a class, what they rest on, and what goes when some are taken away."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.prototypes import gallery as figures
from dashboard.figures.prototypes.local import framed
from dashboard.pages.prototypes import fewer
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Begin, Study
from explainers.prototypes.gallery import Gallery, prototype_gallery
from models.labels import short


def draw(answer: Answer[Gallery], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    classes = range(len(result.classes))
    chosen = st.selectbox("Class", classes, format_func=lambda at: short(result.classes[at]), key="gallery.class")
    numbers = [at for at in range(len(result.owner)) if result.owner[at] == chosen]
    for start in range(0, len(numbers), 2):
        for column, at in zip(st.columns(2), numbers[start : start + 2], strict=False):
            with column:
                _prototype(result, at)
    if result.phi.any():
        st.markdown("##### What the likenesses rest on")
        chart(answer, look, "reasons", lambda: figures.reasons(result, look), alt=result.plain)
    fewer.draw(answer)


def _prototype(result: Gallery, at: int) -> None:
    title = figures.title(result, at)
    left, right = st.columns([1, 2], vertical_alignment="center")
    left.image(framed(result.thumbnails[at], result.boxes[at]), width="stretch", alt=f"{title}, in {result.files[at]}")
    near = ", ".join(result.near_files[at])
    right.image(figures.strip(result, at), width="stretch", alt=f"The patches most like it, in {near}")
    weight = result.weight[result.owner[at], at]
    right.caption(f"{title} · weight {weight:+.2f} · {result.files[at]}")


STUDY = Study(
    lens=prototype_gallery,
    title="All prototypes",
    name="all",
    order=2,
    opening={"model": "menagerie_prototypes"},
    draw=draw,
    begin=Begin(
        button="Look at all prototypes",
        words="Every prototype in its own picture, beside the patches of other pictures that look most like it,"
        " and what it rests on. It takes about a minute; you may keep browsing.",
    ),
    reading=(
        "The first picture is the training picture that the prototype is a patch of; then the patches most like it.",
        "*Purity* is the share of the ten patches most like it that are of its own class.",
        "*Redundant* prototypes are close, found in the same places and rest on the same characteristics.",
        "*Misleading* ones look alike, and rest on different characteristics.",
    ),
)
