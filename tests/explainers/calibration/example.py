"""What the contract asks the calibration's explainers."""

from functools import lru_cache
from typing import Any

import models
from models import ModelHandle
from tests.explainers.nets import photo, small_cnn


@lru_cache(maxsize=1)
def menagerie() -> ModelHandle:
    return models.load("menagerie_cnn", "cpu")


def example(name: str) -> tuple[ModelHandle, dict[str, Any]]:
    if name == "trial":
        return small_cnn(), {"image": photo(), "methods": "gradcam"}
    return menagerie(), {"scenes": 4, "methods": "gradcam"}
