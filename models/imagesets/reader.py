"""One way to read many pictures: one after the other, those that are damaged noted and passed over."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from models.errors import InputError

T = TypeVar("T")


@dataclass
class Reader(Generic[T]):
    """Reads pictures, or whatever comes with them.

    Attributes:
        items: name, and how to read it; reading raises `InputError` when a file is damaged.
        skipped: name and reason of each that could not be read, after those that were known before.
        tried: how many were tried so far.
        read: how many of them could be read.
    """

    items: Iterable[tuple[str, Callable[[], T]]]
    skipped: list[tuple[str, str]] = field(default_factory=list)
    tried: int = 0
    read: int = 0

    def __iter__(self) -> Iterator[tuple[str, T]]:
        """Names, and what was read."""
        for name, load in self.items:
            self.tried += 1
            try:
                picture = load()
            except InputError as error:
                self.skipped.append((name, str(error)))
                continue
            self.read += 1
            yield name, picture

    def batches(self, size: int) -> Iterator[list[T]]:
        """What was read, ``size`` at a time."""
        pictures = (picture for _, picture in self)
        while batch := list(islice(pictures, size)):
            yield batch
