"""How long a method usually takes on this server, from what was measured here: what is stored says how long it took."""

from collections.abc import Mapping
from statistics import median
from typing import Any

import streamlit as st

from dashboard.engine.jobs import StoredEntry
from dashboard.widgets import session
from explainers import Request
from explainers.attribution.evidence.quick import forwards
from explainers.attribution.gradcam import gradcam
from explainers.attribution.methods.table import METHODS, Method
from explainers.attribution.saliency import saliency
from explainers.calibration.candidates import chosen
from explainers.calibration.evaluate import SHARE_GRID, SHARE_RANDOM, SHARE_TARGETS
from explainers.calibration.lens import Calibration, CalibrationParams, calibration
from models import ModelCard

SLOW = 30  # forward passes of a method above which its evidence, which runs it again and again, waits to be asked for
LENSES = (gradcam.name, saliency.name)
AGAIN = 1 + 1 / SHARE_GRID + 2 / SHARE_TARGETS + 2 / SHARE_RANDOM


@st.cache_data(ttl=10, show_spinner=False)
def of_methods(model: str) -> Mapping[str, str]:
    """The usual time of each method on one picture, in words; in forward passes while nothing was measured here.

    Args:
        model: the name of the model.
    """
    entries = [entry for entry in session.the_engine().recent(1000) if entry.model == model]
    entries = [entry for entry in entries if entry.explainer in LENSES]
    before: dict[str, list[float]] = {}
    for entry in entries:
        if entry.part == "result":
            before.setdefault(str(entry.params["method"]), []).append(entry.seconds)
    rate = _seconds_a_forward(entries)
    return {
        name: in_words(median(before[name]))
        if name in before
        else in_words(rate * method.cost_forwards)
        if rate
        else f"{max(1, round(method.cost_forwards))} passes"
        for name, method in METHODS.items()
    }


def of_evidence(method: Method, card: ModelCard) -> str:
    """How long a slow method's evidence takes, in words; empty for a quick one."""
    return _of_slow_evidence(method.name, card.name) if method.cost_forwards > SLOW else ""


@st.cache_data(ttl=10, show_spinner=False)
def _of_slow_evidence(method: str, model: str) -> str:
    entries = [entry for entry in session.the_engine().recent(1000) if entry.model == model]
    rate, passes = _seconds_a_forward(entries), forwards(METHODS[method])
    return in_words(rate * passes) if rate else f"{passes} forward passes"


def of_calibration(request: Request[Calibration]) -> str:
    """How long a benchmark takes, in words, from those that were run here; in forward passes before the first one."""
    if not isinstance(request.params, CalibrationParams):
        return ""
    passes, rate = _passes(request.params.scenes, request.params.methods), _seconds_a_pass(request.model)
    return in_words(rate * passes) if rate else f"about {passes:,.0f} forward passes of the network"


@st.cache_data(ttl=10, show_spinner=False)
def _seconds_a_pass(model: str) -> float:
    """Seconds of one forward pass in the benchmarks that were run here; 0 before the first one."""
    rates = [
        entry.seconds / _passes(entry.params["scenes"], entry.params["methods"])
        for entry in session.the_engine().recent(1000)
        if entry.explainer == calibration.name and entry.part == "result" and entry.model == model
    ]
    return median(rates) if rates else 0.0


def _passes(scenes: Any, methods: Any) -> float:
    """Forward passes of a benchmark: every method's maps, and those of the grid game and the other classes again."""
    return float(scenes) * AGAIN * sum(method.cost_forwards for method in chosen(methods and tuple(methods)).values())


def _seconds_a_forward(entries: list[StoredEntry]) -> float:
    """Seconds of one forward pass among many, as the evidence of quick maps took; 0 while there is none."""
    rates = [
        entry.seconds / forwards(METHODS[str(entry.params["method"])])
        for entry in entries
        if entry.part == "evidence" and entry.explainer in LENSES and not entry.params.get("full")
    ]
    return median(rates) if rates else 0.0


def in_words(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min"
