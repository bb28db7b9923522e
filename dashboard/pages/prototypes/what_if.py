"""Sliders that change the picture, and what becomes of each likeness; nothing else on the page is drawn again."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.prototypes import what_if as figures
from dashboard.widgets import job
from dashboard.widgets.controls import image_picker
from explainers.kit.characteristics import CHARACTERISTICS, IDENTITY
from explainers.prototypes.local import LIMITS, Prototypes
from explainers.prototypes.whatif import prototype_what_if

STEPS = {"hue": 0.01, "saturation": 0.05, "contrast": 0.05, "texture": 1.0, "shape": 0.5}


def draw(answer: Answer[Prototypes], look: Look) -> None:
    """Five sliders, the changed picture with the likeness over it, and how each likeness fares."""
    result, photo = answer.result, image_picker.chosen()
    if photo is None:
        return
    left, right = st.columns([1, 1.7], gap="medium")
    with left:
        chosen = {name: _slider(name) for name in CHARACTERISTICS}
        st.button("Change nothing", key="what_if.reset", on_click=_reset)
    with right:
        request = prototype_what_if.request(
            answer.provenance.model, prototype_what_if.choose(image=photo, target=result.target, **chosen)
        )
        changed = job.result_or_progress(request)
        if changed is None:
            return
        strongest = int(result.order[0])
        st.markdown(f"**{figures.words(changed.result, strongest)}**")
        alt = f"The picture before and after the change; {changed.result.plain}"
        st.image(figures.pictures(changed.result, strongest), width="stretch", alt=alt, output_format="JPEG")
        st.html(figures.likenesses(result, changed.result, look))


def _slider(name: str) -> float:
    st.session_state.setdefault(f"what_if.{name}", IDENTITY[name])
    low, high = LIMITS[name]
    return float(st.slider(name.capitalize(), low, high, step=STEPS[name], key=f"what_if.{name}"))


def _reset() -> None:
    st.session_state.update({f"what_if.{name}": value for name, value in IDENTITY.items()})
