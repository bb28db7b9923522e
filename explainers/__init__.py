"""How we explain: a model and parameters in, a result of arrays out."""

from explainers.base import (
    Alone,
    Cancelled,
    Evidence,
    Explainer,
    Request,
    Result,
    Run,
    Score,
    answer,
    code_version,
    explain,
    explainer,
    find,
    params_of,
    registry,
)
from explainers.params import ImageParams, Knob, Params, knob, knobs, takes_image

__all__ = [
    "Alone", "Cancelled", "Evidence", "Explainer", "ImageParams", "Knob", "Params", "Request", "Result", "Run",
    "Score", "answer", "code_version", "explain", "explainer", "find", "knob", "knobs", "params_of", "registry",
    "takes_image",
]  # fmt: skip
