"""Which parts of a picture count together."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.attribution import interaction as figures
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Study
from explainers.attribution.interaction import Interaction, interaction


def draw(answer: Answer[Interaction], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    chart(answer, look, "areas", lambda: figures.areas(result, look), alt=f"The areas, numbered. {result.plain}")
    st.markdown("##### Each two areas")
    chart(answer, look, "pairs", lambda: figures.table(result, look), alt=f"Interaction of each two. {result.plain}")


STUDY = Study(
    lens=interaction,
    title="Parts together",
    order=8,
    opening={"image": "chelsea"},
    draw=draw,
    reading=(
        "On the diagonal: what an area adds to the class's logit by itself, on average over all orders.",
        "Beside it, red: the two count more together than apart. Blue: they say the same, one is nearly enough.",
        "All values together are the logit of the whole picture less that of a grey one.",
        "Areas follow colours (SLIC), not things; hidden areas are grey.",
    ),
)
