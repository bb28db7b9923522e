"""Pictures in rows: a grid of large ones, or many small tiles."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import numpy as np
import streamlit as st

from dashboard.figures.overlay import Surroundings
from dashboard.figures.raster import magnified

TILE = 200
Titled = tuple[str, np.ndarray, str]  # title, picture (H, W, 3), the line under it


@contextmanager
def hero(ratio: float, below: int, mark: str = "") -> Iterator[None]:
    """A box as wide as its column, as high as the picture in it; it has its size before the picture comes.

    Args:
        ratio: width over height of the picture.
        below: pixels under the picture, for a scale.
        mark: tells several on one page apart.
    """
    key = f"hero{mark}"
    place = f".st-key-{key}"
    # The scale is part of the figure, so the box is higher than the picture by as much, whatever its width.
    box = f"{place} {{ position: relative; max-height: 44rem; overflow: hidden }}"
    spacer = f"{place}::before {{ content: ''; padding-bottom: calc(100% / {ratio:.3f} + {below}px) }}"
    fill = f"{place} > div {{ position: absolute; inset: 0; height: 100%; max-height: 44rem }}"
    chart = f"{place} :is([data-testid=stPlotlyChart], [data-testid=stFullScreenFrame]) {{ height: 100% }}"
    st.html(f"<style>{box} {spacer} {fill} {chart}</style>")
    with st.container(key=key):
        yield


def photo(around: Surroundings, below: int = 0) -> None:
    """The photo alone, in the place of the picture that is being worked out, so that nothing jumps when it comes."""
    height, width = around.size
    with hero(width / height, below):
        st.image(around.pixels, width="stretch", alt="The photo, while its map is worked out", output_format="JPEG")


def grid(pictures: Sequence[Titled], columns: int) -> None:
    """Pictures side by side, one below the other where it is narrow."""
    for start in range(0, len(pictures), columns):
        for column, picture in zip(st.columns(columns), pictures[start : start + columns], strict=False):
            with column:
                _titled(*picture, "stretch")


def tiles(pictures: Sequence[Titled], width: int = TILE) -> None:
    """Many small pictures, as many in a row as there is room for; two on a phone (`style.css`)."""
    with st.container(horizontal=True, gap="small", key="tiles"):
        for picture in pictures:
            with st.container(width=width, gap=None):
                _titled(*picture, "stretch")


def _titled(title: str, picture: np.ndarray, words: str, width: int | Literal["stretch"]) -> None:
    st.markdown(f"**{title}**")
    alt = f"{title}. {words}" if words else title
    st.image(magnified(picture), width=width, alt=alt, output_format="JPEG")
    if words:
        st.caption(words)
