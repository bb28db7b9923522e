"""Crops on the page, each large enough to be seen, as many in a line as there is room for."""

from collections.abc import Iterable

import numpy as np
import streamlit as st

WIDTH = 120  # pixels; smaller crops cannot be told apart


def in_a_flow(crops: Iterable[np.ndarray], alt: str) -> None:
    """Crops uint8 (s, s, 3) one after the other, in lines that break where the column ends."""
    with st.container(horizontal=True, gap="small"):
        for place, crop in enumerate(crops):
            st.image(crop, width=WIDTH, alt=f"{alt}, {place + 1}", output_format="JPEG")
