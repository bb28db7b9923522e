"""Why not another class: what each prototype gives to either, and the difference that decides."""

import numpy as np
import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.prototypes import local as figures
from dashboard.widgets import job
from dashboard.widgets.chart import chart
from dashboard.widgets.controls import image_picker
from explainers.kit.characteristics import CHARACTERISTICS
from explainers.prototypes.local import Prototypes
from explainers.prototypes.telling import prototype_telling
from models.labels import short

TOLD = (
    "This picture and training pictures of the other class are changed alike; the characteristic that costs most of"
    " their distance, beside what it costs between other classes, tells them apart."
)


def draw(answer: Answer[Prototypes], look: Look) -> None:
    """A class to choose, and the points of both beside each other."""
    result = answer.result
    classes = [int(at) for at in result.logits.argsort()[::-1] if at != result.target]
    other = st.selectbox(
        "Other class", classes, format_func=lambda at: short(result.classes[at]), key="why_not.class", width=320
    )
    if other is None:
        return
    st.markdown(result.why_not(other))
    _told_apart(answer, other)
    chart(
        answer,
        look,
        f"why_not.{other}",
        lambda: figures.why_not(result, other, look),
        alt=f"Points of each prototype for both classes. {result.why_not(other)}",
    )
    strongest = figures.deciding(result, other)
    others = np.setdiff1d(np.arange(len(result.owner)), strongest)
    parts = [(figures.name(result, int(at)), np.array([at])) for at in strongest]
    parts += [(f"{len(others)} others", others), ("all", np.arange(len(result.owner)))]
    rows = [_row(result, words, at, other) for words, at in parts]
    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        height="content",
        column_config={key: st.column_config.NumberColumn(format="%+.2f") for key in list(rows[0])[1:]},
    )


def _told_apart(answer: Answer[Prototypes], other: int) -> None:
    """By which characteristic, where the model was trained with changed pictures."""
    photo = image_picker.chosen()
    if photo is None:
        return
    chosen = prototype_telling.choose(image=photo, target=answer.result.target, other=other)
    reason = job.result_or_progress(prototype_telling.request(answer.provenance.model, chosen))
    if reason is not None:
        st.markdown(f"**{reason.result.sentence}**", help=TOLD)
        parts = zip(CHARACTERISTICS, reason.result.lost, strict=True)
        st.caption("Share of their distance lost: " + ", ".join(f"{name} {value:.0%}" for name, value in parts))


def _row(result: Prototypes, words: str, at: np.ndarray, other: int) -> dict[str, str | float]:
    """What some prototypes give to the class and to the other, and the difference."""
    points = {
        f"for {short(result.classes[cls])}": float(result.points(cls)[at].sum()) for cls in (result.target, other)
    }
    return {"prototype": words, **points, "difference": float(result.difference(other)[at].sum())}
