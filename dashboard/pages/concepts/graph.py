"""The strategic graph on the page: controls, the graph, and beside it what was picked in it."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.concepts.bars import local_bars
from dashboard.figures.concepts.crops import heat
from dashboard.figures.concepts.graph import View, csv, graph
from dashboard.widgets.chart import PLAIN, ZOOM
from explainers.concepts.bank.lens import Concepts
from explainers.concepts.explain import ConceptExplained
from explainers.kit.layout import edges, normalised

POINTERS = {"click": "Click a dot", "around": "Draw around"}
PLANES = {"tsne": "t-SNE", "pca": "PCA"}
SHOWN = 12


def draw(bank: Answer[Concepts], look: Look, newcomer: ConceptExplained | None = None) -> None:
    """Graph and picked images, side by side."""
    result = bank.result
    left, right = st.columns([2.1, 1], gap="medium")
    with left, st.container(key="strategies"):
        view = _controls(result, newcomer)
        event = st.plotly_chart(
            graph(result, look, view),
            key=f"graph.{bank.key}",
            config=ZOOM,
            on_select="rerun",
            selection_mode=("points", "lasso", "box"),
            theme=None,
            alt=alt(result),
        )
        _below(result)
    picked = [int(np.ravel(point["customdata"])[0]) for point in event["selection"]["points"] if "customdata" in point]
    with right, st.container(key="picked"):
        _picked(result, list(dict.fromkeys(picked)), look)


def alt(result: Concepts) -> str:
    """The graph in words."""
    return f"{len(result.files)} images in {len(result.clusters)} clusters. {'; '.join(result.clusters)}."


def _controls(result: Concepts, newcomer: ConceptExplained | None) -> View:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        plane = st.segmented_control(
            "Layout", list(PLANES), default="tsne", format_func=PLANES.__getitem__, key="plane", required=True
        )
        most = max(2, min(50, len(result.files) // 2))
        enough = st.slider(
            "Important when first in",
            1,
            most,
            min(result.enough, most),
            key=f"enough.{most}",
            width=210,
            format="%d images",
            help="Concepts that come first in fewer images are left out; the legend brings back.",
        )
        pointer = st.segmented_control(
            "Pointer", list(POINTERS), default="click", format_func=POINTERS.__getitem__, key="pointer", required=True
        )
        names = st.toggle("Name the clusters", True, key="named")
        near = st.toggle("Join neighbours", False, key="joined")
    where = () if newcomer is None else (newcomer.place_pca if plane == "pca" else newcomer.place)
    return View(
        plane or "tsne",
        enough,
        names,
        _edges(result) if near else (),
        tuple(float(v) for v in where),
        pointer == "around",
        newcomer is not None and not newcomer.belongs,
    )


def _edges(result: Concepts) -> tuple[tuple[int, int], ...]:
    return tuple((int(one), int(other)) for one, other in edges(normalised(result.importance)))


def _below(result: Concepts) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption(
            f"Of a dot's five neighbours {result.purity:.0%} have its colour; importance and share of dots correlate"
            f" by {result.share_correlation:.2f}."
        )
        st.download_button(
            "CSV",
            lambda: csv(result),
            "strategies.csv",
            "text/csv",
            key="csv",
            on_click="ignore",
            help="Position, cluster and importance of every image.",
        )


def _picked(result: Concepts, picked: list[int], look: Look) -> None:
    if len(picked) > 1:
        _strategy(result, picked, look)
        return
    image = picked[0] if picked else int(np.argmax(result.probability))
    if not picked:
        st.caption("Click a dot to see its image; or draw around several to see what they share.")
    one_image(result, image, look)


def one_image(result: Concepts, image: int, look: Look) -> None:
    """An image of the bank, the map of one of its concepts, and what each concept adds."""
    order = np.argsort(-result.importance[image], kind="stable")[:5]
    chosen = st.pills(
        "Show",
        [int(i) for i in order],
        default=int(order[0]),
        key=f"concept.{image}",
        required=True,
        format_func=lambda i: result.names[i],
        label_visibility="collapsed",
    )
    concept = int(order[0]) if chosen is None else int(chosen)
    pair = np.concatenate([result.thumbnails[image], heat(result, image, concept)], 1)
    st.image(pair, width="stretch", alt=f"{result.files[image]}, and where {result.names[concept]} lies in it")
    said = "; labelled another class" if result.wrong[image] else ""
    st.markdown(
        f"**{result.files[image]}** · probability {result.probability[image]:.0%}{said}. In"
        f" :gray[{result.clusters[result.strategy[image]]}]."
    )
    added = ", ".join(f"{result.names[i]} {result.importance[image, i]:+.2f}" for i in order)
    _bars(local_bars(result.names, result.importance[image], look), "local", f"What each concept adds: {added}")
    st.caption("What each concept adds to the class's score in this image.")


def _strategy(result: Concepts, picked: list[int], look: Look) -> None:
    mean = result.importance[picked].mean(0)
    first = int(mean.argmax())
    st.markdown(
        f"**{len(picked)} images, {len(picked) / len(result.files):.0%}** · {result.names[first]} adds most on average"
    )
    shown = [picked[i] for i in np.linspace(0, len(picked) - 1, min(SHOWN, len(picked))).astype(int)]
    rows = [result.thumbnails[shown[start : start + 4]] for start in range(0, len(shown), 4)]
    side = result.thumbnails.shape[1]
    sheet = np.full((side * len(rows), side * min(4, len(shown)), 3), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, small in enumerate(row):
            sheet[y * side : (y + 1) * side, x * side : (x + 1) * side] = small
    st.image(sheet, width="stretch", alt=f"{len(shown)} of the images picked")
    _bars(local_bars(result.names, mean, look), "shared", f"Mean contributions; {result.names[first]} is the greatest")
    st.caption("What each concept adds on average in the images picked.")


def _bars(figure: go.Figure, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config=PLAIN, theme=None, alt=alt)
