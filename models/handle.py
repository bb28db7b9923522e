"""A model before and after it is loaded: the card, which needs no weights, and the handle, which has them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from models import labels, weights
from models.errors import InputError
from models.imagesets.colour import luma
from models.imagesets.frame import Frame, Resampling, frame, lay_out
from models.imagesets.photo import Photo
from models.layers import Layer, attends, find_layers
from models.split import Body, Tail, split

Picture = Photo | Image.Image | np.ndarray | str | Path


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
        return attends(self._meta) and any(layer.layout == "tokens" for layer in self.layers)

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

    def check_target(self, target: int) -> int:
        """``target`` if it is a class of this model.

        Raises:
            InputError: naming the range.
        """
        if not 0 <= target < len(self.labels):
            raise InputError(f"{self.name} has no class {target}: choose one from 0 to {len(self.labels) - 1}.")
        return target


def by_channel(name: str, values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """A value for each channel; one value, or the same one several times, stands for all.

    Raises:
        InputError: several different values, and not one for each channel.
    """
    if len(values) != channels and len(set(values)) != 1:
        raise InputError(f"The network has {channels} channels and {name} has {len(values)} values; give {channels}.")
    return tuple(values) if len(values) == channels else tuple(values[:1]) * channels


def pick_layer(layers: tuple[Layer, ...], name: str | None, model: str) -> Layer:
    """The layer called ``name``, or the default one; an `InputError` that names good ones otherwise."""
    for layer in layers:
        if layer.name == name or (not name and layer.default):
            return layer
    good = ", ".join([layer.name for layer in layers if layer.main][-12:])
    if not layers:
        raise InputError(f"{model} has no layer with a map over the image, so there is nothing to draw on it.")
    raise InputError(f"{model} has no layer '{name}' with a map over the image; choose one of: {good}.")


class ModelHandle:
    """A network in eval mode on its device, with the card that says how to feed and read it."""

    def __init__(self, network: nn.Module, card: ModelCard, device: torch.device) -> None:
        self.network = network
        self.card = card
        self.device = device
        self._cuts: dict[str, tuple[Body, Tail]] = {}  # checking a cut costs three forward passes

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the weights: of their file, or of the tensors for a network of your own."""
        return self.card.digest or state_digest(self.network)

    @property
    def nbytes(self) -> int:
        """Bytes that the parameters and buffers take, and a CLIP's text tower beside them."""
        beside = getattr(self.network, "beside", tuple)
        state = [*self.network.parameters(), *self.network.buffers(), *beside()]
        return sum(tensor.numel() * tensor.element_size() for tensor in state)

    def view(self, image: Picture) -> Photo:
        """The picture as the model sees it: resized, cut or padded to its size, grey for one channel; still 8-bit RGB.

        Raises:
            InputError: one side is more than 100 times the other, so that nothing of it could be seen.
        """
        photo = as_photo(image)
        pil = photo.pil() if self.card.input_size[0] > 1 else photo.pil().convert("L")
        seen = lay_out(pil, self.frame(photo.pixels.shape), self.card.resampling)
        return Photo(np.asarray(seen.convert("RGB")), photo.name)

    def frame(self, photo: tuple[int, ...]) -> Frame:
        """Where a photo of this size (rows, columns, ...) lies in what the model sees."""
        return self.card.frame(photo)

    def normalise(self, images: np.ndarray) -> Float[Tensor, "n c h w"]:
        """uint8 (N, H, W, 3) -> the network's input (N, C, H, W) on its device; one channel is their grey."""
        pixels = luma(images) if self.card.input_size[0] == 1 else images
        batch = torch.tensor(pixels, device=self.device).permute(0, 3, 1, 2).to(torch.float32).div_(255)
        batch = batch.sub_(self._column(self.card.mean)).div_(self._column(self.card.std))
        return batch.contiguous(memory_format=self.memory_format)

    @property
    def memory_format(self) -> torch.memory_format:
        """The layout in which inputs are fed."""
        return torch.channels_last if self.card.channels_last else torch.contiguous_format

    def preprocess(self, image: Picture) -> Float[Tensor, "c h w"]:
        """Any picture -> one normalised input (C, H, W) on the model's device."""
        return self.normalise(self.view(image).pixels[None])[0]

    def restore(self, tensor: Float[Tensor, "c h w"]) -> np.ndarray:
        """A normalised input (C, H, W) -> uint8 (H, W, 3), rounded and clipped; grey in all three for one channel."""
        pixels = tensor.detach() * self._column(self.card.std) + self._column(self.card.mean)
        colours = pixels.mul(255).round().clamp(0, 255).to(torch.uint8).expand(3, -1, -1)
        return colours.permute(1, 2, 0).cpu().numpy()

    def layers(self) -> tuple[Layer, ...]:
        """The layers that can be looked at, in the order in which they finish."""
        return self.card.layers

    def layer(self, name: str | None) -> Layer:
        """The layer called ``name``, or the default one for None; `InputError` for one that is not there."""
        return self.card.layer(name)

    def split(self, layer: str | None) -> tuple[Body, Tail]:
        """Cut at a layer: ``body(x)`` is the layer's own output, ``tail(body(x))`` the logits."""
        name = self.layer(layer).name
        if name not in self._cuts:
            self._cuts[name] = self._cut(name)
        return self._cuts[name]

    def _cut(self, name: str) -> tuple[Body, Tail]:
        probe = torch.linspace(-1, 1, int(np.prod(self.card.input_size)), device=self.device)
        return split(self.network, name, probe.sin().reshape(1, *self.card.input_size))

    def _column(self, values: tuple[float, ...]) -> Tensor:
        return torch.tensor(values, device=self.device).view(-1, 1, 1)


