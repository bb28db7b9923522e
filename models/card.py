"""A model before it is loaded: what is known without its weights."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from models import labels, weights
from models.errors import InputError, UnfitError
from models.imagesets.frame import Frame, Resampling, frame
from models.layers import Layer, find_layers, is_attention


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What is known of a model before its weights are read.

    Attributes:
        name: how the zoo calls it, ``efficientnet_lite0`` or ``timm/resnet50``.
        title: how a person calls it.
        labels: class names in the order of the logits.
        input_size: channels, rows, columns; one channel is grey.
        mean, std: of each channel, for pixels in [0, 1].
        interpolation, crop_pct, crop_mode: how a photo is resized to ``size / crop_pct`` and cut or padded to ``size``,
            as timm calls and does it: `models.imagesets.frame`.
        licence, source, paper: of the weights, where they come from, what describes them.
        build: makes the network without weights.
        fill: puts the weights into it.
        path: the weights' file, or None while it is not on this machine.
        remedy: how to get the weights; empty when they are here.
        channels_last: whether this memory layout is the faster one for it.
        about: what decides the answers beside the weights: a description that came with them.
        notes: what was done to read the weights, in sentences; empty where they lay ready.
    """

    name: str
    title: str
    labels: tuple[str, ...] = field(repr=False)
    input_size: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str = "bicubic"
    crop_pct: float = 1.0
    crop_mode: str = "center"
    licence: str = "unknown"
    source: str = ""
    paper: str = ""
    build: Callable[[], nn.Module] = field(repr=False, compare=False)
    fill: Callable[[nn.Module, Path], None] = field(repr=False, compare=False)
    path: Path | None = None
    remedy: str = ""
    channels_last: bool = False
    about: str = field(default="", repr=False)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            object.__setattr__(self, name, by_channel(name, getattr(self, name), self.input_size[0]))

    @property
    def ready(self) -> bool:
        """Whether the weights are on this machine."""
        return self.path is not None

    @property
    def digest(self) -> str:
        """SHA-256 of the weights' file; empty while it is not here."""
        return weights.sha256(self.path) if self.path else ""

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that can be looked at, found on the meta device: no weights, no arithmetic."""
        with torch.device("meta"):
            return find_layers(self._meta, torch.empty(1, *self.input_size))

    @cached_property
    def attends(self) -> bool:
        """Whether its blocks attend over the whole picture, so that methods that read attention fit it."""
        return any(map(is_attention, self._meta.modules())) and any(layer.layout == "tokens" for layer in self.layers)

    @property
    def reads_words(self) -> bool:
        """Whether it has a text tower, so that a sentence can be asked about."""
        return hasattr(self._meta, "reader")

    @cached_property
    def _meta(self) -> nn.Module:
        with torch.device("meta"):
            return self.build().eval()

    def frame(self, photo: tuple[int, ...]) -> Frame:
        """Where a photo of this size (rows, columns, ...) lies in what the model sees."""
        return frame(photo, self.input_size[1:], self.crop_pct, self.crop_mode)

    @property
    def resampling(self) -> Resampling:
        """How pixels of a photo become those that the model sees; a border takes the mean colour, as in timm."""
        colours = self.mean if self.crop_mode == "border" else (0.0,) * self.input_size[0]
        return Resampling(self.interpolation, tuple(round(255 * value) for value in colours))

    def layer(self, name: str | None) -> Layer:
        """The layer called ``name``, or the default one.

        Raises:
            InputError: there is no such layer, or it has no map over the image.
        """
        return pick_layer(self.layers, name, self.name)

    def short(self, index: int) -> str:
        """The first of a class's names."""
        return labels.short(self.labels[index])

    @property
    def has_classes(self) -> bool:
        """Whether it tells classes; a network without a classifier answers with features."""
        return self.labels != labels.NONE

    @property
    def classless(self) -> str:
        """What is said where a class is asked of a model without a classifier."""
        return (
            f"{self.title} has no classifier: it answers with features, not classes. Ask gradcam with"
            " question=neuron or question=likeness, or with method=eigencam."
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know before asking: how the weights were read, and that there are no classes."""
        return (
            self.notes if self.has_classes else (*self.notes, "No class names: neurons, likeness and attention only.")
        )

    def check_target(self, target: int) -> int:
        """``target`` if it is a class of this model.

        Raises:
            InputError: naming the range.
        """
        if not self.has_classes:
            raise UnfitError(self.classless)
        if not 0 <= target < len(self.labels):
            raise InputError(f"{self.name} has no class {target}: choose one from 0 to {len(self.labels) - 1}.")
        return target


def by_channel(name: str, values: float | Iterable[float], channels: int) -> tuple[float, ...]:
    """A value for each channel; one value, or the same one several times, stands for all.

    Raises:
        InputError: no numbers, several different ones and not one for each channel, or a mean that is not one of pixels
            in [0, 1].
    """
    try:
        given = tuple(float(value) for value in (values if isinstance(values, Iterable) else (values,)))
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} has a number for each channel, as (0.5, 0.5, 0.5); got {values!r}.") from error
    if len(given) != channels and len(set(given)) != 1:
        raise InputError(f"The network has {channels} channels and {name} has {len(given)} values; give {channels}.")
    if name == "mean" and max(given) > 1:
        raise InputError(f"The mean is one of pixels in [0, 1], and got {given}; divide mean and std by 255.")
    return given if len(given) == channels else given[:1] * channels


def pick_layer(layers: tuple[Layer, ...], name: str | None, model: str) -> Layer:
    """The layer called ``name``, or the default one; an `InputError` that names good ones otherwise."""
    for layer in layers:
        if layer.name == name or (not name and layer.default):
            return layer
    good = ", ".join([layer.name for layer in layers if layer.main][-12:])
    if not layers:
        raise InputError(f"{model} has no layer with a map over the image, so there is nothing to draw on it.")
    raise InputError(f"{model} has no layer '{name}' with a map over the image; choose one of: {good}.")
