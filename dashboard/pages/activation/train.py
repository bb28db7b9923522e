"""Train a generator for a model, watch it learn, and keep it as a prior."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.activation import pictures as figures
from dashboard.widgets import links, session
from dashboard.widgets.chart import PLAIN, chart
from dashboard.widgets.controls.keep import Shelf, keep
from dashboard.widgets.study import Begin, Study
from explainers.activation.train import TrainedGenerator, activation_train
from models.generators import file, kept

GENERATORS = Shelf("generator", kept.path_of, "under *Generator* of Pictures, with a prior such as joint")


def draw(answer: Answer[TrainedGenerator], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    _keep(result)
    _samples(result)
    st.markdown("##### Its losses")
    alt = f"Losses step by step. {result.plain}"
    chart(answer, look, "losses", lambda: figures.curves(result.losses, result.step, result.sentence, look), alt=alt)


def live(result: TrainedGenerator) -> None:
    """Draw what is known so far."""
    st.markdown(f"##### {result.sentence}")
    if len(result.losses) > 1:
        figure = figures.curves(result.losses, result.step, result.sentence, session.look())
        st.plotly_chart(figure, key="activation.live", theme=None, alt="Losses so far", config=PLAIN)
    _samples(result)


def _samples(result: TrainedGenerator) -> None:
    for title, row in figures.rows(result):
        st.image(row, caption=title, width="stretch", alt=title, output_format="PNG")


@st.fragment
def _keep(result: TrainedGenerator) -> None:
    """A name and a button; then the way to pictures that it draws."""
    suggested = f"{result.base.split('/')[-1]} generator"
    name = keep(
        GENERATORS,
        "generator",
        ("Keep as a generator", suggested),
        lambda path: file.save(path, result.header, result.tensors),
    )
    if name:
        address = links.address("/activation", {"model": result.base, "prior": "joint", "generator": name})
        st.markdown(f"[Imagine with it]({address})")


STUDY = Study(
    lens=activation_train,
    title="Train a generator",
    name="train",
    order=5,
    opening={"model": "menagerie_cnn", "limit": "100", "steps": "500"},
    prepared=False,
    draw=draw,
    live=live,
    begin=Begin(
        button="Train",
        words="Choose pictures, a folder of yours with a folder for each class or a source that is here. A thousand"
        " steps take from two minutes for a small network to a quarter of an hour. You may watch it learn, cancel and"
        " go on later, or keep browsing. The pictures are not kept in the generator.",
    ),
    reading=(
        "Losses are drawn in units of what they were at first: picture, code and lower layer should fall, and the"
        " discriminator should stay where it is.",
        "What is drawn of the code of a picture that was kept apart shows what the code holds.",
        "Keep it, and it is offered as a generator for this model on the study *Pictures*.",
    ),
)
