"""Take it with you: one click for each kind of file, made only when it is wanted."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from dashboard import export
from dashboard.engine.answers import Answer
from dashboard.figures import Look
from dashboard.figures.style import Width
from dashboard.widgets import session
from explainers import Evidence, Request, Result

WIDTHS: dict[Width, str] = {"column": "Column, 85 mm", "page": "Page, 170 mm", "slide": "Slide, 16:9"}


@st.fragment
def exports(answer: Answer[Result], request: Request[Result], look: Look, mark: str = "") -> None:
    """PNG, SVG, PDF, HTML and the bundle; ``mark`` tells the bars of one page apart."""
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"export{mark}"):
        width = st.selectbox("Export at", list(WIDTHS), 1, WIDTHS.__getitem__, key=f"width{mark}", width=170)
        paper, below = replace(look, width=width), _with_evidence(request, mark)
        stem, here = export.file_stem(answer), export.kinds_here()
        for kind, form in export.FORMATS.items():
            st.download_button(
                kind.upper(),
                _maker(answer, request if below else None, paper, kind),
                f"{stem}.{kind}",
                form.mime,
                key=f"{kind}{mark}",
                on_click="ignore",
                disabled=kind not in here,
                shortcut="e" if (kind, mark) == ("png", "") else None,
                help=f"The figure as {kind.upper()}.",
            )
        st.download_button(
            "Bundle",
            lambda: _bundle(answer, request, paper, with_evidence=below),
            f"{stem}.zip",
            "application/zip",
            key=f"bundle{mark}",
            on_click="ignore",
            help="Figures, arrays, manifest, and a small program that reproduces the arrays.",
        )
    if len(here) < len(export.FORMATS):
        st.caption(export.NO_BROWSER)


def _with_evidence(request: Request[Result], mark: str) -> bool:
    """Whether the evidence is laid under each figure; offered once it is measured."""
    measured = session.the_engine().state(request.evidence().key).ready
    words = "Lays the measured evidence under each figure." if measured else "The evidence is not measured yet."
    return st.checkbox("With evidence", key=f"scored{mark}", disabled=not measured, help=words) and measured


def _evidence(request: Request[Result]) -> Answer[Evidence] | None:
    return session.the_engine().answer(request.evidence())


def _maker(answer: Answer[Result], scored: Request[Result] | None, look: Look, kind: str) -> Callable[[], bytes]:
    """Makes the first figure; with the evidence of ``scored`` under it."""

    def make() -> bytes:
        evidence = _evidence(scored) if scored else None
        figures = export.paper_figures(answer, look, evidence.result if evidence else None)
        return export.render(next(iter(figures.values())), kind)

    return make


def _bundle(answer: Answer[Result], request: Request[Result], look: Look, *, with_evidence: bool) -> bytes:
    kinds, scores = export.kinds_here(), _evidence(request)
    return export.zipped(export.bundle(answer, scores, request, look, kinds=kinds, with_evidence=with_evidence))
