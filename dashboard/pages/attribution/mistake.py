"""Where an answer goes wrong: the maps of the answer and the true class, and how the likeliest classes fare."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.attribution import mistake as figures
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Study
from explainers.attribution.mistake import Mistake, mistake
from models.labels import short

SHARES = "Shares the answer's place"


def draw(answer: Answer[Mistake], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    layout.grid(figures.panels(result, look), 3)
    st.markdown("##### How the likeliest classes fare")
    fates = "; ".join(f"{short(row.label)}: {row.probability:.0%}, {row.reading}" for row in result.rows)
    chart(answer, look, "fates", lambda: figures.fates(result, look), alt=fates)
    st.dataframe(
        [
            {
                "Class": short(row.label),
                "Reads as": row.reading,
                "Where": row.place,
                SHARES: row.overlap,
                "Probability": row.probability,
            }
            for row in result.rows
        ],
        hide_index=True,
        width="stretch",
        key="rows",
        column_config={name: st.column_config.NumberColumn(format="percent") for name in ("Probability", SHARES)},
    )


STUDY = Study(
    lens=mistake,
    title="Mistakes",
    order=3,
    opening={"image": "chelsea", "truth": "281"},
    draw=draw,
    overlay=True,
    reading=(
        "Choose the class that would be right; left open, the model's second answer stands in for it.",
        "*Difference*: red places support the answer rather than the true class, blue ones the other way round.",
        "A class's *place* is where half of its evidence lies. *Alone*: what remains when everything else is blurred.",
        "*Close names* are classes whose weights in the last layer are among those most like the answer's.",
        "The readings are questions to ask of the photo: a model cannot tell a second thing from a cue; you can.",
    ),
)
