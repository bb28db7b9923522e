"""One picture: which of its patches look like which prototypes, what each gives to the class, and why."""

from collections.abc import Callable

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.prototypes import local as figures
from dashboard.figures.tiles import predictions
from dashboard.pages.prototypes import what_if, why_not
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Study
from explainers.kit.characteristics import CHARACTERISTICS
from explainers.prototypes.local import Prototypes, prototypes

DEEPER = "prototypes.deeper"


def draw(answer: Answer[Prototypes], look: Look) -> None:
    """Draw the answer: what tells it apart and what looks most alike; the rest for those who ask."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    _pair(result, int(result.order[0]))
    _deeper(answer, look)


@st.fragment
def _deeper(answer: Answer[Prototypes], look: Look) -> None:
    """One part at a time, and nothing else is drawn again."""
    chosen = st.segmented_control(
        "Look closer",
        list(PARTS),
        key=DEEPER,
        default=next(iter(PARTS)),
        format_func=lambda part: PARTS[part][0],
        label_visibility="collapsed",
    )
    if chosen is not None:
        PARTS[chosen][1](answer, look)


def _told(answer: Answer[Prototypes], look: Look) -> None:
    telling = answer.result.telling
    if telling is None:
        st.caption("This model was trained before changed pictures were kept with it; train it again to see this.")
        return
    alt = f"Share of the distance that each change takes; {telling.plain}"
    chart(answer, look, "told", lambda: figures.told_apart(telling, look), alt=alt)
    st.caption(why_not.TOLD)


def _reasons(answer: Answer[Prototypes], look: Look) -> None:
    result = answer.result
    best = int(result.order[0])
    st.caption(
        "Nauta et al. 2020: this picture alone is changed, and the likeness to the first prototype measured again. It"
        " says what this likeness rests on, which need not be what tells the class from another."
    )
    alt = f"Fall of the likeness under each change: {result.reading(best)}"
    chart(answer, look, "reasons", lambda: figures.reasons(result, best, look), alt=alt)
    with st.expander("The changed pictures"):
        pictures = zip(CHARACTERISTICS, result.changed, strict=True)
        layout.tiles([(name.capitalize(), picture, "") for name, picture in pictures], width=110)


def _points(answer: Answer[Prototypes], look: Look) -> None:
    result = answer.result
    chart(answer, look, "waterfall", lambda: figures.waterfall(result, look), alt=result.plain)
    st.html(predictions(result.top5, result.target, look))


def _rows(answer: Answer[Prototypes], _look: Look) -> None:
    result = answer.result
    for column, at in zip(st.columns(2) * figures.SHOWN, result.order[1 : figures.SHOWN], strict=False):
        with column:
            _pair(result, int(at))


def _pair(result: Prototypes, at: int) -> None:
    title = figures.title(result, at)
    st.image(
        figures.row(result, at),
        width="stretch",
        alt=f"{title}: the patch in this picture, and the prototype in {result.files[at]}",
        output_format="JPEG",
    )
    st.caption(f"**{title}** · {result.similarity[at]:.2f} alike · from {result.files[at]}")
    st.caption(f"This likeness by itself: {result.reading(at)}.")


PARTS: dict[str, tuple[str, Callable[[Answer[Prototypes], Look], None]]] = {
    "told": ("Told apart by", _told),
    "reasons": ("One likeness", _reasons),
    "what_if": ("What if", what_if.draw),
    "rows": ("Prototypes", _rows),
    "points": ("Points", _points),
    "why_not": ("Why not another class", why_not.draw),
}

STUDY = Study(
    lens=prototypes,
    title="One picture",
    name="one",
    order=1,
    opening={"model": "menagerie_prototypes", "image": "animal-0"},
    draw=draw,
    reading=(
        "On the left your picture, on the right a picture of the training; the boxes show which patches look alike.",
        "Likeness times weight is what a prototype gives to the class; all together are the class's score.",
        "The sentence names what tells the class from its runner-up: this picture and training pictures of the other"
        " are changed alike in one respect; what brings them together more than it does other classes, counts.",
        "*One likeness* is the paper's reading: only this picture is changed, and what falls, counted. The"
        " rank is that among this picture's prototypes.",
        "Raw falls cannot be compared between characteristics, for strengths are a choice: compare ranks.",
        "Under More you can set how strongly each characteristic is changed.",
        "*What if* makes all changes one after the other, and follows the likeness at the place where it was found."
        " Texture is smoothed at four strengths and mixed between them.",
        "*Why not another class*: each prototype's points for both; the differences add up to that of the scores.",
    ),
)
