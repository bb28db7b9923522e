"""Ask an explainer without a server: in a program, on the command line, in a test."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import models
from explainers.base import WHOLE, Explainer, Request, Result, Run, Share, find
from explainers.params import Params, knobs, takes_image
from models import ModelHandle
from models.errors import InputError
from models.handle import as_photo


class Alone:
    """A `Run` without a server: a seeded generator, an optional progress callback, nothing kept.

    Other models are taken from ``others``, by name, or loaded when a request first asks for them.
    """

    def __init__(
        self,
        model: ModelHandle,
        seed: int = 0,
        told: Callable[[float, str], None] | None = None,
        others: Mapping[str, ModelHandle] | None = None,
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self._model, self._told = model, told
        self._models = {**(others or {}), model.card.name: model}

    def report(self, fraction: float, note: str = "", preview: np.ndarray | None = None) -> None:
        """Pass progress on to the callback, if there is one."""
        if self._told:
            self._told(fraction, note)

    def reuse(self, request: Request, share: Share = WHOLE) -> Result:
        """Work the other request out now, on the model that it names."""
        if request.model not in self._models:
            self._models[request.model] = models.load(request.model, str(self._model.device))
        model, (low, high) = self._models[request.model], share

        def told(fraction: float, note: str) -> None:
            self.report(low + (high - low) * fraction, note)

        return answer(model, request, Alone(model, request.params.seed, told, self._models))


def answer(model: ModelHandle, request: Request, run: Run) -> Result:
    """Work out one request; for evidence, the result comes through ``run.reuse``."""
    lens = find(request.explainer)
    if request.part == "result":
        found: Result = lens(model, request.params, run)
        return found
    result = run.reuse(Request(request.explainer, request.model, request.params))
    return lens.evidence(model, request.params, result, run)


def explain(name: str, model: ModelHandle, *, run: Run | None = None, **chosen: Any) -> Any:
    """Explain with the lens called ``name``.

    Args:
        name: one of `registry`.
        model: from `models.load` or `models.wrap`.
        run: progress and randomness; a plain `Alone` by default.
        chosen: every parameter of the lens by name; a picture may be a path, a Pillow image or (H, W, 3) uint8.

    Returns:
        The lens's `Result`, its fields named as in ``arrays.npz``.

    Raises:
        SeewhyError: one sentence with the remedy.
    """
    lens = find(name)
    return lens(model, params_of(lens, chosen), run or Alone(model, int(chosen.get("seed", 0))))


def params_of(lens: Explainer[Any, Any], chosen: Mapping[str, Any]) -> Params:
    """The lens's params from values by name, pictures opened; unknown names are an `InputError`."""
    values = dict(chosen)
    allowed = list(lens.params.__dataclass_fields__)
    for given in values:
        if given not in allowed:
            raise InputError(f"{lens.name} has no parameter '{given}'; it has: {', '.join(allowed)}.")
    if takes_image(lens.params):
        if values.get("image") is None:
            raise InputError(f"{lens.name} explains a picture: give one as image.")
        values["image"] = as_photo(values["image"])
    beside = (each.name for each in knobs(lens.params) if each.kind is models.Photo)
    values.update({name: as_photo(values[name]) for name in beside if values.get(name) is not None})
    made: Params = lens.params(**values)
    return made
