"""What the contract asks the explainers of fooling: a tiny evolution, and a folder of three colours beside it."""

from typing import Any

from models import ModelHandle
from tests.explainers.fooling.small import ARCHIVE, EVOLVED, lasting_folder, net
from tests.explainers.nets import photo, small_cnn

FEW = {"evaluations": 12, "children": 6, "size": 16}
NAME = "small cnn"


def example(name: str) -> tuple[ModelHandle, dict[str, Any]]:
    if name in ("fooling", "fooling_lineage"):
        return small_cnn(), FEW
    if name == "fooling_small_change":
        return small_cnn(), {"image": photo(), "steps": 3}
    if name == "fooling_gradient":
        return small_cnn(), {"most": 3}
    images = lasting_folder()
    chosen: dict[str, dict[str, Any]] = {
        "fooling_transfer": {**ARCHIVE, "others": (NAME,)},
        "fooling_retrain": {**EVOLVED, "images": images, "limit": 6, "rounds": 1},
        "fooling_unlike": {**ARCHIVE, "images": images, "by": NAME, "photos": 12},
        "fooling_detect": {**ARCHIVE, "images": images, "photos": 12},
    }
    return net(NAME), chosen[name]
