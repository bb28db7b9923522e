"""Two groups of pictures: where the model looks in each, and which channels give otherwise."""

from typing import Any

import numpy as np
import streamlit as st

from dashboard.engine import Kept
from dashboard.figures import Look
from dashboard.figures.attribution import groups as figures
from dashboard.widgets import evidence as beside
from dashboard.widgets import links
from dashboard.widgets import session as state
from dashboard.widgets import study as common
from dashboard.widgets.form import fields
from dashboard.widgets.job import Field
from models import ModelCard

TITLE = "Two groups"
ORDER = 5
LENS = "groups"
GAP = 24
BEGIN = (
    "Compare the groups",
    "Does the model look at two groups of pictures for the same reasons? Compare those of a class that it answers"
    " rightly and wrongly, two classes, or two folders, such as doctors who are men and doctors who are women. It takes"
    " half a minute or so; you may keep browsing.",
)
READING = (
    "The first two pictures are each group's mean picture under its mean map; the third is their difference.",
    "Mean maps say much where things stand in the same place; where they do not, read the channels.",
    "A channel's *d* is how many deviations apart the groups are in what it gives to the class's score.",
    "Below each channel: the patches that excite it most, the first group on the left.",
    "The strongest of many channels is large by chance alone: compare with the groups dealt out at random.",
)


def about() -> str:
    """The explainer behind this study."""
    return LENS


def parsers() -> dict[str, tuple[str, links.Parse]]:
    """What a link may say."""
    return common.parsers(LENS, {"rival": fields.parse_class})


def draw(card: ModelCard) -> None:
    """Draw the study."""
    own: dict[str, Field] = {
        "cls": lambda knob, key: fields.a_class(card, knob, key),
        "rival": lambda knob, key: fields.a_class(card, knob, key, "choose one"),
        "images": fields.images,
        "others": fields.images,
        "layer": lambda knob, key: fields.layer(card, knob, key, "the last map before pooling"),
    }
    common.lay_out(card, common.Study(lens=LENS, draw=_drawn, fields=own, picture=False, overlay=False, begin=BEGIN))


def _drawn(kept: Kept, look: Look) -> None:
    result: Any = kept.result
    st.markdown(f"##### {result.sentence}")
    common.grid(figures.panels(result, look), 3)
    if result.regions:
        st.markdown("##### How densely each part is looked at")
        _chart(kept, look, "regions", figures.regions)
    st.markdown("##### The channels that differ most")
    _chart(kept, look, "channels", figures.channels)
    for at in range(len(result.neurons)):
        first, second = (figures.row_of(result.crops[at, group]) for group in (0, 1))
        pair = np.concatenate([first, np.full((len(first), GAP, 3), 255, np.uint8), second], 1)
        st.image(
            pair, width="stretch", output_format="JPEG", caption=f"{figures.label(result, at)}: {_titles(result)}",
            alt=f"What excites {figures.label(result, at)} in each group",
        )  # fmt: skip
    if result.skipped:
        names = ", ".join(name for name, _ in result.skipped[:5])
        st.caption(f"{len(result.skipped)} files could not be read and were passed over: {names}.")


def _titles(result: Any) -> str:
    return f"{result.titles[0]} on the left, {result.titles[1]} on the right"


def _chart(kept: Kept, look: Look, name: str, make: Any) -> None:
    result: Any = kept.result
    st.plotly_chart(
        state.figure(kept, look, name, lambda: make(result, look)), key=name, config=beside.PLAIN,
        alt=f"{name}: {result.sentence.replace('*', '')}",
    )  # fmt: skip
