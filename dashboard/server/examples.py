"""The examples that pages open on, worked out once in the background, so that nobody waits for a first picture."""

from collections.abc import Iterator

import models
from dashboard.engine.engine import Engine
from dashboard.engine.jobs import BusyError
from dashboard.pages import pages
from explainers import AnyExplainer, Request, Result, knobs, takes_image
from models import imagesets

SESSION = "examples"


def begin(engine: Engine) -> None:
    """Ask for every example and its evidence that is not kept yet, after everything that people ask for."""
    for request in requests():
        for part in (request, request.evidence()):
            if engine.state(part.key).status in ("absent", "interrupted"):
                try:
                    engine.ask(part, session=SESSION, lane="batch")
                except BusyError:
                    return  # the queue is full of what people asked for; the next start goes on


def requests() -> Iterator[Request[Result]]:
    """One request a page or study that opens on an example, those left out that take minutes."""
    for page in pages().values():
        for study in page.studies:
            if study.opening and study.prepared:
                yield _request(study.lens, dict(study.opening))
        if page.example is not None:
            yield _request(page.example, dict(page.opening))


def _request(lens: AnyExplainer, opening: dict[str, str]) -> Request[Result]:
    """What a page asks for when nothing is changed on it."""
    model = opening.get("model", models.DEFAULT)
    values = {knob.name: knob.read(opening[knob.name]) for knob in knobs(lens.params) if knob.name in opening}
    if takes_image(lens.params):
        values["image"] = imagesets.sample(opening["image"])
    return lens.request(model, lens.choose(**values))
