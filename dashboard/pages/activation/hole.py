"""The hole that chains fill: its size in numbers, or drawn as a box on the picture."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import streamlit as st

from dashboard.figures.activation.hole import SIDE, canvas
from dashboard.widgets import session
from dashboard.widgets.chart import PLAIN
from dashboard.widgets.form.fields import Field
from dashboard.widgets.form.fields import draw as usual
from models import Photo
from models.imagesets.frame import lay_out


def draw(field: Field) -> object:
    """The field, and below it the picture that the hole is in, where one is chosen."""
    side = usual(field.knob.kind, field)
    photo = field.values["photo"]
    if isinstance(photo, Photo):
        row, column, share = (float(st.session_state.get(field.key + end, 0.5)) for end in ("_row", "_column", ""))
        st.caption("Draw a box on the picture.")
        st.plotly_chart(
            canvas(_view(field, photo), (row, column, share), session.look()),
            key=f"{field.key}.box",
            on_select=partial(_take, field.key),
            selection_mode="box",
            config=PLAIN,
            theme=None,
            width="content",
            alt=f"{photo.name}, with a hole of {side} of its side; the numbers above and below say where.",
        )
    return side


def _view(field: Field, photo: Photo) -> np.ndarray:
    seen = lay_out(photo.pil(), field.card.frame(photo.pixels.shape), field.card.resampling)
    return np.asarray(seen.convert("RGB").resize((SIDE, SIDE)))


def _take(key: str) -> None:
    """Make the box that was drawn the hole."""
    boxes = st.session_state[f"{key}.box"]["selection"]["box"]
    if boxes:
        st.session_state.update(zip((key, f"{key}_row", f"{key}_column"), square(boxes[-1]), strict=True))


def square(box: Mapping[str, Sequence[float]]) -> tuple[float, float, float]:
    """Side, row and column of the middle of the square about a box, as shares of the picture."""
    (left, right), (top, bottom) = (np.clip(sorted(box[axis]), 0, 1) for axis in ("x", "y"))
    side = max(right - left, bottom - top)
    row, column = (np.clip(middle, side / 2, 1 - side / 2) for middle in ((top + bottom) / 2, (left + right) / 2))
    return round(float(side), 2), round(float(row), 2), round(float(column), 2)
