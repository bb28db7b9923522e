"""Can I trust the explainer? Methods held to known truth, and tried on your own model."""

from typing import Any

import numpy as np
import streamlit as st

import models
from dashboard.engine import Kept
from dashboard.figures import Look
from dashboard.figures import calibration as figures
from dashboard.figures.agreement import agreement_map
from dashboard.figures.raster import blend
from dashboard.widgets import evidence as beside
from dashboard.widgets import image_picker as pictures
from dashboard.widgets import job as panel
from dashboard.widgets import links
from dashboard.widgets import session as state
from explainers import Request, find, knobs
from models import ModelCard
from models.errors import InputError, SeewhyError
from models.menagerie import nets

QUESTION = "Can I trust the explainer?"
TITLE = "Calibration"
ORDER = 80
LENS = "calibration"
NET = "net"
WHERE = {"truth": "the known truth of the menagerie", "own": "your own model and pictures"}
READING = (
    "Trust is 0 for a map that knows nothing and 1 for a map painted from the truth; the bars are 95 % intervals.",
    "*Pointing*: does the brightest pixel lie on a part that truly matters? *Energy inside*: how much of the map does?",
    "*Part correlation*: are parts that matter more brighter? Measured by taking each part away from the picture.",
    "*Randomisation*: 1 when nothing of the map is left once the weights are noise; near 0 it ignores the model.",
    "The other columns are the protocols of FunnyBirds, by name; one half is chance for *single deletion*.",
)


def page() -> None:
    """Draw the page."""
    beside.notes(links.load(_parsers()))
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    with right:
        beside.copy_link()
    st.session_state.setdefault("where", "truth")
    where = left.segmented_control(
        "Hold the methods to", list(WHERE), key="where", persist_state="session", required=True,
        format_func=lambda each: WHERE[str(each)],
    )  # fmt: skip
    (_own if where == "own" else _truth)()


def _parsers() -> dict[str, tuple[str, links.Parse]]:
    lens = find(LENS)
    return {
        **{knob.name: (panel.field_key(lens, knob.name), knob.parse) for knob in knobs(lens.params)},
        "where": ("where", _where),
        "net": (NET, _net),
        "model": (panel.MODEL, lambda text: models.card(text).name),
        "image": (pictures.IMAGE, pictures.parse),
    }


def _where(text: str) -> str:
    if text not in WHERE:
        raise InputError("it is truth or own.")
    return text


def _net(text: str) -> str:
    if text not in nets.SPECS:
        raise InputError(f"it is one of {', '.join(nets.SPECS)}.")
    return text


def _truth() -> None:
    form, centre = st.columns([1, 3.4], gap="medium")
    lens = find(LENS)
    with form, st.container(key="form"):
        names = [name for name in nets.SPECS if models.card(name).ready]
        net = st.selectbox("Network", names, key=NET, format_func=lambda name: nets.SPECS[name].title)
        fields = {"biased": lambda _knob, _key: nets.SPECS[net].biased}
        values = panel.form(lens, fields)
    given = {knob.name: str(values[knob.name]) for knob in knobs(lens.params) if values[knob.name] != knob.default}
    links.save({**given, "biased": "", "net": "" if net == names[0] else net})
    request = Request(LENS, net, lens.params(**values))
    with centre, st.container(key="centre"):
        kept = _asked(
            request,
            "Begin the exam",
            "a few minutes for maps of layers, a quarter of an hour or more for all methods; you may keep browsing",
        )
        if kept is not None:
            _table(kept.result, state.look())
            _samples(kept.result, state.look())
            beside.exports(kept, request, state.look())
            beside.provenance(kept, request)
    beside.about(LENS, READING)


def _asked(request: Request, title: str, words: str) -> Kept | None:
    """A long job: kept, running, or a button that begins it."""
    what = "Each method explains pictures whose truth is known, and is compared with it."
    try:
        kept = panel.begun(request, title, lambda: st.info(what), type="primary")
    except SeewhyError as error:
        st.error(str(error))
        return None
    if kept is None and state.the_engine().state(request.key).status == "absent":
        st.caption(f"It takes {words}.")
    return kept