def as_photo(image: Picture) -> Photo:
    """A `Photo` from a path, a Pillow image, an array (H, W, 3) of uint8, or a photo."""
    if isinstance(image, Photo):
        return image
    if isinstance(image, np.ndarray):
        return Photo(image)
    from models.imagesets import from_pil, open_upload

    if isinstance(image, Image.Image):
        return from_pil(image, "image")
    path = Path(image)
    if not path.is_file():
        raise InputError(f"There is no file '{path}'; give the path of a picture.")
    return open_upload(path.read_bytes(), path.name)


def state_digest(network: nn.Module) -> str:
    """SHA-256 over names, types, shapes and bytes of all parameters and buffers, in order."""
    sha = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        value = tensor.detach().cpu().contiguous()
        sha.update(f"{name}:{value.dtype}:{tuple(value.shape)};".encode())
        sha.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()


def wrap(  # noqa: PLR0913 - the public signature of DESIGN section 2
    network: nn.Module,
    *,
    input_size: tuple[int, int, int],
    mean: tuple[float, ...] = (0.5, 0.5, 0.5),
    std: tuple[float, ...] = (0.5, 0.5, 0.5),
    labels: tuple[str, ...] | list[str] = (),
    name: str = "own model",
    device: str = "auto",
) -> ModelHandle:
    """Make a handle of any classifier of yours: (B, 3, H, W) -> logits (B, K).

    The network is put in eval mode and on ``device``; nothing else of it is changed.

    Raises:
        InputError: the network does not answer with logits (1, K), or K is not the number of labels.
    """
    place = weights.device(device)
    network = network.to(place).eval()
    probe = torch.zeros(1, *input_size, device=place)
    with torch.inference_mode():
        logits: Any = network(probe)
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        raise InputError(f"The network must answer with logits (batch, classes); it gave {_shape(logits)}.")
    names = tuple(labels) or tuple(f"class {index}" for index in range(logits.shape[1]))
    if len(names) != logits.shape[1]:
        raise InputError(f"The network has {logits.shape[1]} classes, but {len(names)} labels were given.")
    card = ModelCard(
        name=name,
        title=name,
        labels=names,
        input_size=input_size,
        mean=tuple(mean),
        std=tuple(std),
        build=lambda: network,
        fill=lambda _network, _path: None,
        source="yours",
    )
    card.__dict__["layers"] = find_layers(network, probe)
    return ModelHandle(network, card, place)


def _shape(value: object) -> str:
    return str(tuple(value.shape)) if isinstance(value, Tensor) else type(value).__name__
