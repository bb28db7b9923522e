"""From a request to its answer on a page: wait a moment, show progress with Cancel, say what went wrong."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.engine.jobs import BusyError, JobState, Lane
from dashboard.widgets import session
from explainers import Request, Result

R = TypeVar("R", bound=Result)
SHORT = 1.0  # seconds a page waits, so that a short job is drawn in the same rerun


def result_or_progress(
    request: Request[R], *, lane: Lane = "interactive", draw: Callable[[R], object] | None = None
) -> Answer[R] | None:
    """The answer when it is stored or comes within a second; otherwise its progress, with Cancel, and None.

    Args:
        request: what is asked.
        lane: whom it holds up.
        draw: draws what is known so far while it is worked out.
    """
    engine, key = session.the_engine(), request.key
    fresh = st.session_state.pop(f"fresh.{key}", False)
    cancelled = st.session_state.pop(f"cancelled.{key}", False) and not fresh
    before = None if fresh else engine.state(key)
    if before and before.status in ("cancelled", "failed") and before.explainer:
        return _ended(request, before)
    if before and before.live and cancelled:  # to ask now would begin it anew
        st.session_state[f"cancelled.{key}"] = True
        watch(key, "Stopping")
        return None
    try:
        state = engine.ask(request, session=session.session(), lane=lane, fresh=fresh)
    except BusyError as error:
        st.warning(str(error))
        return None
    if state.live:
        with st.spinner("Working"):
            state = engine.wait(key, SHORT)
    if state.live:
        watch(key, "Working", draw)
        return None
    return _ended(request, state)


def on_demand(  # noqa: PLR0913 - each is one part of what is drawn
    request: Request[R],
    title: str,
    invite: Callable[[], object],
    button: Literal["primary", "secondary", "tertiary"] = "secondary",
    words: str | None = None,
    draw: Callable[[R], object] | None = None,
) -> Answer[R] | None:
    """A long answer: stored, on its way in the background, or what ``invite`` draws and a button that begins it.

    Args:
        request: what is asked.
        title: of the button.
        invite: draws what stands above it.
        button: its weight.
        words: its help.
        draw: draws what is known so far while it is worked out.
    """
    state = session.the_engine().state(request.key)
    if state.status == "absent" and f"fresh.{request.key}" not in st.session_state:
        invite()
        if not st.button(title, key=f"begin.{request.key}", type=button, help=words):
            return None
    return result_or_progress(request, lane="batch", draw=draw)


def _ended(request: Request[R], state: JobState) -> Answer[R] | None:
    answer = session.the_engine().answer(request) if state.ready else None
    if state.warning:
        st.warning(state.warning)
    if answer:
        return answer
    words = state.error or "The kept answer can no longer be read."
    (st.info if state.status == "cancelled" else st.error)(words)
    if state.log:
        with st.expander("Details"):
            st.write(f"The log holds more under the id `{state.log}`.")
    # What was wrong with the input is wrong again; what was cancelled, cut off or failed by itself may do.
    by_itself = state.status != "failed" or bool(state.log)
    if by_itself and st.button("Run again", key=f"again.{request.key}"):
        recompute(request)
    return None


def recompute(request: Request[Result]) -> None:
    """Compute a request again, whatever is stored."""
    st.session_state[f"fresh.{request.key}"] = True
    st.rerun()


@st.fragment(run_every=0.5)
def watch(key: str, title: str, draw: Callable[[Any], object] | None = None) -> None:
    """Progress, what happens now, a preview when there is one, and Cancel; the page is drawn again at the end.

    Args:
        key: of the request.
        title: what stands there while nothing is said.
        draw: draws what is known so far of the answer.
    """
    engine = session.the_engine()
    state = engine.state(key)
    if not state.live:
        st.rerun()
    waiting = state.status == "queued" and state.position
    words = f"Waiting, {state.position} before this" if waiting else state.note or title
    st.progress(min(1.0, max(0.0, state.fraction)), text=words)
    if state.preview is not None:
        st.image(state.preview, caption="so far", alt="A preview of the result so far")
    if draw is not None and state.partial is not None:
        draw(state.partial)
    stop = "Stops this work. You may also keep browsing: the answer is kept."
    if st.button("Cancel", key=f"cancel.{key}", help=stop):
        engine.cancel(key, session.session())
        st.session_state[f"cancelled.{key}"] = True
        st.rerun()
