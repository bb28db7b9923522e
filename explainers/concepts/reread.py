"""The images of a bank once more, whole: a bank keeps them small."""

from collections.abc import Iterable

import numpy as np

from explainers.concepts.choices import BankParams
from explainers.concepts.concepts import Concepts
from explainers.concepts.pictures import thumbnails
from models import ModelHandle
from models.errors import InputError
from models.gallery import Picture, gallery


def reread(model: ModelHandle, params: BankParams, bank: Concepts, wanted: Iterable[int]) -> tuple[Picture, ...]:
    """Images of the bank by their numbers, in that order; found by name, and known again by their small pictures.

    Raises:
        InputError: one is no longer there, or is another picture now.
    """
    asked = list(wanted)
    names = {bank.files[i] for i in asked}
    found: dict[int, Picture] = {}
    for name, read in gallery(params.images, model, bank.cls, most=params.pool, seed=params.seed):
        if name in names:
            picture = read()
            found.update(dict.fromkeys(_places(bank, asked, picture), picture))
            if len(found) == len(set(asked)):
                return tuple(found[i] for i in asked)
    lost = next(i for i in asked if i not in found)
    raise InputError(f"The picture {bank.files[lost]} of these concepts has changed or is gone; press Recompute.")


def _places(bank: Concepts, asked: list[int], picture: Picture) -> list[int]:
    small = thumbnails((picture,))[0]
    return [i for i in asked if bank.files[i] == picture.name and np.array_equal(bank.thumbnails[i], small)]
