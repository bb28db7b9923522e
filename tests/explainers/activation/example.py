"""What the contract asks the explainers of activation maximisation: a few steps on a small network."""

from typing import Any

from models import ModelHandle
from tests.explainers.nets import small_cnn


def example(_name: str) -> tuple[ModelHandle, dict[str, Any]]:
    return small_cnn(), {"steps": 4, "n": 2}
