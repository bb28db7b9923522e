"""What the contract asks the explainers of activation maximisation: a few steps on a small network."""

from typing import Any

import models
from models import ModelHandle
from tests.explainers.nets import small_cnn

WITH_GENERATOR = {"activation_sweep": {"steps": 2}, "activation_generator": {"n": 2}}


def example(name: str) -> tuple[ModelHandle, dict[str, Any]]:
    if name in WITH_GENERATOR:
        return models.load("fashion_lenet", "cpu"), WITH_GENERATOR[name]
    return small_cnn(), {"steps": 4, "n": 2}
