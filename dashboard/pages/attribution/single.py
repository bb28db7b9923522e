"""One picture: a map, for one class or several side by side, with the likeliest classes and all the evidence."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.engine.answers import Answer
from dashboard.engine.jobs import BusyError
from dashboard.figures import Look
from dashboard.figures.attribution import map as figures
from dashboard.figures.overlay import Surroundings, surroundings
from dashboard.figures.tiles import predictions
from dashboard.pages.attribution import classes
from dashboard.widgets import job, layout, links, session
from dashboard.widgets.chart import ZOOM, chart
from dashboard.widgets.controls import display_options, image_picker, model_picker, usual_time
from dashboard.widgets.evidence import evidence
from dashboard.widgets.export_bar import exports
from dashboard.widgets.form import form
from dashboard.widgets.form.fields import Field, Values
from dashboard.widgets.form.form import stored_choices
from dashboard.widgets.provenance import provenance
from dashboard.widgets.study import THIRDS, Study, usual_readers
from explainers import AnyExplainer, Request
from explainers.attribution.gradcam import GradCam, gradcam
from explainers.attribution.methods.table import METHODS
from explainers.attribution.saliency import PixelMap, saliency
from explainers.kinds import Choice, Classes
from models import ModelCard, Photo, labels
from models.errors import SeewhyError

OneMap = GradCam | PixelMap
LENSES: dict[str, AnyExplainer] = {"layer": gradcam, "picture": saliency}  # by what a method needs
METHOD = form.key_of(gradcam, "method")


def _lens(method: object = None) -> AnyExplainer:
    """The explainer of a method, by default of the one that is chosen."""
    chosen = METHODS.get(str(method or st.session_state.get(METHOD)))
    return LENSES[chosen.needs] if chosen else gradcam


def lay_out(card: ModelCard, save: Callable[[Mapping[str, str]], None]) -> None:
    """Draw the study."""
    photo = image_picker.strip()
    if photo is None:
        save(image_picker.choices())
        image_picker.offer()
        return
    left, centre, right = st.columns(THIRDS, gap="medium")
    with left, st.container(key="form"):
        slot: list[DeltaGenerator] = []  # the class's place in the form: its list begins with the model's answers
        special = {"target": lambda _field: _hold(slot, card), "method": _method, "question": _question}
        values, look = form.form(_lens(), card, special), display_options.controls()
    save({**image_picker.choices(), **_choices(values), **display_options.choices(look)})
    around = surroundings(photo, card.frame(photo.pixels.shape))
    try:
        requests = _requests(card, photo, values)
    except SeewhyError as error:
        with centre, st.container(key="centre"):
            st.error(str(error))
            layout.photo(around, figures.SCALE)
        return
    with centre, st.container(key="centre"):
        answers = [job.result_or_progress(request) for request in requests]
        _maps([answer for answer in answers if answer is not None], look, around)
        first = answers[0]
        if not any(answers):
            layout.photo(around, figures.SCALE)
        if first is not None:
            _predictions(first, look)
        _explain_all(card, values)
    with slot[0] if slot else st.empty():
        classes.field(card, [index for index, *_ in first.result.top5] if first else ())
    if first is None:
        return
    with right, st.container(key="evidence"):
        evidence(requests[0], look, after=usual_time.of_evidence(METHODS[str(values["method"])], card))
    with st.container(key="below"):
        exports(first, requests[0], look)
        provenance(first, requests[0])


def _method(field: Field) -> str:
    """The methods of both explainers in one list."""
    st.session_state.setdefault(METHOD, gradcam.name)
    fitting = [name for name, method in METHODS.items() if method.fits(field.card)]
    if (wanted := st.session_state[METHOD]) not in fitting:
        title = METHODS[wanted].title if wanted in METHODS else wanted
        st.caption(f"{title} reads attention, which {field.card.title} has not.")
        st.session_state[METHOD] = gradcam.name
    takes = usual_time.of_methods(field.card.name)
    common = {**field.common, "label": "Method", "key": METHOD}
    return str(
        st.selectbox(**common, options=fitting, format_func=lambda name: f"{METHODS[name].title} · {takes[name]}")
    )


def _question(field: Field) -> str:
    """What can be asked of this model: a sentence only where it reads words."""
    fitting = [name for name in field.knob.kind.options() if name != "sentence" or field.card.reads_words]
    if st.session_state.get(field.key) not in (None, *fitting):
        st.caption(f"{field.card.title} reads no words, so a sentence cannot be asked about.")
        st.session_state[field.key] = field.knob.default
    return str(st.selectbox(**field.common, options=fitting))


def _hold(slot: list[DeltaGenerator], card: ModelCard) -> tuple[int, ...]:
    slot.append(st.container(gap="small"))
    return classes.chosen(card)


def _requests(card: ModelCard, photo: Photo, values: Values) -> list[Request[OneMap]]:
    rest = {name: value for name, value in values.items() if name != "target"}
    lens = _lens(values["method"])
    targets = values["target"] or (None,)  # a neuron, a likeness and a sentence have no class
    return [lens.request(card.name, lens.choose(image=photo, target=target, **rest)) for target in targets]


def _explain_all(card: ModelCard, values: Values) -> None:
    """Several uploads: all of them in the background, with the same choices."""
    photos = image_picker.uploaded()
    if len(photos) < 2 or not st.button(f"Explain all {len(photos)} uploads", key="all"):
        return
    try:
        for photo in photos:
            for request in _requests(card, photo, values):
                session.the_engine().ask(request, session=session.session(), lane="batch")
    except BusyError as error:
        st.warning(str(error))
        return
    st.success("They are worked out in the background: see **Jobs**, and **Browse** when they are done.")


def _maps(answers: list[Answer[OneMap]], look: Look, around: Surroundings) -> None:
    """One map as large as there is room for, or several in two columns."""
    columns = st.columns(2 if len(answers) > 1 else 1) * 2
    for at, (column, answer) in enumerate(zip(columns, answers, strict=False)):
        result = answer.result
        with column:
            st.markdown(f"##### {result.sentence}")
            with layout.hero(around.size[1] / around.size[0], figures.SCALE, str(at)):
                draw = partial(figures.overlay, result, look, around)
                chart(answer, look, "map", draw, config=ZOOM, height="stretch", alt=figures.alt(result, look))


def _predictions(answer: Answer[OneMap], look: Look) -> None:
    """The likeliest classes, and a click to what supports each of the others."""
    result = answer.result
    st.markdown("##### Predictions")
    st.html(predictions(result.top5, result.target, look))
    others = [(index, labels.short(name)) for index, name, _ in result.top5 if index != result.target]
    with st.container(horizontal=True, gap="small", key="answers", vertical_alignment="center"):
        st.markdown("Why not", width="content")
        for index, name in others:
            explain = f"Show what supports {name}."
            st.button(name, key=f"class.{index}", type="tertiary", help=explain, on_click=classes.choose, args=(index,))


def readers() -> links.Readers:
    """What a link may say: the parameters of the explainer that has the method which it names."""
    card = model_picker.chosen_card

    def several(text: str) -> list[int]:
        chosen = Classes().fit(Classes().read("target", text), card())
        return list(dict.fromkeys(chosen))[: classes.MOST]

    return {
        **usual_readers(_lens(st.query_params.get("method", gradcam.name)), overlay=True),
        "method": (METHOD, lambda text: Choice(of=METHODS).read("it", text)),
        "target": (classes.TARGET, several),
    }


def _choices(values: Values) -> dict[str, str]:
    """Every choice that is not a default, for the address."""
    return {
        **form.choices(_lens(), values),
        "method": "" if values["method"] == gradcam.name else values["method"],
        "target": Classes().write(values["target"] or ()),
    }


def stored(lens: AnyExplainer, params: Mapping[str, object]) -> dict[str, str]:
    """What the address of a stored answer says: the page's own default method is Grad-CAM, whoever has the method."""
    method = str(params["method"])
    return {**stored_choices(lens, params), "method": "" if method == gradcam.name else method}


STUDY = Study(
    lens=gradcam,
    also=(saliency,),
    title="One picture",
    name="one",
    order=1,
    opening={"image": "coffee"},
    overlay=True,
    lay_out=lay_out,
    readers=readers,
    about=_lens,
    stored=stored,
    reading=(
        "Warm places support the class that is named above the picture; where the photo is bare, nothing does.",
        "The map is as coarse as the layer it is read from: each cell covers a patch of the photo, not an outline.",
        "Colour shows the share of the strongest evidence in this picture; colours of two pictures cannot be compared.",
        "*For and against* shows both signs: red supports the class, blue opposes it.",
        "Look at the evidence: if the same map in another place does as well, do not trust the place.",
    ),
)
