"""What a person may choose, said once: bounds, help, the web form, links and the command line all come from here.

::

    target: int | None = knob(None, kind=Class(), auto="the model's first answer", help="The class to explain")
    layer: tuple[str, ...] | None = knob(None, kind=Layers(), auto="the last map before pooling", help="Where to look")
    steps: int = knob(64, 2, 1000, help="Steps of the climb; more are clearer and slower.")

The kind of a plain int, float, bool, str or ``Literal`` follows from the annotation.
"""

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from explainers.kinds import Choice, Kind, Number, Picture, Switch, Text, Whole
from models import Photo
from models.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One choice.

    Attributes:
        name, default: as in the params type.
        help: for the form and the command line; says what None does.
        kind: what the value can be; see `explainers.kinds`.
        optional: whether None, "let the lens choose", is allowed.
        auto: what the lens then chooses, in words.
        more: whether it belongs under "More", away from the choices that matter most.
        label: what the form writes beside it.
        only: values of other choices under which this one has an effect, as ``{"method": ("a", "b")}``.
    """

    name: str
    default: Any
    help: str
    kind: Kind
    optional: bool = False
    auto: str = ""
    more: bool = False
    label: str = ""
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def choices(self) -> tuple[Any, ...]:
        """The allowed values, where they are few."""
        return tuple(self.kind.options())

    def accept(self, value: Any) -> Any:
        """The value as the explainer gets it.

        Raises:
            InputError: it is not of this kind, or outside the bounds, which the text gives.
        """
        return None if value is None and self.optional else self.kind.accept(self.name, value)

    def effective(self, values: Mapping[str, Any]) -> bool:
        """Whether this choice has an effect beside the others, all of which ``values`` names."""
        return all(values[other] in allowed for other, allowed in self.only.items())

    def read(self, text: str) -> Any:
        """The value that a text, from a command line or a link, stands for; an `InputError` when it is none."""
        if self.optional and text.lower() in ("", "none", "auto"):
            return None
        return self.kind.read(self.name, text)

    def write(self, value: Any) -> str:
        """The value as `read` reads it."""
        return "auto" if value is None else self.kind.write(value)


def knob(  # noqa: PLR0913 - each argument is one of the form's facts
    default: Any,
    low: int | float | None = None,
    high: int | float | None = None,
    help: str = "",  # noqa: A002 - the word that every form library uses
    *,
    kind: Kind | None = None,
    auto: str = "",
    more: bool = False,
    label: str = "",
    only: Mapping[str, tuple[str, ...]] | None = None,
) -> Any:
    """A dataclass field with bounds and help; see `Knob`.

    Args:
        default: the value when nothing is chosen; None lets the lens choose.
        low: smallest allowed number; None for no bound.
        high: largest allowed number; None for no bound.
        help: one sentence; where ``auto`` is given, without its end: "; AUTO when left open." is added.
        kind: what the value can be, where the annotation does not say it.
        auto: what the lens chooses for None.
        more: whether it belongs under "More".
        label: what the form writes beside it; the name by default.
        only: values of other choices under which this one has an effect.
    """
    words = f"{help.rstrip('.')}; {auto} when left open." if auto else help
    facts = {"help": words, "auto": auto, "more": more, "label": label, "only": only or {}}
    return field(default=default, metadata={"knob": facts, "kind": kind, "bounds": (low, high)})


@dataclass(frozen=True, kw_only=True)
class Params:
    """All that the user chose. Subclass it, frozen and keyword-only, one `knob` a choice."""

    seed: int = knob(0, 0, 2**31 - 1, "Starts every random draw; the same seed gives the same result.", more=True)

    def __post_init__(self) -> None:
        for choice in knobs(type(self)):
            # A frozen dataclass is still being made: NumPy's numbers become plain, texts with commas become tuples.
            object.__setattr__(self, choice.name, choice.accept(getattr(self, choice.name)))

    def stamp(self) -> str:
        """What the choices point at, beyond their names: a folder's content. Part of the answer's address."""
        return "".join(choice.kind.stamp(getattr(self, choice.name)) for choice in knobs(type(self)))


@dataclass(frozen=True, kw_only=True)
class ImageParams(Params):
    """Parameters of a lens that explains one picture."""

    image: Photo


def knobs(params: type[Params]) -> tuple[Knob, ...]:
    """The choices of a params type, in the order in which they are declared; its own before the seed."""
    key: Any = params  # mypy takes the type of a dataclass for unhashable
    return _knobs(key)


@lru_cache
def _knobs(params: Any) -> tuple[Knob, ...]:
    hints = get_type_hints(params)
    declared = [_knob(entry, hints[entry.name]) for entry in fields(params) if "knob" in entry.metadata]
    return tuple(sorted(declared, key=lambda choice: choice.name == "seed"))


def _knob(entry: "dataclasses.Field[Any]", hint: Any) -> Knob:
    optional = False
    if get_origin(hint) in (Union, types.UnionType):
        optional = type(None) in get_args(hint)
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    facts = {**entry.metadata["knob"], "label": entry.metadata["knob"]["label"] or entry.name.capitalize()}
    kind = entry.metadata["kind"] or _plain_kind(hint, entry.metadata["bounds"])
    return Knob(name=entry.name, default=entry.default, kind=kind, optional=optional, **facts)


def _plain_kind(hint: Any, bounds: tuple[int | float | None, int | float | None]) -> Kind:
    """The kind that an annotation alone says."""
    if get_origin(hint) is Literal:
        return Choice(of=dict.fromkeys(get_args(hint), ""))
    if hint in (int, float):
        return (Whole if hint is int else Number)(*bounds)
    return {bool: Switch(), Photo: Picture()}.get(hint, Text())


def photos(params: Params) -> dict[str, Photo]:
    """The pictures among the choices by name: the one that is explained, and those beside it."""
    values = {entry.name: getattr(params, entry.name) for entry in fields(params)}
    return {name: value for name, value in values.items() if isinstance(value, Photo)}


def takes_image(params: type[Params]) -> bool:
    """Whether the lens explains one picture."""
    return issubclass(params, ImageParams)


def read(params: type[Params], texts: Mapping[str, str]) -> dict[str, Any]:
    """Values by name from ``key=value`` texts.

    Raises:
        InputError: an unknown name or an impossible value; the text says what is possible.
    """
    known = {choice.name: choice for choice in knobs(params)}
    for name in texts:
        if name not in known:
            raise InputError(f"There is no parameter '{name}'; the parameters are: {', '.join(known)}.")
    return {name: known[name].read(text) for name, text in texts.items()}
