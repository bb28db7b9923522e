"""What this server is working on, what waits, and how it ended."""

from datetime import datetime

import streamlit as st

from dashboard.engine.jobs import JobState
from dashboard.widgets import session
from dashboard.widgets.page import Page
from explainers import find
from models.errors import InputError

WORDS = {
    "queued": "waiting",
    "running": "running",
    "stopping": "stopping",
    "done": "done",
    "kept": "done",
    "cancelled": "cancelled",
    "failed": "failed",
    "interrupted": "interrupted",
}


def draw() -> None:
    """Draw the page."""
    st.subheader("Work in progress", anchor=False)
    _list()


@st.fragment(run_every=1.0)
def _list() -> None:
    jobs = session.the_engine().jobs()
    live, over = [job for job in jobs if job.live], [job for job in jobs if not job.live]
    if not live:
        st.info("Nothing is running. What you ask for on the other pages appears here while it is worked out.")
    for job in live:
        _running(job)
    if over:
        st.markdown("**Ended not long ago**")
        st.dataframe([_row(job) for job in over[:50]], hide_index=True, width="stretch")


def _running(job: JobState) -> None:
    left, right = st.columns([5, 1], vertical_alignment="center")
    words = job.note or WORDS[job.status]
    if job.status == "queued" and job.position:
        words = f"waiting, {job.position} before this"
    left.progress(min(1.0, max(0.0, job.fraction)), text=f"{_title(job)} · {job.model} · {words}")
    if right.button("Cancel", key=f"cancel.{job.key}"):
        session.the_engine().cancel(job.key, session.session())
        st.rerun(scope="fragment")


def _title(job: JobState) -> str:
    try:
        title = find(job.explainer).title
    except InputError:  # of a lens that was taken away since
        title = job.explainer
    return f"{title}{', evidence' if job.part == 'evidence' else ''}"


def _row(job: JobState) -> dict[str, str]:
    when = datetime.fromtimestamp(job.created, session.timezone()).strftime("%H:%M:%S")
    seconds = f"{job.ended - job.started:.2f} s" if job.started and job.ended else ""
    return {
        "asked": when,
        "what": _title(job),
        "model": job.model,
        "state": WORDS.get(job.status, job.status),
        "took": seconds,
        "words": job.error or job.warning,
    }


PAGE = Page(question="Jobs", title="Work in progress", order=95, draw=draw)
