"""What the contract asks the concept explainers: few images of a small world."""

from typing import Any

import torch

from models import ModelHandle
from tests.clips import wrapped_clip
from tests.explainers.nets import photo, small_cnn


def example(name: str) -> tuple[ModelHandle, dict[str, Any]]:
    chosen: dict[str, Any] = {"cls": 3, "k": 3, "limit": 12, "pool": 24}  # 3 is what this network sees everywhere
    if name == "concept_imagine":
        chosen |= {"steps": 3}
    if name == "concept_match":
        chosen["other"] = "small cnn"
    if name == "concept_explain":
        chosen["image"] = photo()
    if name == "concept_named":
        return wrapped_clip(), {**chosen, "cls": 0, "words": "red, green, blue, a corner"}
    model = small_cnn(size=32)
    if name == "concept_similar":
        with torch.no_grad():
            model.network.get_parameter("head.bias")[1] += 0.415  # so that it takes half of the pictures for class 1
    return model, chosen
