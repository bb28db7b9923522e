"""What the contract asks the explainers of activation maximisation: a few steps on a small network."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import models
from models import ModelHandle
from tests.explainers.nets import small_cnn
from tests.models.test_small import colours

WITH_GENERATOR = {"activation_sweep": {"steps": 2}, "activation_generator": {"n": 2}}


@cache
def pictures() -> Path:
    return colours(Path(tempfile.mkdtemp()) / "colours", 5)


def example(name: str) -> tuple[ModelHandle, dict[str, Any]]:
    if name in WITH_GENERATOR:
        return models.load("fashion_lenet", "cpu"), WITH_GENERATOR[name]
    if name == "activation_train":
        return small_cnn(), {"images": str(pictures()), "steps": 2}
    return small_cnn(), {"steps": 4, "n": 2}
