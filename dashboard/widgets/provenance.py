"""Where a picture came from, how to read it, and what the method cannot show."""

import datetime
from collections.abc import Sequence
from dataclasses import asdict

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.widgets import job, session
from explainers import AnyExplainer, Request, Result


def provenance(answer: Answer[Result], request: Request[Result]) -> None:
    """What made the answer; and Recompute when it was stored before."""
    source = answer.provenance
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(source.when)
    st.caption(
        f"Weights `{source.weights_sha256[:12]}` · seed {source.seed} · {source.seconds:.2f} s on {source.device}"
        f" · torch {source.versions['torch']} · {session.ago(source.when)}"
    )
    with st.expander("Provenance"):
        st.json({**asdict(source), "key": answer.key}, expanded=True)
        if age.total_seconds() > 60 and st.button("Recompute", key=f"recompute.{answer.key}"):
            job.recompute(request)


def about(lens: AnyExplainer, steps: Sequence[str]) -> None:
    """How to read the picture, what the method is, and where it fails."""
    with st.expander("How to read this"):
        for step in steps:
            st.markdown(f"- {step}")
    with st.expander(f"About {lens.title}, and its limits"):
        st.markdown(lens.about)
        st.markdown(f"[The paper]({lens.paper})")
