"""Small networks to fool: twins that answer alike, one with its classes in another order, and a stranger."""

import atexit
import tempfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import explainers
import models
from explainers import LocalRun
from models import ModelHandle
from models.errors import InputError
from tests.explainers.nets import SmallCnn, seeded

LABELS = tuple(f"colour {at}" for at in range(5))
ORDER = [3, 0, 4, 1, 2]
EVOLVED = {"evaluations": 40, "children": 20}
ARCHIVE = {**EVOLVED, "champions": 5, "photos": 8}


def net(name: str, seed: int = 0, *, order: list[int] | None = None) -> ModelHandle:
    """A small network; ``order`` gives its classes in another order, names and all."""
    network = seeded(SmallCnn(5), seed)
    order = order or list(range(5))
    with torch.no_grad():
        network.head.weight.copy_(network.head.weight[order])
        network.head.bias.copy_(network.head.bias[order])
    labels = tuple(LABELS[at] for at in order)
    return models.wrap(network, input_size=(3, 32, 32), labels=labels, device="cpu", name=name)


def asked(lens: str, model: ModelHandle, nets: tuple[ModelHandle, ...] = (), **chosen: Any) -> Any:
    """The answer of a study, where these networks are all there are."""
    known = {other.card.name: other for other in (*nets, model)}
    here = [replace(other.card, path=Path(__file__)) for other in known.values()]

    def card(name: str) -> models.ModelCard:
        if name not in known:
            raise InputError(f"There is no model '{name}'.")
        return known[name].card

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "card", card)
        patch.setattr(models, "cards", lambda: here)
        run = LocalRun(model, others=known)
        return explainers.explain(lens, model, run=run, **{**ARCHIVE, **chosen})


def folder(root: Path, count: int = 12) -> Path:
    """Pictures in folders of the first three classes, each of one colour and a little noise."""
    rng = np.random.default_rng(5)
    for at, colour in enumerate(((200, 40, 40), (40, 200, 40), (40, 40, 200))):
        place = root / LABELS[at]
        place.mkdir()
        for number in range(count):
            noise = rng.normal(0, 25, (32, 32, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / f"{number}.png")
    return root


@lru_cache(maxsize=1)
def lasting_folder() -> str:
    """Such a folder that stays until the tests end."""
    place = tempfile.TemporaryDirectory()
    atexit.register(place.cleanup)
    return str(folder(Path(place.name), 8))
