"""Can I trust the explainer? Methods held to known truth, and tried on your own model."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import numpy as np
import streamlit as st

import models
from dashboard.engine.answers import Answer
from dashboard.engine.jobs import StoredEntry
from dashboard.engine.shipped import shipped
from dashboard.figures import Look
from dashboard.figures import calibration as figures
from dashboard.figures.paint import blend
from dashboard.figures.pairs import agreement_map
from dashboard.widgets import job, links, session
from dashboard.widgets.chart import ZOOM, chart
from dashboard.widgets.controls import image_picker, model_picker, usual_time
from dashboard.widgets.export_bar import exports
from dashboard.widgets.form import form
from dashboard.widgets.form.form import stored_choices
from dashboard.widgets.page import Page, copy_link
from dashboard.widgets.provenance import about, provenance
from dashboard.widgets.study import request_of
from explainers import Request, Result
from explainers.calibration.lens import Calibration, calibration
from explainers.calibration.own_model import Trial, trial
from explainers.kinds import Choice
from models import ModelCard, Photo
from models.errors import SeewhyError
from models.menagerie import nets

R = TypeVar("R", bound=Result)
NET = "net"
WHERE = {"truth": "the known truth of the menagerie", "own": "your own model and pictures"}
READING = (
    "Trust is 0 for a map that does not know the network, and 1 for the best that a map of the same grid can be: it"
    " counts what silhouettes, edges, sizes and the centre cannot tell. The bars are 95% intervals.",
    "*Share of the truth*: the same without allowance for a coarse grid.",
    "*Pointing*: does the brightest pixel lie on a part that truly matters? *Energy inside*: how much of the map does?"
    " A silhouette does well in both, so they are no part of trust.",
    "*Part correlation*: are parts that matter more brighter? Measured by taking each part away or changing it.",
    "*Finds the top part*: is the map densest on the part that matters most?",
    "*Grid game*: share of the map on the right animal of four, for its class; chance is a quarter.",
    "*Randomisation*: 1 when nothing of the map is left once the weights are noise; near 0 it ignores the model.",
    "The other columns are the protocols of FunnyBirds, by name. A random map is far from 0 in most of them: see its"
    " row.",
)


def draw() -> None:
    """Draw the page."""
    for note in links.load(_readers()):
        st.warning(note)
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    with right:
        copy_link()
    st.session_state.setdefault("where", "truth")
    where = left.segmented_control(
        "Benchmark",
        list(WHERE),
        key="where",
        persist_state="session",
        required=True,
        format_func=lambda name: WHERE[str(name)],
    )
    (_own if where == "own" else _truth)()


def _readers() -> links.Readers:
    lens = trial if st.query_params.get("where") == "own" else calibration
    return {
        **form.readers(lens, model_picker.chosen_card),
        "where": ("where", lambda text: Choice(of=WHERE).read("it", text)),
        "net": (NET, lambda text: Choice(of=dict.fromkeys(nets.SPECS, "")).read("it", text)),
        **model_picker.readers(),
        **image_picker.readers(),
    }


def _truth() -> None:
    left, centre = st.columns([1, 3.4], gap="medium")
    with left, st.container(key="form"):
        names = [name for name in nets.SPECS if models.card(name).ready]
        net = st.selectbox("Network", names, key=NET, format_func=lambda name: nets.SPECS[name].title)
        values = form.form(calibration, models.card(net), {"biased": lambda _field: nets.SPECS[net].biased})
    links.save({**form.choices(calibration, values), "biased": "", "net": "" if net == names[0] else net})
    request = calibration.request(net, calibration.choose(**values))
    words = f"{usual_time.of_calibration(request)}; rows come one by one, and you may keep browsing"
    with centre, st.container(key="centre"):
        answer = _shipped(request) or _on_demand(request, "Run the benchmark", words, _so_far)
        look = session.look()
        if answer is not None:
            _marks(answer, look)
            _samples(answer, look)
            exports(answer, request, look)
            provenance(answer, request)
    about(calibration, READING)


def _shipped(request: Request[Calibration]) -> Answer[Calibration] | None:
    """The answer that comes with Seewhy, until somebody repeats the benchmark here."""
    answer = shipped(request) if session.the_engine().state(request.key).status == "absent" else None
    if answer is None or f"fresh.{request.key}" in st.session_state:
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Measured for this version, {answer.provenance.when[:10]}, seed {answer.provenance.seed}.")
        if st.button("Repeat", key="repeat", help="Run the benchmark on this server, with these parameters."):
            job.recompute(request)
    return answer


def _on_demand(
    request: Request[R], title: str, words: str, draw: Callable[[R], object] | None = None
) -> Answer[R] | None:
    """A long job: stored, running with what is known so far, or a button that begins it."""
    what = "Each method explains pictures whose truth is known, and is compared with it."
    try:
        answer = job.on_demand(request, title, lambda: st.info(what), "primary", draw=draw)
    except SeewhyError as error:
        st.error(str(error))
        return None
    if answer is None and session.the_engine().state(request.key).status == "absent":
        st.caption(f"It takes {words}.")
    return answer


def _so_far(result: Calibration) -> None:
    """The methods that are done; trust may still move, since maps are compared with all that know nothing."""
    many = len(result.methods)
    st.caption(f"{many} method{'s' if many > 1 else ''} so far.")
    _rows(result)


def _rows(result: Calibration) -> None:
    """A row a method."""
    st.dataframe(
        [_row(result, index) for index in range(len(result.names))],
        hide_index=True,
        width="stretch",
        key="marks",
        column_config={
            name: st.column_config.NumberColumn(format="%.2f") for name in ("Forwards", *figures.WORDS.values())
        },
    )


def _marks(answer: Answer[Calibration], look: Look) -> None:
    result = answer.result
    st.markdown(f"##### {result.sentence}")
    chart(answer, look, "trust", lambda: figures.trust_by_method(result, look), config=ZOOM, alt=result.plain)
    _rows(result)
    st.markdown("##### Which animal of four")
    alt = f"Share of each method's map on the right animal of four; {result.plain}"
    chart(answer, look, "classes", lambda: figures.telling_classes(result, look), config=ZOOM, alt=alt)
    for title, reason in result.unfit:
        st.caption(f"{title} is not in the table: {reason}")


def _row(result: Calibration, index: int) -> dict[str, object]:
    """A method's row of the table: marks, and the intervals of those that the sentence rests on."""
    row: dict[str, object] = {"Method": result.titles[index], "Forwards": float(result.cost[index])}
    for at in np.flatnonzero(result.applies.any(0)):
        words = figures.WORDS[result.columns[at]]
        row[words] = float(result.mean[index, at]) if result.applies[index, at] else None
        if result.columns[at] in ("trust", "grid_game", "target_sensitivity"):
            low, high = result.low[index, at], result.high[index, at]
            row[f"{words}, 95%"] = f"{low:.2f} to {high:.2f}" if result.applies[index, at] else ""
    return row


