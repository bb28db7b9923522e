"""Train a prototype classifier on a folder, and keep it as a model of the zoo."""

import numpy as np
import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.prototypes.local import framed
from dashboard.widgets import layout
from dashboard.widgets.controls.keep import keep_as_model
from dashboard.widgets.study import Begin, Study
from explainers.prototypes.train import prototypes_train
from explainers.prototypes.trained import TrainedPrototypes
from models.labels import short
from models.prototypes.file import save

SHOWN = 12  # prototypes, spread over the classes


def draw(answer: Answer[TrainedPrototypes], _look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    for note in result.notes:
        st.caption(note)
    if result.skipped:
        names = ", ".join(name for name, _ in result.skipped[:5])
        st.caption(f"{len(result.skipped)} files could not be read: {names}.")
    _keep(result)
    facts = {name.replace("_", " "): f"{value:.1%}" for name, value in result.about().facts.items() if "acc" in name}
    st.dataframe([facts], hide_index=True, width="stretch")
    chosen = np.linspace(0, len(result.owner) - 1, min(SHOWN, len(result.owner))).astype(int)
    layout.tiles(
        [
            (short(result.classes[result.owner[at]]), framed(result.thumbnails[at], result.boxes[at]), result.files[at])
            for at in chosen
        ]
    )
    used = int((np.abs(result.weight) > 0).sum())
    st.caption(f"{used} of {result.weight.size} weights are not zero.")


@st.fragment
def _keep(result: TrainedPrototypes) -> None:
    suggested = f"{result.source.split('/')[-1]} prototypes"
    keep_as_model("own", "Keep as a model", suggested, lambda path: save(path, result.about(), result.tensors()))


STUDY = Study(
    lens=prototypes_train,
    title="Train your own",
    name="train",
    order=3,
    opening={"model": "menagerie_cnn", "limit": "20"},
    prepared=False,
    draw=draw,
    begin=Begin(
        button="Train",
        words="Choose a folder of pictures with a folder for each class. The model above reads every picture once,"
        " about a minute for a thousand pictures; then prototypes and weights take some twenty seconds. You may cancel"
        " and go on later. The pictures that become prototypes are kept inside the model as thumbnails of 128 pixels:"
        " train only on pictures that you may show.",
    ),
    reading=(
        "Accuracy is measured on pictures that were kept apart; the linear probe uses the same features without"
        " prototypes.",
        "Keep it as a model, and every lens can explain it: each prototype's likeness is a neuron of the layer"
        " *similarity*.",
    ),
)
