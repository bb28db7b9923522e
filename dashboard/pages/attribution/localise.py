"""Maps held to boxes: does a method point at the thing, in a whole folder of pictures?"""

from typing import Any

import streamlit as st

from dashboard.engine import Kept
from dashboard.figures import Look
from dashboard.figures.attribution import localise as figures
from dashboard.widgets import evidence as beside
from dashboard.widgets import links
from dashboard.widgets import session as state
from dashboard.widgets import study as common
from dashboard.widgets.form import fields
from dashboard.widgets.job import Field
from explainers.attribution.methods.table import methods
from models import ModelCard

TITLE = "Held to boxes"
ORDER = 6
LENS = "localise"
BEGIN = (
    "Measure the method",
    "Does the map lie on the thing? Choose a folder of pictures with boxes in a COCO, Pascal VOC or CSV file beside"
    " them (`image,label,left,top,right,bottom`), or the menagerie, whose boxes are exact. It takes about as long as"
    " the method needs for each picture; you may keep browsing.",
)
READING = (
    "*Pointing*: the brightest pixel lies on the thing, or close beside it.",
    "*Recall*: the same, when a map that stays dark may say that the thing is not there.",
    "*Energy inside*: how much of the map lies within the box.",
    "*Weak localisation*: a box drawn around the brightest blob overlaps the true one by more than half.",
    "Compare with the centre of the picture: photographers put things there, and so a centre map does well.",
)


def about() -> str:
    """The explainer behind this study."""
    return LENS


def parsers() -> dict[str, tuple[str, links.Parse]]:
    """What a link may say."""
    return common.parsers(LENS)


def draw(card: ModelCard) -> None:
    """Draw the study."""
    own: dict[str, Field] = {
        "images": fields.images,
        "method": lambda knob, key: fields.titled(
            knob, key, {str(name): methods()[str(name)].title for name in knob.choices}
        ),
        "layer": lambda knob, key: fields.layer(card, knob, key, "the last map before pooling"),
    }
    common.lay_out(card, common.Study(lens=LENS, draw=_drawn, fields=own, picture=False, begin=BEGIN))


def _drawn(kept: Kept, look: Look) -> None:
    result: Any = kept.result
    st.markdown(f"##### {result.sentence}")
    st.plotly_chart(
        state.figure(kept, look, "marks", lambda: figures.marks(result, look)), key="marks", config=beside.PLAIN,
        alt=result.sentence.replace("*", ""),
    )  # fmt: skip
    st.markdown("##### The first pictures")
    shown = [(figures.caption(result, row), figures.picture(result, row, look)) for row in range(len(result.images))]
    common.tiles([(title, picture, result.names[row]) for row, (title, picture) in enumerate(shown)])
    st.dataframe(_rows(result), hide_index=True, width="stretch", key="rows")
    _left_out(result)


def _left_out(result: Any) -> None:
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


def _rows(result: Any) -> list[dict[str, Any]]:
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
