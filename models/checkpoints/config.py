"""timm's pretrained config: how a picture becomes the input of a network, each field honoured or refused by name."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from timm.models import PretrainedCfg

from models import labels
from models.card import ModelCard
from models.errors import InputError
from models.imagesets.frame import MODES

FIELDS = tuple(entry.name for entry in dataclasses.fields(PretrainedCfg))
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
DEFAULTS = PretrainedCfg().to_dict()


def config_card(facts: Mapping[str, Any], origin: str, /, **known: Any) -> ModelCard:
    """A card from timm's pretrained config and what is known better.

    Args:
        facts: timm's fields; what is not given, or null, is as timm has it by default.
        origin: what the config is called in a sentence.
        known: of the card; ``labels`` where the classes' names are known.

    Raises:
        InputError: a field that timm does not have, or a value that it cannot have.
    """
    facts = {**DEFAULTS, **{name: value for name, value in facts.items() if value is not None}}
    if strange := [name for name in facts if name not in FIELDS]:
        raise InputError(f"{origin} has a field '{strange[0]}' that timm's pretrained_cfg has not; leave it out.")
    size = whole_numbers(facts["input_size"], 3, f"input_size in {origin}")
    if size[0] not in (1, 3):
        raise InputError(f"A photo has three channels, or one where it is grey; {origin} asks for {size[0]}.")
    names = labels.fitting(known.pop("labels", None) or class_names(facts), facts["num_classes"])
    return ModelCard(
        labels=names,
        input_size=(size[0], size[1], size[2]),
        mean=_colours(facts["mean"], size[0], f"mean in {origin}", low=0.0),
        std=_colours(facts["std"], size[0], f"std in {origin}", low=1e-6),
        interpolation=one_of(facts["interpolation"], INTERPOLATIONS, f"interpolation in {origin}"),
        crop_pct=_number(facts["crop_pct"], f"crop_pct in {origin}", low=0.01, high=10.0),
        crop_mode=one_of(facts["crop_mode"], MODES, f"crop_mode in {origin}"),
        **known,
    )


def class_names(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of a config's classes: its own, timm's for ImageNet and its larger sets, or numbers; none for none."""
    names, words = facts.get("label_names") or (), facts.get("label_descriptions") or {}
    if names:
        return tuple(str(words.get(name, name)) for name in names)
    return labels.of_count(whole_number(facts["num_classes"], "num_classes", low=0))


def whole_number(value: object, what: str, low: int = 1) -> int:
    """A whole number, as JSON or the text of a safetensors header holds it.

    Raises:
        InputError: it is none, or below ``low``.
    """
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise InputError(f"{what} must be a whole number from {low}; it is {_quoted(value)}.")
    return value


def whole_numbers(value: object, count: int, what: str) -> tuple[int, ...]:
    """Several of them: ``[3, 224, 224]``.

    Raises:
        InputError: they are not ``count`` whole numbers from 1.
    """
    given = value if isinstance(value, list | tuple) else ()
    if len(given) != count:
        raise InputError(f"{what} must be {count} whole numbers, as in [3, 224, 224]; it is {_quoted(value)}.")
    return tuple(whole_number(entry, what) for entry in given)


def one_of(value: object, known: tuple[str, ...], what: str) -> str:
    """A word out of several.

    Raises:
        InputError: it is none of them.
    """
    if value not in known:
        raise InputError(f"{what} cannot be {_quoted(value)}; use one of {', '.join(known)}.")
    return str(value)


def _number(value: object, what: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"{what} must be a number from {low:g} to {high:g}; it is {_quoted(value)}.")
    return float(value)


def _colours(value: object, channels: int, what: str, low: float) -> tuple[float, ...]:
    """A number for each channel; where they are not as many, their mean, as timm's own loader has it."""
    given = value if isinstance(value, list | tuple) else (value,)
    numbers = tuple(_number(entry, what, low, 100.0) for entry in given)
    return numbers if len(numbers) == channels else (sum(numbers) / len(numbers),) * channels


def _quoted(value: object) -> str:
    return repr(value)[:60]
