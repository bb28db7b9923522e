"""Do they fool other networks? The matrix of who fools whom."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.fooling import transfer as figures
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Begin, Study
from explainers.fooling.studies.transfer import Transfer, fooling_transfer


def draw(answer: Answer[Transfer], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    for name, values, words in (
        ("first", result.first, "same first answer"),
        ("median", result.median, "median confidence"),
    ):
        st.markdown(f"##### {words.capitalize()}")
        alt = f"{words.capitalize()} of every row before every network. {result.plain}"
        _matrix(answer, look, (name, words), alt)
        st.caption(_in_words(result, values.tolist(), words))
    st.markdown(f"##### Champions of {figures.short_title(result.titles[0])}, and what each network says")
    layout.tiles(figures.champions(result))
    st.caption(f"Photos: {result.photos}, {result.counts[-2]} of them; {result.counts[-1]} random pictures.")


def _matrix(answer: Answer[Transfer], look: Look, what: tuple[str, str], alt: str) -> None:
    result, (name, words) = answer.result, what
    values = result.first if name == "first" else result.median
    chart(answer, look, name, lambda: figures.matrix(result, values, words, look), alt=alt)


def _in_words(result: Transfer, values: list[list[float]], words: str) -> str:
    """The first row and the last two, for those who cannot see the colours."""
    others = len(result.titles) - 1
    means = {result.rows[at]: sum(values[at][1:]) / others for at in (0, -2, -1)}
    said = ", ".join(f"{figures.short_title(name)} {value:.2f}" for name, value in means.items())
    return f"Mean over the other networks, {words}: {said}."


STUDY = Study(
    lens=fooling_transfer,
    title="Other networks",
    name="transfer",
    order=5,
    opening={"model": "menagerie_cnn", "others": "menagerie_vit"},
    prepared=False,
    draw=draw,
    begin=Begin(
        button="Show them to other networks",
        words="Evolves an archive on every network, or takes the one that is kept, and shows the champions of each to"
        " all others: as long as the evolution on each of them, minutes for large networks. You may keep browsing.",
    ),
    reading=(
        "A row holds the champions evolved on one network; a column is the network that they are shown to.",
        "The diagonal is the network that is fooled; beside it, what is left of its champions elsewhere.",
        "Photos and random pictures stand below: where networks agree on noise, agreement on champions says little.",
    ),
)
