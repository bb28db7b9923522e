"""The images of a bank once more, whole: a bank keeps them small."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from explainers.concepts.bank.crops import thumbnails
from explainers.concepts.bank.params import BankParams
from explainers.kit.hooks import record_output
from explainers.kit.tail import context_of
from models import Layer, ModelHandle
from models.errors import InputError
from models.imagesets.imageset import Picture, image_set


def reload(model: ModelHandle, params: BankParams, bank: Any, wanted: Iterable[int]) -> tuple[Picture, ...]:
    """Images of the bank by their numbers, in that order; found by name, and known again by their small pictures.

    Raises:
        InputError: one is no longer there, or is another picture now.
    """
    indices = list(wanted)
    names = {bank.files[i] for i in indices}
    loaded: dict[int, Picture] = {}
    for name, read in image_set(params.images, model, bank.cls, most=params.pool, seed=params.seed):
        if name in names:
            try:
                picture = read()
            except InputError:
                continue  # damaged, and so no image of the bank: another of the same name may be
            loaded.update(dict.fromkeys(_places(bank, indices, picture), picture))
            if len(loaded) == len(set(indices)):
                return tuple(loaded[i] for i in indices)
    lost = next(i for i in indices if i not in loaded)
    raise InputError(f"The picture {bank.files[lost]} of these concepts has changed or is gone; press Recompute.")


def _places(bank: Any, indices: list[int], picture: Picture) -> list[int]:
    small = thumbnails((picture,))[0]
    return [i for i in indices if bank.files[i] == picture.name and np.array_equal(bank.thumbnails[i], small)]


@dataclass(frozen=True)
class Again:
    """What the network makes of pictures: maps float32 (n, C, h, w), context (n, t, C), logits (n, K)."""

    maps: np.ndarray
    context: np.ndarray
    logits: np.ndarray


def seen_again(model: ModelHandle, layer: Layer, pictures: tuple[Picture, ...]) -> Again:
    """One forward of each picture, recorded at ``layer``.

    Raises:
        InputError: the network does not run that layer.
    """
    x = model.normalise(np.stack([picture.pixels for picture in pictures]))
    with torch.inference_mode(), record_output(model.network, layer.name) as seen:
        logits = model.network(x)
    if seen.output is None:
        raise InputError(f"The network does not run layer '{layer.name}'; choose another layer.")
    parts = (layer.as_map(seen.output), context_of(layer, seen.output), logits)
    maps, context, answers = (part.float().cpu().numpy() for part in parts)
    return Again(np.ascontiguousarray(maps), context, answers)