def _samples(answer: Answer[Calibration], look: Look) -> None:
    result = answer.result
    st.markdown("##### What a method sees, the parts that truly matter outlined")
    method = st.pills(
        "Method",
        range(len(result.names)),
        format_func=lambda i: result.titles[i],
        default=next(iter(result.methods), 0),
        key="method_shown",
        required=True,
    )
    for start in (0, 3):
        for column, sample in zip(st.columns(3), range(start, min(start + 3, len(result.images))), strict=False):
            parts = ", ".join(np.array(result.regions)[result.important[sample]])
            with column:
                alt = f"{result.titles[method]} over picture {sample + 1}; what truly matters: {parts}"
                outlined = partial(figures.outlined, result, method, sample, look)
                chart(answer, look, f"sample.{sample}.{method}", outlined, alt=alt)
                st.caption(f"truly matter: {parts}" if parts else "no single part matters here")


def _own() -> None:
    card = model_picker.usable(model_picker.pick())
    photo = image_picker.strip()
    choices = {"where": "own", **model_picker.choices(), **image_picker.choices()}
    if photo is None or card is None:
        links.save(choices)
        if photo is None:
            image_picker.offer()
        return
    with st.container(key="form"):
        values = form.form(trial, card)
    links.save({**choices, **form.choices(trial, values)})
    _trials(card, values, [photo, *(other for other in image_picker.uploaded() if other != photo)])
    about(trial, ("Higher insertion and lower deletion are better; compare with the two controls.",))


def _trials(card: ModelCard, values: Mapping[str, object], photos: list[Photo]) -> None:
    words = "a few minutes for all of them; you may keep browsing"
    requests = [request_of(trial, card, {**values, "image": photo}) for photo in photos]
    answers = [
        _on_demand(request, f"Try all methods on {photo.name}", words)
        for request, photo in zip(requests, photos, strict=True)
        if request is not None
    ]
    done = [answer for answer in answers if answer is not None]
    if not done or requests[0] is None:
        return
    look, first = session.look(), done[0].result
    st.markdown(f"##### {first.sentence}")
    chart(done[0], look, "gain", lambda: figures.trial_bars(first, look), alt=first.plain)
    st.dataframe(_mean_rows([answer.result for answer in done]), hide_index=True, width="stretch")
    _grid(first)
    st.markdown("##### How alike the maps are")
    alt = "Rank correlation of each two methods' maps"
    chart(done[0], look, "agreement", lambda: agreement_map(first, look), alt=alt)
    if len(done) > 1:
        st.caption(f"Means over {len(done)} pictures.")
    exports(done[0], requests[0], look)


def _grid(result: Trial) -> None:
    """Every method's map of the picture, side by side."""
    st.markdown("##### Every method's map")
    with st.container(horizontal=True, gap="small", key="gallery"):
        for title, heat in zip(result.titles, result.maps, strict=True):
            with st.container(width=168, gap=None):
                picture = blend(result.image, heat.astype(np.float32) / 255)
                st.image(picture, width=160, alt=f"{title} over the photo", output_format="JPEG")
                st.caption(title)


def _mean_rows(results: list[Trial]) -> list[dict[str, object]]:
    first = results[0]
    shared = [result for result in results if result.names == first.names]
    marks = np.mean([result.marks for result in shared], axis=0)
    return [
        {
            "Method": title,
            "Forwards": float(first.cost[i]),
            **{
                figures.WORDS[column]: round(float(marks[i, c]), 3) if first.applies[i, c] else None
                for c, column in enumerate(first.columns)
            },
        }
        for i, title in enumerate(first.titles)
    ]


def stored(entry: StoredEntry) -> Mapping[str, str] | None:
    """What the address says of a stored benchmark or trial."""
    if entry.explainer == trial.name:
        return {"where": "own", "model": entry.model, **stored_choices(trial, entry.params)}
    if entry.explainer == calibration.name:
        return {"net": entry.model, **stored_choices(calibration, entry.params), "biased": ""}
    return None


PAGE = Page(
    question="Can I trust the explainer?",
    title="Calibration",
    order=80,
    promise="Every method against a world whose truth is known, with controls.",
    draw=draw,
    link=stored,
)
