"""Side by side: several methods on one picture, or one method at every layer."""

from typing import Any

import streamlit as st

from dashboard.engine import Kept
from dashboard.figures import Look
from dashboard.figures.agreement import agreement_map
from dashboard.figures.attribution import compare as figures
from dashboard.widgets import evidence as beside
from dashboard.widgets import links
from dashboard.widgets import session as state
from dashboard.widgets import study as common
from dashboard.widgets.form import fields
from explainers import Knob
from explainers.attribution.compare import QUICK
from explainers.attribution.methods.family import CAMS
from explainers.attribution.methods.table import methods
from models import ModelCard
from models.errors import InputError

TITLE = "Methods and layers"
ORDER = 2
LENS = "compare"
READING = (
    "Each picture is the same photo with another map over it; warm places speak for the class.",
    "The table tells how far each two maps put the places in the same order: 1 is the same order, 0 is chance.",
    "Maps that agree for different reasons deserve more trust; methods of one family agree with each other anyway.",
    "*Layers* go from the picture to the answer: early ones outline, late ones know the class.",
    "*Names the pixels that count* compares all maps by blurring what each of them calls important.",
)


def about() -> str:
    """The explainer behind this study."""
    return LENS


def parsers() -> dict[str, tuple[str, links.Parse]]:
    """What a link may say."""
    return common.parsers(LENS, {"methods": _names})


def draw(card: ModelCard) -> None:
    """Draw the study."""
    common.lay_out(
        card,
        common.Study(
            lens=LENS, draw=_sides,
            fields={
                "target": lambda knob, key: fields.a_class(card, knob, key),
                "methods": _methods,
                "method": lambda knob, key: fields.titled(knob, key, {name: cam.title for name, cam in CAMS.items()}),
            },
        ),
    )  # fmt: skip


def _methods(knob: Knob, key: str) -> str:
    known = {name: method.title for name, method in methods().items()}
    st.session_state.setdefault(key, [])
    chosen = st.multiselect(
        knob.label, list(known), key=key, format_func=known.__getitem__, help=knob.help, persist_state="session",
        placeholder=f"the {len(QUICK)} quick ones",
    )  # fmt: skip
    return ",".join(chosen)


def _names(text: str) -> list[str]:
    if unknown := [name for name in text.split(",") if name not in methods()]:
        raise InputError(f"there is no method '{unknown[0]}'.")
    return text.split(",")


def _sides(kept: Kept, look: Look) -> None:
    result: Any = kept.result
    st.markdown(f"##### {result.sentence}")
    shown = [figures.picture(result.image, values, look) for values in result.maps]
    common.tiles([(title, picture, "") for title, picture in zip(result.titles, shown, strict=True)])
    for title, why in result.refused:
        st.caption(f"{title} is not shown: {why}")
    if len(result.titles) > 1:
        st.markdown("##### How far they agree")
        st.plotly_chart(
            state.figure(kept, look, "agreement", lambda: agreement_map(result, look)), key="agreement",
            config=beside.PLAIN, alt=result.sentence.replace("*", ""),
        )  # fmt: skip
    st.caption("To hold every method to known truth, or to try all of them on this picture, see **Calibration**.")
