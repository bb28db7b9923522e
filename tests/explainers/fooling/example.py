"""What the contract asks the explainers of fooling: a tiny evolution."""

from typing import Any

from models import ModelHandle
from tests.explainers.nets import photo, small_cnn

FEW = {"evaluations": 12, "children": 6, "size": 16}


def example(name: str) -> tuple[ModelHandle, dict[str, Any]]:
    if name in ("fooling", "fooling_lineage"):
        return small_cnn(), FEW
    if name == "fooling_small_change":
        return small_cnn(), {"image": photo()}
    return small_cnn(), {"most": 5}
