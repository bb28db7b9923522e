"""What the contract asks the explainers of activation maximisation: a few steps on a small network."""

from typing import Any

import models
from models import ModelHandle
from tests.explainers.activation.drawn import bags, flat
from tests.explainers.nets import small_cnn

WITH_GENERATOR = {"activation_sweep": {"steps": 2}, "activation_generator": {"n": 2}}


def example(name: str) -> tuple[ModelHandle, dict[str, Any]]:
    if name == "activation_facets":
        chosen = {"images": str(bags()), "target": 8, "facets": 2, "chains": 2, "limit": 16, "steps": 2}
        return models.load("fashion_lenet", "cpu"), chosen
    if name in WITH_GENERATOR:
        return models.load("fashion_lenet", "cpu"), WITH_GENERATOR[name]
    if name == "activation_train":
        return small_cnn(), {"images": str(flat()), "steps": 2}
    return small_cnn(), {"steps": 4, "n": 2}
