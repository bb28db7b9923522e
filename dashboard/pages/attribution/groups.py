"""Two groups of pictures: where the model looks in each, and which channels give otherwise."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.attribution import groups as figures
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Begin, Study
from explainers.attribution.groups.lens import Groups, groups

GAP = 24


def draw(answer: Answer[Groups], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    layout.grid(figures.panels(result, look), 3)
    if result.regions:
        st.markdown("##### How densely each part is looked at")
        _chart(answer, look, "regions", figures.regions)
    st.markdown("##### The channels that differ most")
    _chart(answer, look, "channels", figures.channels)
    for at in range(len(result.neurons)):
        first, second = (figures.row_of(result.crops[at, group]) for group in (0, 1))
        pair = np.concatenate([first, np.full((len(first), GAP, 3), 255, np.uint8), second], 1)
        st.image(
            pair,
            width="stretch",
            output_format="JPEG",
            caption=f"{figures.label(result, at)}: {_titles(result)}",
            alt=f"What excites {figures.label(result, at)} in each group",
        )
    if result.skipped:
        names = ", ".join(name for name, _ in result.skipped[:5])
        st.caption(f"{len(result.skipped)} files could not be read and were passed over: {names}.")


def _titles(result: Groups) -> str:
    return f"{result.titles[0]} on the left, {result.titles[1]} on the right"


def _chart(answer: Answer[Groups], look: Look, name: str, make: Callable[[Groups, Look], go.Figure]) -> None:
    chart(answer, look, name, lambda: make(answer.result, look), alt=f"{name}: {answer.result.plain}")


STUDY = Study(
    lens=groups,
    title="Two groups",
    order=5,
    opening={"model": "menagerie_biased_cnn", "split": "source", "others": "menagerie_biased", "limit": "12"},
    draw=draw,
    begin=Begin(
        button="Compare the groups",
        words="Does the model look at two groups of pictures for the same reasons? Compare those of a class that it"
        " answers rightly and wrongly, two classes, or two folders, such as doctors who are men and doctors who are"
        " women. It takes half a minute or so; you may keep browsing.",
    ),
    reading=(
        "The first two pictures are each group's mean picture under its mean map; the third is their difference.",
        "Mean maps say much where things stand in the same place; where they do not, read the channels.",
        "A channel's *d* is how many deviations apart the groups are in what it gives to the class's score.",
        "Below each channel: the patches that excite it most, the first group on the left.",
        "The strongest of many channels is large by chance alone: compare with the groups dealt out at random.",
    ),
)
