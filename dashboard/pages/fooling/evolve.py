"""The champions of evolution: the surest pictures, one of them large, and how they came about."""

import streamlit as st

from dashboard import pages
from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.fooling import evolve as figures
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.controls.explain_this import explain_this
from dashboard.widgets.study import Begin, Study
from explainers.fooling.archive import Fooling
from explainers.fooling.evolve import fooling
from models import Photo
from models.labels import short

SHOWN, TILE = 24, 118


def draw(answer: Answer[Fooling], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    rows = [int(at) for at in result.order[:SHOWN]]
    layout.tiles([(short(result.labels[at]), result.images[at], f"{result.confidence[at]:.1%}") for at in rows], TILE)
    _one(answer)
    st.markdown("##### Confidence as evolution went on")
    alt = f"Confidence by evaluations. {result.plain}"
    chart(answer, look, "confidence", lambda: figures.confidence(result, look), alt=alt)
    with st.expander("Goal switching: who took whose class"):
        st.caption(
            "A picture that is bred for one class often turns out best for another, and goes on from there."
            " The classes that changed hands most:"
        )
        alt = "How often classes changed hands"
        chart(answer, look, "switching", lambda: figures.switching(result, look), alt=alt)
    st.download_button("CSV of all classes", lambda: figures.csv(result), "fooling.csv", "text/csv", on_click="ignore")


@st.fragment
def _one(answer: Answer[Fooling]) -> None:
    """A champion, large."""
    result = answer.result
    st.markdown("##### One of them")
    rows = result.order.tolist()
    chosen = st.selectbox("Class", rows, format_func=lambda at: figures.title(result, at), key="fooling.row", width=320)
    left, right = st.columns([1, 1], gap="medium")
    name = short(result.labels[chosen])
    left.image(
        result.images[chosen], width="stretch", alt=f"The picture of which the network is surest that it is {name}"
    )
    with right:
        st.markdown(f"The network takes this for *{name}* with **{result.confidence[chosen]:.2%}**.")
        origin = int(result.parent[chosen])
        bred = "drawn at random" if origin < 0 else f"bred from the champion of *{short(result.labels[origin])}*"
        count = int(result.updates[chosen])
        st.markdown(f"It was {bred}. The class changed hands {count} time{'s' if count != 1 else ''}.")
        file = f"fooling_{int(result.classes[chosen])}.png"
        st.download_button(
            "PNG as evolved",
            lambda: figures.png(result, chosen),
            file,
            "image/png",
            on_click="ignore",
            key="fooling.png",
        )
        photo = Photo(result.images[chosen], f"fooling {name}")
        explain_this(photo, answer.provenance.model, pages.that_explain_a_picture())


STUDY = Study(
    lens=fooling,
    title="Evolution",
    name="evolution",
    order=1,
    opening={"model": "menagerie_cnn"},
    draw=draw,
    begin=Begin(
        button="Evolve",
        words="Breeds pictures until the network is sure of each class. You may watch the champions come, cancel and go"
        " on later, or keep browsing. 4,000 evaluations take about half a minute.",
    ),
    reading=(
        "Each picture is the best so far for its class; the percentage is the network's probability for it.",
        "*Confidence as evolution went on*: over all classes, after each generation.",
        "More evaluations go on from where fewer ended: raise the number and press Evolve.",
        "CPPN pictures are drawn by a small network and look regular; direct ones look like noise.",
    ),
)
