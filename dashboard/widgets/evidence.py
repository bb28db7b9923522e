"""How far to trust a picture: the scores beside it, measured in the background."""

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.engine.jobs import BusyError
from dashboard.figures import Look
from dashboard.figures.scores import score_bars, score_curves
from dashboard.widgets import job, session
from dashboard.widgets.chart import chart
from explainers import Evidence, Request, Result, Score


def evidence(request: Request[Result], look: Look, columns: int = 1) -> None:
    """Ask for the evidence in the background and draw it when it comes, so many scores side by side."""
    st.markdown("##### How far to trust it")
    wanted, engine = request.evidence(), session.the_engine()
    if engine.state(wanted.key).status in ("absent", "interrupted"):
        try:
            engine.ask(wanted, session=session.session(), lane="evidence")
        except BusyError as error:
            st.warning(str(error))
            return
    answer = engine.kept(wanted.key)
    if answer is None:
        _await(wanted)
        return
    scores = answer.result.scores
    for start in range(0, len(scores), columns):
        for column, score in zip(st.columns(columns), scores[start : start + columns], strict=False):
            with column:
                _score(answer, score, look)


def _await(wanted: Request[Evidence]) -> None:
    state = session.the_engine().state(wanted.key)
    if state.live:
        st.caption("Measuring, in the background. The picture is already yours to use.")
        job.watch(wanted.key, "Measuring")
        return
    st.info(state.error or "The evidence was not measured.")
    if st.button("Measure", key=f"measure.{wanted.key}"):
        session.the_engine().ask(wanted, session=session.session(), lane="evidence", fresh=True)
        st.rerun()


def _score(answer: Answer[Evidence], score: Score, look: Look) -> None:
    st.markdown(f"**{score.title}** · {score.reading}")
    others = ", ".join(f"{name} {value:.2f}" for name, value in score.baselines.items())
    alt = f"{score.title}: {score.value:.2f}; {others}"
    chart(answer, look, f"bars.{score.name}", lambda: score_bars(score, look), alt=alt)
    if score.curves:
        with st.expander("Why?"):
            curves = f"Curves behind {score.title}"
            chart(answer, look, f"curves.{score.name}", lambda: score_curves(score, look), alt=curves)
