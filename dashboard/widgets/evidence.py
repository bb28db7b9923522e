"""How far to trust a picture: asked for by itself, measured in the background, a verdict and a tile a test."""

from functools import partial

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.engine.jobs import BusyError
from dashboard.figures import Look
from dashboard.figures.scores import score_curves
from dashboard.figures.tiles import tiles
from dashboard.widgets import job, session
from dashboard.widgets.chart import chart
from explainers import Evidence, Request, Result


def verdict(request: Request[Result], look: Look) -> None:
    """The evidence in one sentence."""
    answer = _asked(request, look)
    if answer is not None:
        st.html(tiles(answer.result, (), look))


def evidence(request: Request[Result], look: Look, mark: str = "", shown: int | None = None, after: str = "") -> None:
    """Ask for the evidence in the background and draw it when it comes.

    Args:
        request: whose evidence.
        look: how it is drawn.
        mark: tells several on one page apart.
        shown: how many tests stand up front, the rest folded; all by default.
        after: how long it takes, in words, where it is so long that it is measured only when asked for.
    """
    answer = _asked(request, look, after)
    if answer is None:
        return
    scores = answer.result.scores
    first = scores if shown is None else scores[:shown]
    with st.container(key=f"tests{mark}", gap="small"):
        st.html(tiles(answer.result, first, look))
        if rest := scores[len(first) :]:
            with st.expander(f"{len(rest)} more test{'s' if len(rest) > 1 else ''}"):
                st.html(tiles(answer.result, rest, look, headline=False))
        if any(score.curves for score in scores):
            _curves(answer, look, mark)


def _asked(request: Request[Result], look: Look, after: str = "") -> Answer[Evidence] | None:
    """The heading, and the evidence when it is there; asked for, with its progress, when it is not."""
    st.markdown("##### How far to trust it")
    wanted, engine = request.evidence(), session.the_engine()
    if engine.state(wanted.key).status in ("absent", "interrupted"):
        if after and not st.button("Measure", key=f"measure.{wanted.key}", help=f"Takes {after}."):
            st.caption(f"Measuring this method runs it six times more, which takes {after}.")
            return None
        try:
            engine.ask(wanted, session=session.session(), lane="evidence")
        except BusyError as error:
            st.warning(str(error))
            return None
    answer = engine.answer(wanted)
    if answer is None:
        _await(wanted, look)
    return answer


def _await(wanted: Request[Evidence], look: Look) -> None:
    state = session.the_engine().state(wanted.key)
    if state.live:
        st.caption("Measuring in the background. The picture is ready to use.")
        job.watch(wanted.key, "Measuring", partial(_so_far, look))
        return
    st.info(state.error or "The evidence was not measured.")
    if st.button("Measure", key=f"measure.{wanted.key}"):
        session.the_engine().ask(wanted, session=session.session(), lane="evidence", fresh=True)
        st.rerun()


def _so_far(look: Look, known: Evidence) -> None:
    """The tests that are done; the verdict waits for the others."""
    st.html(tiles(known, known.scores, look, headline=False))


@st.fragment
def _curves(answer: Answer[Evidence], look: Look, mark: str) -> None:
    """The curves behind the scores, sent only to those who ask."""
    if not st.toggle("Show the curves", key=f"curves{mark}", help="How each score came about, step by step."):
        return
    for score in answer.result.scores:
        if score.curves:
            alt = f"Curves behind {score.title}. {score.reading}"
            chart(answer, look, f"curves.{score.name}", partial(score_curves, score, look), alt=alt)
