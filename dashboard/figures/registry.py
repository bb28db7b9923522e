"""Which function draws the figures of which result: the one table that pages, exports and Browse ask."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import plotly.graph_objects as go

from dashboard.figures.style import Look
from explainers import Result

F = TypeVar("F", bound=Callable[[Any, Look], dict[str, go.Figure]])
_DRAWING: dict[type[Result], Callable[[Any, Look], dict[str, go.Figure]]] = {}


def draws(*kinds: type[Result]) -> Callable[[F], F]:
    """Register a function, ``(result, look) -> {name: figure}``, as the one that draws results of these types."""

    def register(function: F) -> F:
        _DRAWING.update(dict.fromkeys(kinds, function))
        return function

    return register


def figures_of(result: Result, look: Look) -> dict[str, go.Figure]:
    """The figures of a result by name, in the order in which they are exported.

    Raises:
        TypeError: no function draws results of this type.
    """
    _import_all()
    if type(result) not in _DRAWING:
        raise TypeError(f"no function in dashboard.figures draws a {type(result).__name__}; decorate one with @draws")
    return _DRAWING[type(result)](result, look)


@lru_cache(maxsize=1)
def _import_all() -> None:
    """Import every figures module once, so that each registers itself."""
    package = importlib.import_module("dashboard.figures")
    for module in pkgutil.walk_packages(package.__path__, "dashboard.figures."):
        importlib.import_module(module.name)
