"""Take it with you: one click for each kind of file, made only when it is wanted."""

from collections.abc import Callable

import streamlit as st

from dashboard import export
from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.style import Width
from dashboard.widgets import session
from explainers import Request, Result

WIDTHS: dict[Width, str] = {"column": "Column, 85 mm", "page": "Page, 170 mm", "slide": "Slide, 16:9"}
MIMES = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf", "html": "text/html"}


@st.fragment
def exports(answer: Answer[Result], request: Request[Result], look: Look, mark: str = "") -> None:
    """PNG, SVG, PDF, HTML and the bundle; ``mark`` tells the bars of one page apart."""
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"export{mark}"):
        width = st.selectbox("Export at", list(WIDTHS), 1, WIDTHS.__getitem__, key=f"width{mark}", width=170)
        stem = export.file_stem(answer)
        for kind in export.FORMATS:
            st.download_button(
                kind.upper(),
                _maker(answer, look, width, kind),
                f"{stem}.{kind}",
                MIMES[kind],
                key=f"{kind}{mark}",
                on_click="ignore",
                disabled=kind not in export.kinds_here(),
                shortcut="e" if (kind, mark) == ("png", "") else None,
                help=f"The figure as {kind.upper()}.",
            )
        st.download_button(
            "Bundle",
            lambda: _bundle(answer, request, look, width),
            f"{stem}.zip",
            "application/zip",
            key=f"bundle{mark}",
            on_click="ignore",
            help="Figures, arrays, manifest, and a small program that reproduces the arrays.",
        )
    if len(export.kinds_here()) == 1:
        st.caption(export.NO_BROWSER)


def _maker(answer: Answer[Result], look: Look, width: Width, kind: str) -> Callable[[], bytes]:
    return lambda: export.render(next(iter(export.paper_figures(answer, look, width).values())), kind)


def _bundle(answer: Answer[Result], request: Request[Result], look: Look, width: Width) -> bytes:
    scores = session.the_engine().answer(request.evidence())
    return export.zipped(export.bundle(answer, scores, request, look, width, export.kinds_here()))
