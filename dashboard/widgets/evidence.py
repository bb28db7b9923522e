"""What stands beside every picture: evidence, provenance, export, and how to read it."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import asdict

import streamlit as st

from dashboard import export
from dashboard.engine import BusyError, Kept
from dashboard.figures import Look
from dashboard.figures.scores import score_bars, score_curves
from dashboard.figures.style import Width
from dashboard.widgets import job as panel
from dashboard.widgets import links
from dashboard.widgets import session as state
from explainers import Request, Score, find
from models import ModelCard

PLAIN = {"displayModeBar": False}
ZOOM = {"displaylogo": False, "modeBarButtonsToRemove": ["toImage"]}  # export has its own buttons
WIDTHS: dict[Width, str] = {"column": "Column, 85 mm", "page": "Page, 170 mm", "slide": "Slide, 16:9"}
MIMES = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf", "html": "text/html"}


def evidence(request: Request, look: Look, columns: int = 1) -> None:
    """Ask for the evidence in the background and draw it when it comes, so many scores side by side."""
    st.markdown("##### How far to trust it")
    asked, engine = request.evidence(), state.the_engine()
    before = engine.state(asked.key)
    if before.status in ("absent", "interrupted"):
        try:
            engine.ask(asked, session=state.session(), lane="evidence")
        except BusyError as error:
            st.warning(str(error))
            return
    if (kept := engine.kept(asked.key)) is None:
        _await(asked)
        return
    scores = kept.result.scores  # type: ignore[attr-defined]
    for start in range(0, len(scores), columns):
        for column, score in zip(st.columns(columns), scores[start : start + columns], strict=False):
            with column:
                _score(kept, score, look)


def _await(asked: Request) -> None:
    told = state.the_engine().state(asked.key)
    if told.live:
        st.caption("Measuring, in the background. The picture is already yours to use.")
        panel.watch(asked.key, "Measuring")
        return
    st.info(told.error or "The evidence was not measured.")
    if st.button("Measure", key=f"measure.{asked.key}"):
        state.the_engine().ask(asked, session=state.session(), lane="evidence", fresh=True)
        st.rerun()


def _score(kept: Kept, score: Score, look: Look) -> None:
    st.markdown(f"**{score.title}** · {score.reading}")
    st.plotly_chart(
        state.figure(kept, look, f"bars {score.name}", lambda: score_bars(score, look)),
        key=f"bars.{kept.key[:8]}.{score.name}",
        config=PLAIN,
        alt=f"{score.title}: {score.value:.2f}; " + ", ".join(f"{n} {v:.2f}" for n, v in score.baselines.items()),
    )
    if score.curves:
        with st.expander("Why?"):
            st.plotly_chart(
                state.figure(kept, look, f"curves {score.name}", lambda: score_curves(score, look)),
                key=f"curves.{kept.key[:8]}.{score.name}",
                config=PLAIN,
                alt=f"Curves behind {score.title}",
            )


def provenance(kept: Kept, request: Request) -> None:
    """Where the picture came from; and Recompute when it was kept from before."""
    told = kept.provenance
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(told.when)
    st.caption(
        f"Weights `{told.weights_sha256[:12]}` · seed {told.seed} · {told.seconds:.2f} s on {told.device}"
        f" · torch {told.versions['torch']} · {state.ago(told.when)}"
    )
    with st.expander("Provenance"):
        st.json({**asdict(told), "key": kept.key}, expanded=True)
        if age.total_seconds() > 60 and st.button("Recompute", key=f"recompute.{kept.key}"):
            panel.recompute(request)


@st.fragment
def exports(kept: Kept, request: Request, look: Look, mark: str = "") -> None:
    """One click for PNG, SVG, PDF, HTML and the bundle; made only when asked for."""
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"export{mark}"):
        width = st.selectbox(
            "Export at", list(WIDTHS), index=1, format_func=lambda each: WIDTHS[each], key=f"width{mark}", width=170
        )
        stem = export.file_stem(kept)
        for kind in export.FORMATS:
            st.download_button(
                kind.upper(),
                _maker(kept, look, width, kind),
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
            lambda: _bundle(kept, request, look, width),
            f"{stem}.zip",
            "application/zip",
            key=f"bundle{mark}",
            on_click="ignore",
            help="Figures, arrays, manifest, and a small program that reproduces the arrays.",
        )
    if len(export.kinds_here()) == 1:
        st.caption(export.NO_BROWSER)


def _maker(kept: Kept, look: Look, width: Width, kind: str) -> Callable[[], bytes]:
    def make() -> bytes:
        return export.render(next(iter(export.paper_figures(kept, look, width).values())), kind)

    return make


def _bundle(kept: Kept, request: Request, look: Look, width: Width) -> bytes:
    scores = state.the_engine().kept(request.evidence().key)
    return export.zipped(export.bundle(kept, scores, request, look, width, export.kinds_here()))


def about(name: str, steps: tuple[str, ...]) -> None:
    """How to read the picture, what the method is, and where it fails."""
    lens = find(name)
    with st.expander("How to read this"):
        for step in steps:
            st.markdown(f"- {step}")
    with st.expander(f"About {lens.title}, and its limits"):
        st.markdown(lens.about)
        st.markdown(f"[The paper]({lens.paper})")


def head(parsers: Mapping[str, tuple[str, links.Parse]]) -> ModelCard | None:
    """The top of a lens's page: what of a link could not be used, the model, and the link to copy.

    Returns:
        The model's card; None, with words on the page, while the model cannot be used.
    """
    notes(links.load(parsers))
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    with left:
        card = panel.choose_model()
    with right:
        copy_link()
    return card


@st.fragment
def copy_link() -> None:
    """The link of this view, ready to copy."""
    if st.button("Copy link", key="copy", shortcut="l", help="A link that opens this very view."):
        st.session_state["_show_link"] = not st.session_state.get("_show_link", False)
    if st.session_state.get("_show_link"):
        st.code(links.current(), language=None)


def notes(words: list[str]) -> None:
    """What of a link could not be used."""
    for each in words:
        st.warning(each)
