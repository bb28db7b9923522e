"""What we explain: networks, their cards, and pictures."""

from models.card import ModelCard
from models.errors import InputError, NotReadyError, SeewhyError, StorageError, UnfitError
from models.examination.own import wrap
from models.handle import ModelHandle
from models.imagesets.photo import Photo
from models.layers import Layer
from models.zoo import DEFAULT, card, cards, fetch, load, names

__all__ = [
    "DEFAULT",
    "InputError",
    "Layer",
    "ModelCard",
    "ModelHandle",
    "NotReadyError",
    "Photo",
    "SeewhyError",
    "StorageError",
    "UnfitError",
    "card",
    "cards",
    "fetch",
    "load",
    "names",
    "wrap",
]
