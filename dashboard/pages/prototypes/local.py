"""One picture: which of its patches look like which prototypes, what each gives to the class, and why."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.prototypes import local as figures
from dashboard.figures.tiles import predictions
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Study
from explainers.kit.characteristics import CHARACTERISTICS
from explainers.prototypes.local import Prototypes, prototypes


def draw(answer: Answer[Prototypes], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    chosen = [int(at) for at in result.order[: figures.SHOWN]]
    _pair(result, chosen[0])
    st.markdown("##### Because of what")
    st.caption("How much this likeness falls when the picture is changed so, and its rank among the prototypes here.")
    alt = f"Fall of the likeness under each change; {result.plain}"
    chart(answer, look, "reasons", lambda: figures.reasons(result, chosen[0], look), alt=alt)
    layout.tiles(
        [(name.capitalize(), picture, "") for name, picture in zip(CHARACTERISTICS, result.changed, strict=True)]
    )
    st.markdown("##### What each prototype gives")
    chart(answer, look, "waterfall", lambda: figures.waterfall(result, look), alt=result.plain)
    for at in chosen[1:]:
        _pair(result, at)
    st.markdown("##### Predictions")
    st.html(predictions(result.top5, result.target, look))


def _pair(result: Prototypes, at: int) -> None:
    title = figures.title(result, at)
    st.markdown(f"**{title}**")
    st.image(
        figures.row(result, at),
        width="stretch",
        alt=f"{title}: the patch in this picture, and the prototype in {result.files[at]}",
        output_format="JPEG",
    )
    st.caption(f"this looks like that: {result.similarity[at]:.2f} alike · from {result.files[at]}")


STUDY = Study(
    lens=prototypes,
    title="One picture",
    name="one",
    order=1,
    opening={"model": "menagerie_prototypes", "image": "animal-0"},
    draw=draw,
    reading=(
        "On the left your picture, on the right a picture of the training; the boxes show which patches look alike.",
        "Likeness times weight is what a prototype gives to the class; all together are the class's score.",
        "*Because*: the picture is changed in one respect and the likeness is measured again; what falls, counted.",
        "Raw falls cannot be compared between characteristics, for strengths are a choice: compare ranks.",
        "Under More you can set how strongly each characteristic is changed.",
    ),
)
