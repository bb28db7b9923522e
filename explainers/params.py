"""What a person may choose, said once: bounds, help, the web form and the command line all come from here."""

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from models import Photo
from models.errors import InputError

ValueType = int | float | bool | str | Photo | None


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One choice.

    Attributes:
        name, default, help: as in the params type.
        kind: the plain type: int, float, bool or str; `Photo` for a picture beside the one that is explained.
        optional: whether None, "let the lens choose", is allowed.
        low, high: bounds of a number, both allowed values; None is unbounded.
        choices: the allowed values, where they are few.
        more: whether it belongs under "More", away from the choices that matter most.
        label: what the form writes beside it.
        only: values of other choices under which this one has an effect, as ``{"method": ("a", "b")}``.
    """

    name: str
    default: ValueType
    help: str
    kind: type
    optional: bool = False
    low: int | float | None = None
    high: int | float | None = None
    choices: tuple[str | int, ...] = ()
    more: bool = False
    label: str = ""
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def check(self, value: ValueType) -> None:
        """Raise an `InputError` that gives the bounds when ``value`` is outside them."""
        if value is None and self.optional:
            return
        wanted = (int, float) if self.kind is float else self.kind
        if not isinstance(value, wanted) or (isinstance(value, bool) and self.kind is not bool):
            raise InputError(f"{self.name} is {_kind_words(self.kind)}; got {value!r}.")
        if self.choices and value not in self.choices:
            raise InputError(f"{self.name} is one of {', '.join(map(str, self.choices))}; got {value!r}.")
        if isinstance(value, int | float) and not self._inside(float(value)):
            low, high = ("any" if bound is None else f"{bound:g}" for bound in (self.low, self.high))
            raise InputError(f"{self.name} goes from {low} to {high}; got {value!r}.")

    def effective(self, values: Mapping[str, Any]) -> bool:
        """Whether this choice has an effect beside the others, all of which ``values`` names."""
        return all(values[other] in allowed for other, allowed in self.only.items())

    def _switch(self, word: str) -> bool:
        yes, no = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
        if word not in yes + no:
            raise InputError(f"{self.name} is {_kind_words(self.kind)}; got '{word}'.")
        return word in yes

    def _inside(self, value: int | float) -> bool:
        above = value == value and (self.low is None or value >= self.low)
        return above and (self.high is None or value <= self.high)

    def parse(self, text: str) -> ValueType:
        """The value that ``text`` (from a command line or a link) stands for; an `InputError` when it is none.

        A picture stays the text, a file's name or an address: who knows where pictures are kept opens it.
        """
        if self.optional and text.lower() in ("", "none", "auto"):
            return None
        if self.kind is Photo:
            return text
        if self.kind is bool:
            return self._switch(text.lower())
        try:
            value: ValueType = text if self.kind is str else self.kind(text)
        except ValueError as error:
            raise InputError(f"{self.name} is {_kind_words(self.kind)}; got '{text}'.") from error
        self.check(value)
        return value


def _kind_words(kind: type) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false", Photo: "a picture"}.get(kind, "a text")


def knob(  # noqa: PLR0913 - each argument is one of the form's facts
    default: ValueType,
    low: int | float | None = None,
    high: int | float | None = None,
    help: str = "",  # noqa: A002 - the word that every form library uses
    *,
    more: bool = False,
    label: str = "",
    only: Mapping[str, tuple[str, ...]] | None = None,
) -> Any:
    """A dataclass field with bounds and help; see `Knob`. A ``Literal`` type gives the choices."""
    facts = {"low": low, "high": high, "help": help, "more": more, "label": label, "only": only or {}}
    return field(default=default, metadata={"knob": facts})


@dataclass(frozen=True, kw_only=True)
class Params:
    """All that the user chose. Subclass it, frozen and keyword-only, one `knob` a choice."""

    seed: int = knob(0, 0, 2**31 - 1, "Starts every random draw; the same seed gives the same result.", more=True)

    def __post_init__(self) -> None:
        for each in knobs(type(self)):
            each.check(getattr(self, each.name))

    def stamp(self) -> str:
        """What the choices point at, beyond their names: a folder's content. Part of the answer's address."""
        return ""


@dataclass(frozen=True, kw_only=True)
class ImageParams(Params):
    """Parameters of a lens that explains one picture."""

    image: Photo


def knobs(params: type[Params]) -> tuple[Knob, ...]:
    """The choices of a params type, in the order in which they are declared; its own before the seed."""
    hints = get_type_hints(params)
    found = [_knob(each, hints[each.name]) for each in fields(params) if "knob" in each.metadata]
    return tuple(sorted(found, key=lambda each: each.name == "seed"))


def _knob(each: "dataclasses.Field[Any]", hint: Any) -> Knob:
    optional = False
    if get_origin(hint) in (Union, types.UnionType):
        optional = type(None) in get_args(hint)
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    kind = type(choices[0]) if choices else hint
    facts = {**each.metadata["knob"], "label": each.metadata["knob"]["label"] or each.name.capitalize()}
    default: ValueType = each.default  # type: ignore[assignment]
    return Knob(name=each.name, default=default, kind=kind, optional=optional, choices=choices, **facts)


def photos(params: Params) -> dict[str, Photo]:
    """The pictures among the choices by name: the one that is explained, and those beside it."""
    values = {each.name: getattr(params, each.name) for each in fields(params)}
    return {name: value for name, value in values.items() if isinstance(value, Photo)}


def takes_image(params: type[Params]) -> bool:
    """Whether the lens explains one picture."""
    return issubclass(params, ImageParams)


def parse(params: type[Params], texts: Mapping[str, str]) -> dict[str, ValueType]:
    """Values by name from ``key=value`` texts.

    Raises:
        InputError: an unknown name or an impossible value; the text says what is possible.
    """
    known = {each.name: each for each in knobs(params)}
    for name in texts:
        if name not in known:
            raise InputError(f"There is no parameter '{name}'; the parameters are: {', '.join(known)}.")
    return {name: known[name].parse(text) for name, text in texts.items()}
