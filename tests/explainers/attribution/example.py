"""What the contract asks the attribution explainers: a picture, or a few images of the menagerie."""

from typing import Any

import models
from models import ModelHandle
from tests.explainers.nets import photo, small_cnn


def example(name: str) -> tuple[ModelHandle, dict[str, Any]]:
    if name == "localise":
        return small_cnn(), {"limit": 10}
    if name == "groups":
        return small_cnn(), {"split": "source", "others": "menagerie_biased", "cls": 3, "limit": 10, "count": 3}
    if name == "tcav":
        return models.load("menagerie_cnn", "cpu"), {"limit": 6, "draws": 3}
    return small_cnn(), {"image": photo()}
