"""How we explain: a model and parameters in, a result of arrays out."""

import pkgutil

from explainers.base import (
    AnyExplainer,
    Cancelled,
    Evidence,
    Explainer,
    Request,
    Result,
    Run,
    Score,
    code_version,
    explainer,
    find,
    registry,
)
from explainers.local import LocalRun, answer, explain, params_of
from explainers.params import ImageParams, Knob, Params, knob, knobs, takes_image

__path__ = pkgutil.extend_path(__path__, __name__)  # a folder `explainers` elsewhere on the path adds lenses
Alone = LocalRun  # its name in programs written before

__all__ = [
    "Alone",
    "AnyExplainer",
    "Cancelled",
    "Evidence",
    "Explainer",
    "ImageParams",
    "Knob",
    "LocalRun",
    "Params",
    "Request",
    "Result",
    "Run",
    "Score",
    "answer",
    "code_version",
    "explain",
    "explainer",
    "find",
    "knob",
    "knobs",
    "params_of",
    "registry",
    "takes_image",
]
