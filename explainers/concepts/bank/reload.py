"""The images of a bank once more, whole: a bank keeps them small."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from explainers.concepts.bank.crops import thumbnails
from explainers.concepts.bank.params import BankParams
from models import ModelHandle
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
