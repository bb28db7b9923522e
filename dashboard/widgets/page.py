"""A page: the question that it answers, its studies, and the address of each answer that it shows."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from dashboard.engine.jobs import StoredEntry
from dashboard.widgets import links
from dashboard.widgets import study as studies
from dashboard.widgets.controls import model_picker, opening
from dashboard.widgets.form.form import stored_choices
from dashboard.widgets.provenance import about
from dashboard.widgets.study import Study
from explainers import AnyExplainer, Result
from explainers.kinds import Choice
from models import ModelCard


def no_link(_entry: StoredEntry) -> None:
    """A page that shows no stored answers."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One entry of the navigation.

    Attributes:
        question: what it answers, for the navigation.
        title: the method's name.
        order: its place in the navigation.
        promise: what a visitor finds there, in a sentence; with one, the first screen leads there.
        picture: whether its address can name a picture to explain.
        studies: what it is made of; several are chosen from on the page.
        draw: draws the page, where it is not made of studies.
        opening: the example that a page without studies opens on, as its link would say it, and
        example: the explainer of it.
        key: the name of the chosen study in the address.
        link: stored answer -> choices for the address, of answers that are shown here without a study of their own;
            None for those that are not.
    """

    question: str
    title: str
    order: int
    promise: str = ""
    picture: bool = False
    studies: tuple[Study[Result], ...] = ()
    draw: Callable[[], None] | None = None
    opening: Mapping[str, str] = field(default_factory=dict)
    example: AnyExplainer | None = None
    key: str = "study"
    link: Callable[[StoredEntry], Mapping[str, str] | None] = no_link

    def show(self) -> None:
        """Draw the page."""
        (self.draw or self._show_study)()

    def choices(self, entry: StoredEntry) -> Mapping[str, str] | None:
        """What the address of a stored answer says; None when the answer is not shown here."""
        for study in self.studies:
            for shown in (study.lens, *study.also):
                if shown.name == entry.explainer:
                    name = "" if study is self.studies[0] else study.address
                    said = (study.stored or stored_choices)(shown, entry.params)
                    return {self.key: name, "model": entry.model, **said}
        return self.link(entry)

    def _show_study(self) -> None:
        known = {study.address: study for study in self.studies}
        named = known.get(st.query_params.get(self.key, ""), self.studies[0])
        pick = Choice(of={name: study.title for name, study in known.items()})
        chooser = {self.key: (self.key, lambda text: pick.read("it", text))} if len(known) > 1 else {}
        chooser_of = (lambda: self._choose(known)) if chooser else None
        card = head({**chooser, **model_picker.readers(), **studies.readers(named)}, chooser_of, self._open)
        study = self._chosen()
        if card is not None:
            self._draw_study(study, card)
        about(study.about() if study.about else study.lens, study.reading)

    def _chosen(self) -> Study[Result]:
        known = {study.address: study for study in self.studies}
        return known.get(st.session_state.get(self.key, ""), self.studies[0])

    def _open(self) -> None:
        study = self._chosen()
        opening.apply(study.address, study.opening, {**model_picker.readers(), **studies.readers(study)})

    def _choose(self, known: Mapping[str, Study[Result]]) -> None:
        st.session_state.setdefault(self.key, next(iter(known)))
        st.segmented_control(
            "What would you like to know?",
            list(known),
            key=self.key,
            required=True,
            persist_state="session",
            format_func=lambda name: known[name].title,
            label_visibility="collapsed",
            width="content",
        )

    def _draw_study(self, study: Study[Result], card: ModelCard) -> None:
        def save(choices: Mapping[str, str]) -> None:
            name = "" if study is self.studies[0] else study.address
            links.save({self.key: name, **model_picker.choices(), **choices})

        if study.lay_out is not None:
            study.lay_out(card, save)
        else:
            studies.draw(study, card, save)


def studies_in(package: str) -> tuple[Study[Result], ...]:
    """The ``STUDY`` of every module of a package, in their order."""
    path = importlib.import_module(package).__path__
    modules = [importlib.import_module(f"{package}.{module.name}") for module in pkgutil.iter_modules(path)]
    named = (vars(module).get("STUDY") for module in modules)
    return tuple(sorted((study for study in named if isinstance(study, Study)), key=lambda study: study.order))


def head(
    readers: links.Readers, choose: Callable[[], None] | None = None, begin: Callable[[], None] | None = None
) -> ModelCard | None:
    """The top of a page: what of a link could not be used; then one bar of study, model and the link to copy.

    Args:
        readers: what a link may say here.
        choose: draws the choice of the study, where there are several.
        begin: sets what the page opens on, once the study is chosen.

    Returns:
        The model's card; None, with words on the page, while the model cannot be used.
    """
    for note in links.load(readers):
        st.warning(note)
    with st.container(horizontal=True, vertical_alignment="center", key="bar", gap="small"):
        if choose is not None:
            choose()
        if begin is not None:
            begin()
        name = model_picker.pick()
        copy_link()
    return model_picker.usable(name)


def copy_link() -> None:
    """A button that copies the address, which always holds the link of this view (`page.js`)."""
    with st.container(key="copy", width="content"):
        st.html(
            '<button type="button" class="sw-copy" title="A link that opens this very view (key l)">Copy link</button>'
        )
