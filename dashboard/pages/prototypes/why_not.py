"""Why not another class: what each prototype gives to either, and the difference that decides."""

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
    "This picture and pictures of the other class are changed alike, more strongly than above; the characteristic that"
    " costs most of their distance, beside what it usually costs, tells them apart."
)


def draw(answer: Answer[Prototypes], look: Look) -> None:
    """A class to choose, and the points of both beside each other."""
    result = answer.result
    others = [int(at) for at in result.logits.argsort()[::-1] if at != result.target]
    other = st.selectbox(
        "Other class", others, format_func=lambda at: short(result.classes[at]), key="why_not.class", width=320
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
    rows = [_row(result, int(at), other) for at in figures.deciding(result, other)]
    gap = float(result.difference(other).sum())
    rest = gap - float(result.difference(other)[figures.deciding(result, other)].sum())
    whole: dict[str, str | float] = {"prototype": "all", **_points(result, other, slice(None)), "difference": gap}
    st.dataframe(
        [*rows, {"prototype": "all others", "difference": rest}, whole],
        hide_index=True,
        width="stretch",
        height="content",
        column_config={key: st.column_config.NumberColumn(format="%+.2f") for key in list(whole)[1:]},
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


def _row(result: Prototypes, at: int, other: int) -> dict[str, str | float]:
    named = {"prototype": figures.name(result, at)}
    return {**named, **_points(result, other, at), "difference": float(result.difference(other)[at])}


def _points(result: Prototypes, other: int, at: int | slice) -> dict[str, float]:
    """What prototypes give to the class and to the other."""
    first, second = (f"for {short(result.classes[cls])}" for cls in (result.target, other))
    return {first: float(result.points(result.target)[at].sum()), second: float(result.points(other)[at].sum())}
