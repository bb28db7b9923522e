"""Numbers, switches, texts, choices of a table, and lists of them."""

import operator
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models import ModelCard
from models.errors import InputError

Table = Mapping[Any, Any] | Callable[[], Mapping[Any, Any]]


@dataclass(frozen=True)
class Kind:
    """What a parameter can be.

    Attributes:
        type_name: the plain type, as ``seewhy explainers --json`` gives it.
        words: "a whole number", for sentences.
        low, high: bounds of a number, both allowed; None is unbounded.
    """

    type_name = "str"
    words = "a text"
    low: int | float | None = None
    high: int | float | None = None

    def options(self) -> dict[Any, str]:
        """The allowed values with their titles, where they are few; empty otherwise."""
        return {}

    def accept(self, name: str, value: Any) -> Any:
        """The value as the explainer gets it.

        Raises:
            InputError: it is not of this kind; the text gives the bounds or the choices.
        """
        if not isinstance(value, str):
            raise wrong(name, self, repr(value))
        return value

    def read(self, name: str, text: str) -> Any:
        """The value that a text stands for, as `accept` gives it."""
        return self.accept(name, text)

    def write(self, value: Any) -> str:
        """The value as `read` reads it."""
        return str(value)

    def fit(self, value: Any, _card: ModelCard) -> Any:
        """The value, if the model has such a thing.

        Raises:
            InputError: it has not; the text says what it has.
        """
        return value

    def stamp(self, _value: Any) -> str:
        """What lies behind the value, beyond its name; part of the answer's address."""
        return ""


def wrong(name: str, kind: Kind, got: str) -> InputError:
    """The error that says what a parameter is, and what was given."""
    return InputError(f"{name} is {kind.words}; got {one_line(got)}.")


def one_line(text: str) -> str:
    """A text whose line breaks became spaces, as an error is one sentence."""
    return " ".join(text.split())


@dataclass(frozen=True)
class Text(Kind):
    """Any text."""


@dataclass(frozen=True)
class Switch(Kind):
    """True or false."""

    type_name = "bool"
    words = "true or false"

    def accept(self, name: str, value: Any) -> bool:
        """A plain bool; NumPy's is one."""
        if not isinstance(value, bool | np.bool_):
            raise wrong(name, self, repr(value))
        return bool(value)

    def read(self, name: str, text: str) -> bool:
        """1, true, yes, on; 0, false, no, off."""
        yes, no = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
        if text.lower() not in yes + no:
            raise wrong(name, self, f"'{text.lower()}'")
        return text.lower() in yes


@dataclass(frozen=True)
class Number(Kind):
    """A number between bounds."""

    type_name = "float"
    words = "a number"

    def accept(self, name: str, value: Any) -> int | float:
        """A plain number inside the bounds."""
        return self._inside(name, self._plain(name, value))

    def read(self, name: str, text: str) -> int | float:
        """As Python reads it."""
        try:
            value = float(text)
        except ValueError as error:
            raise wrong(name, self, f"'{text}'") from error
        return self.accept(name, value)

    def _plain(self, name: str, value: Any) -> int | float:
        if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
            raise wrong(name, self, repr(value))
        return float(value)

    def _inside(self, name: str, value: int | float) -> int | float:
        above = value == value and (self.low is None or value >= self.low)
        if above and (self.high is None or value <= self.high):
            return value
        low, high = ("" if bound is None else f"{bound:,.10g}".replace(",", "") for bound in (self.low, self.high))
        goes = f"goes from {low} to {high}" if low and high else f"is at least {low}" if low else f"is at most {high}"
        raise InputError(f"{name} {goes}; got {value!r}.")


@dataclass(frozen=True)
class Whole(Number):
    """A whole number between bounds."""

    type_name = "int"
    words = "a whole number"

    def read(self, name: str, text: str) -> int | float:
        """As Python reads it."""
        try:
            value = int(text)
        except ValueError as error:
            raise wrong(name, self, f"'{text}'") from error
        return self.accept(name, value)

    def _plain(self, name: str, value: Any) -> int | float:
        if isinstance(value, bool | np.bool_):
            raise wrong(name, self, repr(value))
        try:
            return operator.index(value)  # NumPy's and torch's whole numbers as well
        except TypeError as error:
            raise wrong(name, self, repr(value)) from error


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few names.

    Attributes:
        of: the table of them, or what gives it; its values are titles or have one.
        refusal: the sentence for another name, with ``{value}`` and ``{options}``; the usual one when empty.
    """

    of: Table = field(default_factory=dict)
    refusal: str = ""

    def options(self) -> dict[Any, str]:
        """Names and titles."""
        return titles(self.of)

    def accept(self, name: str, value: Any) -> Any:
        """A name that stands in the table."""
        known = self.options()
        for option in known:
            if _same(option, value):
                return option  # the plain one, where NumPy's or torch's was given
        options = ", ".join(map(str, known))
        usual = f"{name} is one of {options}; got {value!r}."
        raise InputError(one_line(self.refusal.format(value=value, options=options) if self.refusal else usual))

    def read(self, name: str, text: str) -> Any:
        """A name as it stands in the table."""
        return self.accept(name, {str(known): known for known in self.options()}.get(text, text))


def _same(option: Any, value: Any) -> bool:
    """Whether a value is an option: numbers by what they stand for, everything else by itself."""
    if not isinstance(option, int):
        return type(value) is type(option) and bool(value == option)
    try:
        return not isinstance(value, bool | np.bool_) and operator.index(value) == option
    except TypeError:
        return False


@dataclass(frozen=True)
class Many(Kind):
    """Several texts; written with commas between."""

    def accept(self, name: str, value: Any) -> Any:
        """A tuple, from any sequence or from one text with commas between."""
        parts = value.split(",") if isinstance(value, str) else value
        try:
            items = [part.strip() if isinstance(part, str) else part for part in parts]
        except TypeError as error:  # a tensor without dimensions says that it can be walked over, and cannot
            raise wrong(name, self, repr(value)) from error
        return tuple(self.accept_one(name, item) for item in items if not (isinstance(item, str) and not item))

    def accept_one(self, name: str, item: Any) -> Any:
        """One of the values."""
        if not isinstance(item, str):
            raise wrong(name, self, repr(item))
        return item

    def write(self, value: Any) -> str:
        """With commas between."""
        return ",".join(map(str, value))


@dataclass(frozen=True)
class Names(Many):
    """Names out of a table.

    Attributes:
        of: the table, as for `Choice`.
        noun: what each is, for the error.
    """

    of: Table = field(default_factory=dict)
    noun: str = "method"

    def options(self) -> dict[Any, str]:
        """Names and titles."""
        return titles(self.of)

    def accept_one(self, name: str, item: Any) -> Any:
        """A name that stands in the table."""
        known = self.options()
        if not isinstance(item, Hashable) or item not in known:
            raise InputError(f"There is no {self.noun} '{item}'; there are: {', '.join(known)}.")
        return item


def titles(table: Table) -> dict[Any, str]:
    """Names of a table with their titles; a name without one is its own, its underscores as spaces."""
    entries = table() if callable(table) else table
    return {name: _title(name, entry) for name, entry in entries.items()}


def _title(name: Any, entry: Any) -> str:
    title = entry if isinstance(entry, str) else getattr(entry, "title", "")
    return title or str(name).replace("_", " ")
