"""What the contract asks the concept explainers: few images of a small world."""

from typing import Any

from models import ModelHandle
from tests.explainers.nets import photo, small_cnn


def example(name: str) -> tuple[ModelHandle, dict[str, Any]]:
    chosen: dict[str, Any] = {"cls": 3, "k": 3, "limit": 12, "pool": 24}  # 3 is what this network sees everywhere
    if name == "concept_imagine":
        chosen |= {"steps": 3}
    if name == "concept_explain":
        chosen["image"] = photo()
    return small_cnn(size=32), chosen
