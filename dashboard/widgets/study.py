"""A study: one explainer on a page, with its form, picture, evidence, export and link. One way for all.

A page says what is special about its study in a `Study`; everything else follows from the explainer's parameters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

import plotly.graph_objects as go
import streamlit as st

from dashboard.engine.answers import Answer
from dashboard.figures import Look, figures_of
from dashboard.figures.overlay import surroundings
from dashboard.widgets import job, layout, links, session
from dashboard.widgets.chart import chart
from dashboard.widgets.controls import display_options, image_picker, model_picker
from dashboard.widgets.evidence import evidence
from dashboard.widgets.export_bar import exports
from dashboard.widgets.form import form
from dashboard.widgets.provenance import provenance
from explainers import AnyExplainer, Explainer, Request, Result, takes_image
from models import ModelCard
from models.errors import SeewhyError

R = TypeVar("R", bound=Result)
THIRDS = (1.0, 2.8, 1.6)  # form, picture, evidence: of 1440 pixels the picture gets 660


@dataclass(frozen=True, kw_only=True)
class Begin:
    """A long job waits for a button.

    Attributes:
        button: its words.
        words: what the job answers and how long it takes.
        lacks: (card, parameters) -> what has to be chosen first, in words; there is no button until then.
    """

    button: str
    words: str
    lacks: Callable[[ModelCard, Any], str] = lambda _card, _params: ""


def draw_figures(answer: Answer[Result], look: Look) -> None:
    """The result's sentence and all of its figures, one below the other."""
    st.markdown(f"##### {answer.result.sentence}")
    for name, figure in figures_of(answer.result, look).items():
        chart(answer, look, name, partial(_same, figure), alt=answer.result.plain)


def _same(figure: go.Figure) -> go.Figure:
    return figure


@dataclass(frozen=True, kw_only=True)
class Study(Generic[R]):
    """What is special about one study.

    Attributes:
        lens: its explainer.
        title: what the page calls it.
        reading: how to read the picture, a sentence a line.
        order: its place among the studies of the page.
        name: in the address; the explainer's by default.
        draw: draws the picture from the answer; all registered figures by default.
        overlay: whether it draws maps over photos, so that the display options mean something.
        begin: for a long job.
        live: draws what is known so far while a long job is worked out.
        special: form fields that it draws itself, by the parameter's name.
        lay_out: lays out the whole study, where the usual way does not do.
        also: further explainers whose answers it shows.
        about: the explainer whose words explain it now; ``lens`` by default.
        readers: what a link may say; the usual parameters by default.
        opening: the example that it opens on, as its link would say it.
        prepared: whether that example is worked out when the server starts; not where it takes minutes.
        stored: (explainer, parameters as JSON) -> what the address of a stored answer says; those by default.
    """

    lens: Explainer[Any, R]
    title: str
    reading: tuple[str, ...]
    order: int = 1
    name: str = ""
    draw: Callable[[Answer[R], Look], None] = draw_figures
    overlay: bool = False
    begin: Begin | None = None
    live: Callable[[R], object] | None = None
    special: Mapping[str, form.Drawer] = field(default_factory=dict)
    lay_out: Callable[[ModelCard, Callable[[Mapping[str, str]], None]], None] | None = None
    also: tuple[AnyExplainer, ...] = ()
    about: Callable[[], AnyExplainer] | None = None
    readers: Callable[[], links.Readers] | None = None
    opening: Mapping[str, str] = field(default_factory=dict)
    prepared: bool = True
    stored: Callable[[AnyExplainer, Mapping[str, object]], Mapping[str, str]] | None = None

    @property
    def address(self) -> str:
        """Its name in the address."""
        return self.name or self.lens.name


def readers(study: Study[Result]) -> links.Readers:
    """What a link may say of a study."""
    if study.readers is not None:
        return study.readers()
    return usual_readers(study.lens, overlay=study.overlay)


def usual_readers(lens: AnyExplainer, *, overlay: bool) -> links.Readers:
    """The picture, the parameters, and how the map is drawn."""
    return {
        **(image_picker.readers() if takes_image(lens.params) else {}),
        **form.readers(lens, model_picker.chosen_card),
        **(display_options.readers() if overlay else {}),
    }


def draw(study: Study[R], card: ModelCard, save: Callable[[Mapping[str, str]], None]) -> None:
    """Draw a study, whatever state its answer is in; ``save`` writes its choices into the address."""
    picture = takes_image(study.lens.params)
    photo = image_picker.strip() if picture else None
    if picture and photo is None:
        save(image_picker.choices())
        image_picker.offer()
        return
    left, centre, right = st.columns(THIRDS, gap="medium")
    with left, st.container(key="form"):
        values = form.form(study.lens, card, study.special)
        look = display_options.controls() if study.overlay else session.look()
    save(
        {
            **(image_picker.choices() if picture else {}),
            **form.choices(study.lens, values),
            **(display_options.choices(look) if study.overlay else {}),
        }
    )
    with centre, st.container(key="centre"):
        request = request_of(study.lens, card, {**values, **({"image": photo} if picture else {})})
        answer = _answer(study, card, request) if request else None
        if answer is not None:
            study.draw(answer, look)
        elif photo is not None:
            layout.photo(surroundings(photo, card.frame(photo.pixels.shape)))
    if request is None or answer is None:
        return
    with right, st.container(key="evidence"):
        evidence(request, look)
    with st.container(key="below"):
        exports(answer, request, look)
        provenance(answer, request)


def request_of(lens: Explainer[Any, R], card: ModelCard, values: Mapping[str, object]) -> Request[R] | None:
    """The request that the choices make; None, with words on the page, where they do not fit each other."""
    try:
        return lens.request(card.name, lens.choose(**values))
    except SeewhyError as error:
        st.error(str(error))
        return None


def _answer(study: Study[R], card: ModelCard, request: Request[R]) -> Answer[R] | None:
    if study.begin is None:
        return job.result_or_progress(request)
    words, lacks = study.begin.words, study.begin.lacks(card, request.params)
    if lacks and session.the_engine().state(request.key).status == "absent":
        st.write(words)
        st.info(lacks)
        return None
    return job.on_demand(request, study.begin.button, lambda: st.write(words), "primary", draw=study.live)
