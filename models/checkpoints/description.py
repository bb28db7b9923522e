"""What describes a checkpoint: timm's ``config.json`` beside it, or the header of its .safetensors file.

Both forms of timm are read: fields of the pretrained config under ``pretrained_cfg``, and, as older versions wrote
them, beside ``architecture``. A field that is neither timm's nor ours is refused by name.
"""

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import timm
from timm.models import PretrainedCfg
from torch import nn

from models.checkpoints import config
from models.errors import InputError

# What timm writes beside the pretrained config; "format" stands in the header of every .safetensors file.
_BESIDE = ("architecture", "num_features", "global_pool", "model_args", "pretrained_cfg", "labels", "format")
_FACTORY = tuple(
    name for name in inspect.signature(timm.create_model).parameters if name not in ("kwargs", "model_name")
)


@dataclass(frozen=True)
class Description:
    """A checkpoint's own words about itself.

    Attributes:
        source: the file that says it, for sentences.
        architecture: name of the network; empty where nothing is said.
        fields: everything that is said, as read.
        names: of the classes; empty where nothing is said.
    """

    source: str
    architecture: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def text(self) -> str:
        """All of it as one text, the same for the same answers."""
        return json.dumps([self.architecture, dict(self.fields), self.names], sort_keys=True, default=str)

    def pretrained(self) -> dict[str, Any]:
        """Fields of timm's pretrained config; what stands outside ``pretrained_cfg`` counts, as in timm.

        Raises:
            InputError: a field that is not known, or that says something else than another.
        """
        inside = _table(self.fields, "pretrained_cfg", self.source)
        outside = {name: value for name, value in self.fields.items() if name in config.FIELDS}
        if strange := [name for name in self.fields if name not in (*config.FIELDS, *_BESIDE)]:
            raise InputError(
                f"'{self.source}' has a field '{strange[0]}' that neither timm's config.json nor Seewhy knows; leave it"
                " out, or put what the network's class takes under 'model_args'."
            )
        facts = {name: value for name, value in {**inside, **outside}.items() if value is not None}
        if facts.get("label_offset"):
            raise InputError(f"'{self.source}' has a label_offset; save the network without the unused classes.")
        return {**facts, **self._sizes(facts)}

    def arguments(self) -> dict[str, Any]:
        """``model_args``: what the network's class takes.

        Raises:
            InputError: it is no table, or holds what belongs to timm's factory.
        """
        given = _table(self.fields, "model_args", self.source)
        if strange := [name for name in given if name in _FACTORY]:
            raise InputError(
                f"'{self.source}' has '{strange[0]}' in model_args, which is no part of a network; leave it out."
            )
        return {name: value for name, value in given.items() if value is not None}

    def _sizes(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Input size and number of classes, with what ``model_args`` and the names say of them."""
        size, arguments = facts.get("input_size"), self.arguments()
        chosen: dict[str, Any] = {}
        if "in_chans" in arguments or "img_size" in arguments:
            channels, *sides = config.whole_numbers(size or self._usual(), 3, f"input_size in '{self.source}'")
            side = arguments.get("img_size", sides)
            chosen["input_size"] = (
                arguments.get("in_chans", channels),
                *([side] * 2 if isinstance(side, int) else side),
            )
        counts = [given for given in (facts.get("num_classes"), arguments.get("num_classes")) if given is not None]
        counts = [config.whole_number(given, f"num_classes in '{self.source}'", low=0) for given in counts]
        if self.names and counts and len(self.names) != counts[0]:
            raise InputError(
                f"'{self.source}' says num_classes {counts[0]} and there are {len(self.names)} names of classes; name"
                " each class once, or leave the names out."
            )
        if counts or self.names:
            chosen["num_classes"] = counts[0] if counts else len(self.names)
        return chosen

    def _usual(self) -> tuple[int, ...]:
        """The input size that timm has for the architecture."""
        known = timm.get_pretrained_cfg(self.architecture) if timm.is_model(self.architecture) else None
        return tuple((known or PretrainedCfg()).input_size)

    def network(self) -> nn.Module:
        """The network that is described, without weights.

        Raises:
            InputError: timm's network of this name does not take what ``model_args`` says, or is another one.
        """
        facts = self.pretrained()
        overlay: dict[str, Any] = {
            name: facts[name] for name in ("input_size", "num_classes", "fixed_input_size") if name in facts
        }
        create = partial(timm.create_model, self.architecture, pretrained=False, pretrained_cfg_overlay=overlay)
        arguments = self.arguments()
        pool = self.fields.get("global_pool")
        try:
            network: nn.Module = create(**arguments)
            if pool is not None and getattr(network, "global_pool", pool) != pool:
                network = create(**{"global_pool": pool, **arguments})
        except Exception as error:  # a constructor may raise anything; all mean the same to a person
            raise InputError(
                f"timm cannot make {self.architecture} as '{self.source}' describes it ({_first_line(error)}); correct"
                " 'model_args' and 'input_size' there."
            ) from error
        self._check_features(network)
        return network

    def _check_features(self, network: nn.Module) -> None:
        wanted = self.fields.get("num_features")
        if wanted is None:
            return
        width = getattr(network, "num_features", None)
        if config.whole_number(wanted, f"num_features in '{self.source}'") != width:
            raise InputError(
                f"'{self.source}' says num_features {wanted} and {self.architecture} has {width}; correct"
                " 'architecture' or 'model_args' there."
            )


def describe(path: Path) -> Description:
    """What lies beside a weights file, or in its header, and the names of the classes.

    Raises:
        InputError: the file or what is beside it cannot be read.
    """
    source, fields = _read(path)
    names = _names(fields, source) or _listed(path)
    said = fields.get("architecture")
    return Description(source, said.removeprefix("timm/") if isinstance(said, str) else "", fields, names)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    for beside in (path.with_suffix(".json"), path.with_name("config.json")):
        if beside.is_file():
            try:
                about = json.loads(beside.read_text("utf-8-sig"))
            except ValueError as error:
                raise InputError(f"'{beside.name}' is not valid JSON; it should describe the model.") from error
            return beside.name, about if isinstance(about, dict) else {}
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                return path.name, {name: _parsed(text) for name, text in (file.metadata() or {}).items()}
        except SafetensorError as error:
            raise InputError(f"'{path.name}' is damaged; save or copy it again.") from error
    return path.with_suffix(".json").name, {}


def _parsed(text: str) -> Any:
    """A header holds texts only: tables and lists stand there as JSON."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _names(fields: Mapping[str, Any], source: str) -> tuple[str, ...]:
    inside = _table(fields, "pretrained_cfg", source)
    names = fields.get("label_names") or fields.get("labels") or inside.get("label_names") or []
    words = fields.get("label_descriptions") or inside.get("label_descriptions") or {}
    if not isinstance(names, list) or not all(isinstance(name, str | int | float) for name in names):
        raise InputError(f'label_names in \'{source}\' must be a list of names, as in ["cat", "dog"].')
    if not isinstance(words, dict):
        raise InputError(f'label_descriptions in \'{source}\' must be a table, as in {{"cat": "cat, a pet"}}.')
    return tuple(str(words.get(str(name), name)) for name in names)


def _listed(path: Path) -> tuple[str, ...]:
    for beside in (path.with_suffix(".txt"), path.with_name("labels.txt")):
        if beside.is_file():
            lines = beside.read_text("utf-8-sig", errors="replace").splitlines()
            return tuple(line.strip() for line in lines if line.strip())
    return ()


def _table(fields: Mapping[str, Any], name: str, source: str) -> dict[str, Any]:
    given = fields.get(name)
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise InputError(f"{name} in '{source}' must be a table, as in {{\"{name}\": {{}}}}.")
    return given


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
