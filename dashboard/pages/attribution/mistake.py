"""Where an answer goes wrong: the maps of the answer and the true class, and how the likeliest classes fare."""

from typing import Any

import streamlit as st

from dashboard.engine import Kept
from dashboard.figures import Look
from dashboard.figures.attribution import mistake as figures
from dashboard.widgets import evidence as beside
from dashboard.widgets import links
from dashboard.widgets import session as state
from dashboard.widgets import study as common
from dashboard.widgets.form import fields
from models import ModelCard

TITLE = "Why not the right answer?"
ORDER = 3
LENS = "mistake"
SHARES = "Shares the answer's place"
READING = (
    "Choose the class that would be right; left open, the model's second answer stands in for it.",
    "*Difference*: red places speak for the answer rather than the true class, blue ones the other way round.",
    "A class's *place* is where half of its evidence lies. *Alone*: what remains when everything else is blurred.",
    "*Close names* are classes whose weights in the last layer are among those most like the answer's.",
    "The readings are questions to ask of the photo: a model cannot tell a second thing from a cue; you can.",
)


def about() -> str:
    """The explainer behind this study."""
    return LENS


def parsers() -> dict[str, tuple[str, links.Parse]]:
    """What a link may say."""
    return common.parsers(LENS, {"truth": fields.parse_class})


def draw(card: ModelCard) -> None:
    """Draw the study."""
    own = {
        "truth": lambda knob, key: fields.a_class(card, knob, key, "the second answer"),
        "layer": lambda knob, key: fields.layer(card, knob, key, "the last map before pooling"),
    }
    common.lay_out(card, common.Study(lens=LENS, draw=_drawn, fields=own))


def _drawn(kept: Kept, look: Look) -> None:
    result: Any = kept.result
    st.markdown(f"##### {result.sentence}")
    common.grid(figures.panels(result, look), 3)
    st.markdown("##### How the likeliest classes fare")
    st.plotly_chart(
        state.figure(kept, look, "fates", lambda: figures.fates(result, look)), key="fates", config=beside.PLAIN,
        alt="; ".join(f"{row.label.split(',')[0]}: {row.probability:.0%}, {row.reading}" for row in result.rows),
    )  # fmt: skip
    st.dataframe(
        [
            {
                "Class": row.label.split(",")[0], "Reads as": row.reading, "Where": row.place,
                SHARES: row.overlap, "Probability": row.probability,
            }
            for row in result.rows
        ],
        hide_index=True, width="stretch", key="rows",
        column_config={name: st.column_config.NumberColumn(format="percent") for name in ("Probability", SHARES)},
    )  # fmt: skip
