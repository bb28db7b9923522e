"""How an explainer is made: one decorated function between two frozen dataclasses.

::

    @explainer("Grad-CAM", paper="https://arxiv.org/abs/1610.02391", evidence=measure)
    def gradcam(model: ModelHandle, params: GradCamParams, run: Run) -> GradCam: ...

The form comes from the params type, "About" from the module's docstring, the place in the house from its folder.
"""

import difflib
import hashlib
import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import version
from typing import Any, Generic, Literal, Protocol, TypeVar, get_type_hints, runtime_checkable

import numpy as np

import models
from explainers import codec
from explainers.params import Params, photos
from explainers.results import AboutClass as AboutClass
from explainers.results import AtLayer as AtLayer
from explainers.results import Evidence as Evidence
from explainers.results import Result as Result
from explainers.results import Score as Score
from models import ModelHandle
from models.errors import InputError
from models.weights import source_digest

P = TypeVar("P", bound=Params)
R = TypeVar("R", bound="Result")
R_co = TypeVar("R_co", bound="Result", covariant=True)
Part = Literal["result", "evidence"]
Report = Callable[[float, str], None]


class Cancelled(Exception):  # noqa: N818 - not an error: somebody pressed Cancel
    """Raised by ``run.report`` when the work is no longer wanted."""


@runtime_checkable
class Run(Protocol):
    """The only window that an explainer has to the outside."""

    @property
    def rng(self) -> np.random.Generator:
        """Seeded by the request; the only source of randomness."""
        ...

    def report(self, fraction: float, note: str = "", preview: np.ndarray | None = None) -> None:
        """Tell how far the work is, 0 to 1; raises `Cancelled` when it is no longer wanted."""
        ...

    def offer(self, known: Result) -> None:
        """Give what is known so far, a whole of the same type: a page draws it while the rest is worked out."""
        ...

    def part(self, low: float, high: float) -> "Run":
        """The same run, whose progress from 0 to 1 is this one's from ``low`` to ``high``."""
        ...

    def reuse(self, request: "Request[R]") -> R:
        """The answer to another request, also on another model: the stored one, or computed now and stored."""
        ...


@dataclass(frozen=True)
class Explainer(Generic[P, R]):
    """A registered lens; called like the function it wraps.

    Attributes:
        name: the function's name, used in links and on the command line.
        title, paper: for people.
        lens: the folder it lives in, ``attribution``.
        about: the module's docstring.
        params, result: its two dataclasses.
        evidence: measures how far to trust a result: ``(model, params, result, run) -> Evidence``.
        inner: asked by other lenses only, through ``run.reuse``: a piece of work that is worth keeping by itself.
    """

    name: str
    title: str
    paper: str
    lens: str
    about: str
    params: type[P]
    result: type[R]
    function: Callable[[ModelHandle, P, Run], R]
    evidence: Callable[[ModelHandle, P, R, Run], Evidence]
    inner: bool = False

    def __call__(self, model: ModelHandle, params: P, run: Run) -> R:
        """Explain: the wrapped function."""
        return self.function(model, params, run)

    def choose(self, **chosen: object) -> P:
        """The params that choices by name make; a picture is an opened `Photo`.

        Raises:
            InputError: a choice is impossible, or does not fit the others.
        """
        values: dict[str, Any] = chosen
        return self.params(**values)

    def request(self, model: str, params: P) -> "Request[R]":
        """The question for this explainer's answer about the model of that name."""
        return Request(self.name, model, params)


AnyExplainer = Explainer[Any, Any]
_REGISTRY: dict[str, AnyExplainer] = {}


def explainer(
    title: str, *, paper: str, evidence: Callable[[ModelHandle, P, R, Run], Evidence], inner: bool = False
) -> Callable[[Callable[[ModelHandle, P, Run], R]], Explainer[P, R]]:
    """Register a function as a lens; its types come from its signature, its room from its folder."""

    def register(function: Callable[[ModelHandle, P, Run], R]) -> Explainer[P, R]:
        hints, name = get_type_hints(function), str(function.__name__)
        lens = Explainer(
            name=name,
            title=title,
            paper=paper,
            lens=function.__module__.split(".")[1],
            about=inspect.getdoc(inspect.getmodule(function)) or "",
            params=hints["params"],
            result=hints["return"],
            function=function,
            evidence=evidence,
            inner=inner,
        )
        _REGISTRY[name] = lens
        return lens

    return register


@lru_cache(maxsize=1)
def _import_all() -> None:
    """Import every module below this package once, so that each registers itself; no list is kept by hand."""
    package = importlib.import_module("explainers")
    for module in pkgutil.walk_packages(package.__path__, "explainers."):
        importlib.import_module(module.name)


def registry() -> Mapping[str, AnyExplainer]:
    """All explainers by name, those left out that only others ask."""
    _import_all()
    return {name: lens for name, lens in sorted(_REGISTRY.items()) if not lens.inner}


def find(name: str) -> AnyExplainer:
    """The explainer called ``name``; an `InputError` that lists all names otherwise."""
    known = registry()
    if name in _REGISTRY:
        return _REGISTRY[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise InputError(f"There is no explainer '{name}'; there are: {', '.join(known)}.{hint}")


@lru_cache(maxsize=1)
def code_version() -> str:
    """SHA-256 over the sources that can change an answer, and the versions of the libraries that compute it."""
    sha = hashlib.sha256(source_digest("models", "explainers").encode())
    for library in ("torch", "timm", "captum", "numpy", "scipy", "scikit-learn"):
        sha.update(version(library).encode())
    return sha.hexdigest()


@dataclass(frozen=True)
class Request(Generic[R_co]):
    """A question: which explainer, on which model, with which parameters; result or evidence.

    Its type parameter is the type of the answer; see `Explainer.request`.
    """

    explainer: str
    model: str
    params: Params
    part: Part = "result"

    @cached_property
    def key(self) -> str:
        """The answer's address: SHA-256 of everything that can change it."""
        card = models.card(self.model)
        facts = {**self.to_json(), "code": code_version(), "weights": card.digest, "about": card.about}
        if stamp := self.params.stamp():
            facts["stamp"] = stamp
        facts["params"].update({name: photo.digest for name, photo in photos(self.params).items()})
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; pictures as ``{"sha256": ..., "name": ...}``."""
        return {
            "explainer": self.explainer,
            "model": self.model,
            "params": codec.params_to_json(self.params),
            "part": self.part,
        }

    @staticmethod
    def from_json(written: Mapping[str, Any], photo: Callable[[str], models.Photo]) -> "Request[Any]":
        """The request that `to_json` wrote; ``photo`` finds a picture by its SHA-256."""
        params = codec.params_from_json(find(written["explainer"]).params, written["params"], photo)
        return Request(written["explainer"], written["model"], params, written["part"])

    def evidence(self) -> "Request[Evidence]":
        """The request for the evidence of this one."""
        return Request(self.explainer, self.model, self.params, "evidence")
