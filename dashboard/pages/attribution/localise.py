"""Maps held to boxes: does a method point at the thing, in a whole folder of pictures?"""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.attribution import localise as figures
from dashboard.widgets import layout
from dashboard.widgets.chart import chart
from dashboard.widgets.study import Begin, Study
from explainers.attribution.localise.lens import Localisation, localise


def draw(answer: Answer[Localisation], look: Look) -> None:
    """Draw the answer."""
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    chart(answer, look, "marks", lambda: figures.marks(result, look), alt=result.plain)
    st.markdown("##### The first pictures")
    shown = [(figures.caption(result, row), figures.picture(result, row, look)) for row in range(len(result.images))]
    layout.tiles([(title, picture, result.names[row]) for row, (title, picture) in enumerate(shown)])
    st.dataframe(_rows(result), hide_index=True, width="stretch", key="rows")
    _left_out(result)


def _left_out(result: Localisation) -> None:
    """What was not measured, counted and named."""
    groups = (
        (result.unboxed_count, result.unboxed, "Pictures without a box"),
        (result.orphan_count, result.orphans, "Named by the boxes, but not in the folder"),
        (len(result.outside), result.outside, "Boxes outside of what the model sees"),
        (len(result.skipped), [name for name, _ in result.skipped], "Files that could not be read"),
        (result.flat, (), "Maps that are the same everywhere, counted as misses"),
    )
    for count, names, words in groups:
        if count:
            st.caption(f"{words}: {count}" + (f" ({', '.join(names[:5])})." if names else "."))


def _rows(result: Localisation) -> list[dict[str, object]]:
    return [
        {
            "Picture": name,
            "Boxes say": result.labels[row],
            "Class explained": result.classes[row].split(",")[0],
            "Probability": round(float(result.probability[row]), 3),
            **{title: round(float(value), 3) for title, value in zip(result.titles, result.marks[row], strict=True)},
        }
        for row, name in enumerate(result.names)
    ]


STUDY = Study(
    lens=localise,
    title="Bounding boxes",
    order=6,
    opening={"model": "menagerie_cnn", "limit": "24"},
    draw=draw,
    overlay=True,
    begin=Begin(
        button="Measure the method",
        words="Does the map lie on the thing? Choose a folder of pictures with boxes in a COCO, Pascal VOC or CSV file"
        " beside them (`image,label,left,top,right,bottom`), or the menagerie, whose boxes are exact. It takes about as"
        " long as the method needs for each picture; you may keep browsing.",
    ),
    reading=(
        "*Pointing*: the brightest pixel lies on the thing, or close beside it.",
        "*Recall*: the same, when a map that stays dark may say that the thing is not there.",
        "*Energy inside*: how much of the map lies within the box.",
        "*Weak localisation*: a box drawn around the brightest blob overlaps the true one by more than half.",
        "Compare with the centre of the picture: photographers put things there, and so a centre map does well.",
    ),
)