def _table(result: Any, look: Look) -> None:
    st.markdown(f"##### {result.sentence}")
    st.plotly_chart(
        figures.trust_against_cost(result, look), key="trust", config=beside.ZOOM, alt=result.sentence.replace("*", "")
    )
    rows = []
    for i, title in enumerate(result.titles):
        row: dict[str, Any] = {"Method": title, "Forwards": float(result.cost[i])}
        for c in np.flatnonzero(result.asked.any(0)):
            column = result.columns[c]
            row[figures.WORDS[column]] = float(result.mean[i, c]) if result.asked[i, c] else None
        row["Interval of trust"] = f"{result.low[i, 0]:.2f} to {result.high[i, 0]:.2f}"
        rows.append(row)
    st.dataframe(
        rows, hide_index=True, width="stretch", key="marks",
        column_config={
            name: st.column_config.NumberColumn(format="%.2f") for name in ("Forwards", *figures.WORDS.values())
        },
    )  # fmt: skip
    for title, reason in result.unfit:
        st.caption(f"{title} is not in the table: {reason}")


def _first(result: Any) -> int:
    """The best method that is not a control."""
    return next((i for i, name in enumerate(result.names) if name not in figures.CONTROLS), 0)


def _samples(result: Any, look: Look) -> None:
    st.markdown("##### What a method sees, the parts that truly matter outlined")
    method = st.pills(
        "Method", range(len(result.names)), format_func=lambda i: result.titles[i], default=_first(result),
        key="method_shown", required=True,
    )  # fmt: skip
    for start in (0, 3):
        for column, sample in zip(st.columns(3), range(start, min(start + 3, len(result.images))), strict=False):
            parts = ", ".join(np.array(result.regions)[result.important[sample]])
            with column:
                st.plotly_chart(
                    figures.outlined(result, method, sample, look), key=f"sample.{sample}", config=beside.PLAIN,
                    alt=f"{result.titles[method]} over picture {sample + 1}; what truly matters: {parts}",
                )  # fmt: skip
                st.caption(f"truly matter: {parts}" if parts else "no single part matters here")


def _own() -> None:
    card = panel.choose_model()
    photo = pictures.strip()
    links.save({"where": "own", **panel.choices(), **pictures.choices()})
    if photo is None:
        pictures.offer()
        return
    if card is None:
        return
    _trials(card, [photo, *(other for other in pictures.uploaded() if other != photo)])
    beside.about("trial", ("Higher insertion and lower deletion are better; compare with the two controls.",))


def _trials(card: ModelCard, photos: list[Any]) -> None:
    lens = find("trial")
    requests = [Request("trial", card.name, lens.params(image=photo)) for photo in photos]
    kept = [
        _asked(request, f"Try all methods on {photo.name}", "a few minutes for all of them; you may keep browsing")
        for request, photo in zip(requests, photos, strict=True)
    ]
    done = [each for each in kept if each is not None]
    if not done:
        return
    look = state.look()
    first: Any = done[0].result
    st.markdown(f"##### {first.sentence}")
    st.plotly_chart(
        figures.trial_bars(first, look), key="gain", config=beside.PLAIN, alt=first.sentence.replace("*", "")
    )
    st.dataframe(_mean_rows([each.result for each in done]), hide_index=True, width="stretch")
    _grid(first)
    st.markdown("##### How alike the maps are")
    st.plotly_chart(
        agreement_map(first, look), key="agreement", config=beside.PLAIN,
        alt="Rank correlation of each two methods' maps",
    )  # fmt: skip
    if len(done) > 1:
        st.caption(f"Means over {len(done)} pictures.")
    beside.exports(done[0], requests[0], look)


def _grid(result: Any) -> None:
    """Every method's map of the picture, side by side."""
    st.markdown("##### Every method's map")
    with st.container(horizontal=True, gap="small", key="gallery"):
        for title, heat in zip(result.titles, result.maps, strict=True):
            with st.container(width=168, gap=None):
                picture = blend(result.image, heat.astype(np.float32) / 255)
                st.image(picture, width=160, alt=f"{title} over the photo", output_format="JPEG")
                st.caption(title)


def _mean_rows(results: list[Any]) -> list[dict[str, Any]]:
    first = results[0]
    shared = [each for each in results if each.names == first.names]
    marks = np.mean([each.marks for each in shared], axis=0)
    return [
        {
            "Method": title,
            "Forwards": float(first.cost[i]),
            **{
                figures.WORDS[column]: round(float(marks[i, c]), 3) if first.asked[i, c] else None
                for c, column in enumerate(first.columns)
            },
        }
        for i, title in enumerate(first.titles)
    ]
