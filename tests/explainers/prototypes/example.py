"""What the contract asks the explainers of prototypes: the shipped classifier, or a small training."""

from functools import lru_cache
from typing import Any

import models
from models import ModelHandle
from tests.explainers.nets import photo


@lru_cache(maxsize=2)
def _shipped() -> ModelHandle:
    return models.load("menagerie_prototypes", "cpu")


def example(name: str) -> tuple[ModelHandle, dict[str, Any]]:
    if name in ("prototypes_train", "prototype_features"):
        return models.load("menagerie_cnn", "cpu"), {"limit": 2, "prototypes": 2}
    if name == "prototype_gallery":
        return _shipped(), {"limit": 2, "reasons": 1}
    return _shipped(), {"image": photo()}
