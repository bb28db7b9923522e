"""Ask an explainer without a server: in a program, on the command line, in a test."""

import copy
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from torch import nn

import models
from explainers.base import Explainer, Request, Result, Run, find
from explainers.kinds import Picture
from explainers.params import Params, knobs, takes_image
from models import ModelHandle
from models.errors import InputError
from models.handle import as_photo

R = TypeVar("R", bound=Result)
PIECES, ANSWERS = 2, 8


class LocalRun:
    """A `Run` without a server: a seeded generator, an optional progress callback, nothing stored.

    Other models are taken from ``others``, by name, or loaded when a request first asks for them. The last answers
    that were asked for are remembered, fewer of the pieces of work that only other explainers ask for: a chain of them
    goes on from the one before.
    """

    def __init__(
        self,
        model: ModelHandle,
        seed: int = 0,
        on_progress: Callable[[float, str], None] | None = None,
        others: Mapping[str, ModelHandle] | None = None,
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self._model, self._on_progress = model, on_progress
        self._models = {**(others or {}), model.card.name: model}
        self._last: dict[bool, deque[tuple[Request[Any], Any]]] = {
            inner: deque(maxlen=most) for inner, most in ((True, PIECES), (False, ANSWERS))
        }

    def report(self, fraction: float, note: str = "", preview: np.ndarray | None = None) -> None:
        """Pass progress on to the callback, if there is one."""
        if self._on_progress:
            self._on_progress(fraction, note)

    def offer(self, known: Result) -> None:
        """Without a page nobody looks before the end."""

    def part(self, low: float, high: float) -> "LocalRun":
        """The same run, whose progress from 0 to 1 is this one's from ``low`` to ``high``."""

        def scaled(fraction: float, note: str) -> None:
            self.report(low + (high - low) * fraction, note)

        run = copy.copy(self)
        run._on_progress = scaled
        return run

    def reuse(self, request: Request[R]) -> R:
        """Compute the other request now, on the model that it names, unless it is among the last answers."""
        last = self._last[find(request.explainer).inner]
        if kept := [result for other, result in last if other == request]:
            return kept[-1]
        if request.model not in self._models:
            self._models[request.model] = models.load(request.model, str(self._model.device))
        model = self._models[request.model]
        run = LocalRun(model, request.params.seed, self.report, self._models)
        run._last = self._last
        result = answer(model, request, run)
        last.append((request, result))
        return result


def answer(model: ModelHandle, request: Request[R], run: Run) -> R:
    """Compute one request; for evidence, the result comes through ``run.reuse``."""
    lens = find(request.explainer)
    if request.part == "result":
        result: R = lens(model, request.params, run)
        return result
    subject = run.reuse(lens.request(request.model, request.params))
    evidence: Any = lens.evidence(model, request.params, subject, run)
    return evidence


def explain(name: str, model: ModelHandle | nn.Module, *, run: Run | None = None, **chosen: Any) -> Any:
    """Explain with the lens called ``name``.

    Args:
        name: one of `registry`.
        model: from `models.load` or `models.wrap`.
        run: progress and randomness; a plain `LocalRun` by default.
        chosen: every parameter of the lens by name; a picture may be a path, a Pillow image or (H, W, 3) uint8.

    Returns:
        The lens's `Result`, its fields named as in ``arrays.npz``.

    Raises:
        SeewhyError: one sentence with the remedy.
    """
    lens = find(name)
    if not isinstance(model, ModelHandle):
        raise InputError(
            f"explain takes a model from models.load or models.wrap; got {type(model).__name__}: give"
            " models.wrap(network, input_size=(3, 224, 224))."
        )
    params = params_of(lens, chosen)
    return lens(model, params, run or LocalRun(model, params.seed))


def params_of(lens: Explainer[Any, Any], chosen: Mapping[str, Any]) -> Params:
    """The lens's params from values by name, pictures opened.

    Raises:
        InputError: an unknown name, no picture where one is explained, or an impossible value.
    """
    values = dict(chosen)
    allowed = list(lens.params.__dataclass_fields__)
    for given in values:
        if given not in allowed:
            raise InputError(f"{lens.name} has no parameter '{given}'; it has: {', '.join(allowed)}.")
    if takes_image(lens.params):
        if values.get("image") is None:
            raise InputError(f"{lens.name} explains a picture: give one as image.")
        values["image"] = as_photo(values["image"])
    beside = (choice.name for choice in knobs(lens.params) if isinstance(choice.kind, Picture))
    values.update({name: as_photo(values[name]) for name in beside if values.get(name) is not None})
    choices = {choice.name: choice for choice in knobs(lens.params)}
    accepted = {name: choices[name].accept(value) if name in choices else value for name, value in values.items()}
    params: Params = lens.params(**accepted)
    return params
