"""Which function draws the figures and the small picture of which result: pages, exports and Browse ask here."""

import importlib
import pkgutil
from collections.abc import Callable
from functools import lru_cache, singledispatch
from typing import Never, TypeVar

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.style import Look, uri_photo
from explainers import Result

Figures = dict[str, go.Figure]
F = TypeVar("F", bound=Callable[[Never, Look], Figures])
R = TypeVar("R", bound=Result)


def draws(kind: type[R], picture: Callable[[R], np.ndarray] | None = None) -> Callable[[F], F]:
    """Register a function, ``(result, look) -> {name: figure}``, as the one that draws results of a type.

    Args:
        kind: the type of results.
        picture: gives a picture (H, W, 3) uint8 that stands for the result in a list; by default the first that
            its figures hold.
    """

    def register(function: F) -> F:
        _draw.register(kind, function)
        if picture is not None:
            _picture.register(kind, picture)
        return function

    return register


def figures_of(result: Result, look: Look) -> Figures:
    """The figures of a result by name, in the order in which they are exported.

    Raises:
        TypeError: no function draws results of this type.
    """
    _import_all()
    return _draw(result, look)


def picture_of(result: Result) -> np.ndarray | None:
    """A picture (H, W, 3) uint8 that stands for a result in a list; None for a result of bars alone."""
    _import_all()
    return _picture(result)


@singledispatch
def _draw(result: Result, _look: Look) -> Figures:
    raise TypeError(f"no function in dashboard.figures draws a {type(result).__name__}; decorate one with @draws")


@singledispatch
def _picture(result: Result) -> np.ndarray | None:
    if type(result) not in _draw.registry:
        return None
    images = (image for figure in _draw(result, Look()).values() for image in figure.layout.images)
    return next((uri_photo(image.source) for image in images), None)


@lru_cache(maxsize=1)
def _import_all() -> None:
    """Import every figures module once, so that each registers itself."""
    package = importlib.import_module("dashboard.figures")
    for module in pkgutil.walk_packages(package.__path__, "dashboard.figures."):
        importlib.import_module(module.name)
