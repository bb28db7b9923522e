"""Kinds that point at something: at a class or layer of the model, at images, a picture, another model.

`Kind.fit` holds such a value to the model in hand; `Kind.stamp` says what lies behind it beyond its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import models
from explainers.kinds.plain import Kind, Many, Names, Whole, wrong
from models import ModelCard, Photo
from models.errors import InputError, NotReadyError
from models.generators import file as generators
from models.imagesets.imageset import content_digest


@dataclass(frozen=True)
class Class(Whole):
    """A class of the model, by its index."""

    low: int | float | None = 0

    def fit(self, value: Any, card: ModelCard) -> Any:
        """A class that the model has."""
        return card.check_target(value)


@dataclass(frozen=True)
class Classes(Many):
    """Classes of the model, by their indices."""

    words = "whole numbers with commas between"

    def accept_one(self, name: str, item: Any) -> Any:
        """A whole number of 0 or more."""
        if isinstance(item, str) and not item.isdecimal():
            raise wrong(name, self, f"'{item}'")
        return Class().accept(name, int(item) if isinstance(item, str) else item)

    def fit(self, value: Any, card: ModelCard) -> Any:
        """Classes that the model has."""
        return tuple(card.check_target(index) for index in value)


@dataclass(frozen=True)
class LayerName(Kind):
    """A layer of the model."""

    def fit(self, value: Any, card: ModelCard) -> Any:
        """A layer that has a map over the image."""
        return card.layer(value).name


@dataclass(frozen=True)
class Layers(Many):
    """Layers of the model, whose maps are fused."""

    def fit(self, value: Any, card: ModelCard) -> Any:
        """Layers that have a map over the image."""
        return tuple(card.layer(name).name for name in value)


@dataclass(frozen=True)
class Images(Kind):
    """A source of images: a name such as ``menagerie``, or a folder.

    Attributes:
        more: names beside the usual sources, with their titles; they come first.
    """

    more: Mapping[str, str] = field(default_factory=dict)

    def stamp(self, value: Any) -> str:
        """The content of a folder or data set."""
        return content_digest(value) if value else ""


@dataclass(frozen=True)
class ModelName(Kind):
    """Another model of the zoo, or a file."""

    def stamp(self, value: Any) -> str:
        """The digest of its weights; empty for one that is not there, which the explainer refuses."""
        try:
            return models.card(value).digest if value else ""
        except (InputError, NotReadyError):
            return ""


@dataclass(frozen=True)
class GeneratorFile(Kind):
    """A generator: ``own/NAME`` of one that was trained here, or its file; the model's own where none is named."""

    def stamp(self, value: Any) -> str:
        """The digest of its content, or of all that ship; empty for one that is not there, which is refused."""
        return generators.stamp(value)


def ready_models() -> dict[str, str]:
    """Name and title of the zoo's models that are on this machine."""
    return {card.name: card.title for card in models.cards() if card.ready}


@dataclass(frozen=True)
class ModelNames(Names):
    """Several models of the zoo, or files."""

    of: Any = ready_models
    noun: str = "model"

    def accept_one(self, name: str, item: Any) -> Any:
        """A text: whether there is such a model is known only where it is looked for."""
        return Many.accept_one(self, name, item)

    def stamp(self, value: Any) -> str:
        """The digests of their weights; where the explainer chooses, of all that it may choose from."""
        return ",".join(ModelName().stamp(name) for name in (ready_models() if value is None else value))


@dataclass(frozen=True)
class Picture(Kind):
    """A picture beside the one that is explained."""

    type_name = "Photo"
    words = "a picture"

    def accept(self, name: str, value: Any) -> Photo:
        """An opened picture."""
        if not isinstance(value, Photo):
            raise wrong(name, self, repr(value))
        return value

    def read(self, name: str, text: str) -> Any:
        """The text as it is, a file's name or an address: who knows where pictures are kept opens it."""
        return text

    def write(self, value: Any) -> str:
        """The address of its content."""
        return f"sha256:{value.digest}"
