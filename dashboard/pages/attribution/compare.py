"""Side by side: several methods on one picture, or one method at every layer."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.attribution import compare as figures
from dashboard.figures.pairs import agreement_map
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Study
from explainers.attribution.compare import SideBySide, compare


def draw(answer: Answer[SideBySide], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    shown = [figures.picture(result.image, values, look) for values in result.maps]
    layout.tiles([(title, picture, "") for title, picture in zip(result.titles, shown, strict=True)])
    for title, why in result.refused:
        st.caption(f"{title} is not shown: {why}")
    if len(result.titles) > 1:
        st.markdown("##### How far they agree")
        chart(answer, look, "agreement", lambda: agreement_map(result, look), alt=result.plain)
    st.caption("To hold every method to known truth, or to try all of them on this picture, see **Calibration**.")


STUDY = Study(
    lens=compare,
    title="Compare",
    order=2,
    opening={"image": "coffee"},
    draw=draw,
    overlay=True,
    reading=(
        "Each picture is the same photo with another map over it; warm places support the class.",
        "The table tells how far each two maps put the places in the same order: 1 is the same order, 0 is chance.",
        "Maps that agree for different reasons deserve more trust; methods of one family agree with each other anyway.",
        "*Layers* go from the picture to the answer: early ones outline, late ones know the class.",
        "*Names the pixels that count* compares all maps by blurring what each of them calls important.",
    ),
)
