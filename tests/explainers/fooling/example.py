"""What the contract asks the explainers of fooling images: a small network, few children, a folder of three colours."""

from typing import Any

from models import ModelHandle
from tests.explainers.fooling.small import ARCHIVE, EVOLVED, lasting_folder, net
from tests.explainers.nets import photo

NAME = "small cnn"


def example(name: str) -> tuple[ModelHandle, dict[str, Any]]:
    images = lasting_folder()
    chosen: dict[str, dict[str, Any]] = {
        "fooling_gradient": {"most": 3},
        "fooling_small_change": {"image": photo(), "steps": 3},
        "fooling_transfer": {**ARCHIVE, "others": (NAME,)},
        "fooling_retrain": {**EVOLVED, "images": images, "limit": 6, "rounds": 1},
        "fooling_unlike": {**ARCHIVE, "images": images, "by": NAME, "photos": 12},
        "fooling_detect": {**ARCHIVE, "images": images, "photos": 12},
    }
    return net(NAME), chosen.get(name, EVOLVED)
