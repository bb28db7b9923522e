"""A loaded model: its network, how to feed it, and how to read what it answers."""

from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from models.card import ModelCard, pick_layer
from models.errors import InputError, UnfitError
from models.examination import cells
from models.examination.answers import with_logits
from models.examination.examine import examine
from models.examination.findings import Findings
from models.imagesets.colour import luma
from models.imagesets.frame import Frame, lay_out
from models.imagesets.photo import Photo
from models.layers import Layer
from models.split import Body, Tail, split
from models.weights import state_digest

Picture = Photo | Image.Image | np.ndarray | str | Path


class ModelHandle:
    """A network in eval mode on its device, with the card that says how to feed and read it."""

    def __init__(
        self, network: nn.Module, card: ModelCard, device: torch.device, findings: Findings | None = None
    ) -> None:
        """Findings are given for a network that was examined before, and answers with logits already."""
        self._given = network
        self._known = findings
        self.card = card
        self.device = device
        self._cuts: dict[str, tuple[Body, Tail]] = {}  # checking a cut costs three forward passes

    @cached_property
    def findings(self) -> Findings:
        """What running the network showed; measured once, before the first explanation.

        Raises:
            InputError: it cannot be explained, or its classes are not those of the card.
        """
        if self._known is not None:
            return self._known
        pictures = cells.pictures(self.card.input_size).to(self.device)
        x = (pictures - self._column(self.card.mean)) / self._column(self.card.std)
        findings = examine(self._given, x.contiguous(memory_format=self.memory_format), self.card.title)
        sides = 2 if findings.count == 1 else findings.count
        if self.card.labels and self.card.has_classes and len(self.card.labels) != sides:
            raise InputError(
                f"{self.card.title} answers with {findings.count} classes, but {len(self.card.labels)} are named; give"
                f" {findings.count} label_names."
            )
        self.card.__dict__["layers"] = findings.layers
        return findings.check(self.card.title)

    @property
    def examined(self) -> bool:
        """Whether the network was run already, so that `findings` costs nothing."""
        return self._known is not None or "findings" in vars(self)

    @cached_property
    def network(self) -> nn.Module:
        """The network, whose answer is logits."""
        if self._known is not None:
            return self._given
        return with_logits(self._given, self.findings)

    def under(self, network: nn.Module) -> "ModelHandle":
        """The same model with other weights, which are not examined again."""
        return ModelHandle(network, self.card, self.device, self.findings)

    def chances(self, logits: Float[Tensor, "*b k"]) -> Float[Tensor, "*b k"]:
        """Probabilities of logits: each class's own where there is one logit or a sigmoid, else all add up to 1."""
        alone = self.findings.count == 1 or self.findings.answers == "yes-no probabilities"
        return logits.sigmoid() if alone else logits.softmax(-1)

    def first_answer(self, logits: Float[Tensor, " k"]) -> int:
        """The class that is explained where none is chosen: the likeliest, or what the one logit stands for.

        Raises:
            UnfitError: the model has no classes, or its logits are not finite.
        """
        if not self.card.has_classes:
            raise UnfitError(self.card.classless)
        if not bool(torch.isfinite(logits).all()):
            raise UnfitError(f"{self.card.title} answers this picture with numbers that are not finite; take another.")
        return 0 if self.findings.count == 1 else int(logits.argmax())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the weights: of their file, or of the tensors for a network of your own."""
        return self.card.digest or state_digest(self._given)

    @property
    def nbytes(self) -> int:
        """Bytes that the parameters and buffers take, and a CLIP's text tower beside them."""
        beside = getattr(self._given, "beside", tuple)
        state = [*self._given.parameters(), *self._given.buffers(), *beside()]
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
        return self.findings.layers

    def layer(self, name: str | None) -> Layer:
        """The layer called ``name``, or the default one for None; `InputError` for one that is not there."""
        if self.findings.scripted and not self.findings.layers:
            raise InputError(
                f"{self.card.title} is a TorchScript program, which hides its layers; wrap the module that it was"
                " scripted or traced from, or choose a method of pixels such as saliency."
            )
        if self.findings.repeated and not self.findings.layers:
            raise InputError(
                f"Every layer of {self.card.title} runs more than once for a picture, so none has one map of it; choose"
                " a method of pixels such as saliency."
            )
        return pick_layer(self.findings.layers, name, self.card.name)

    def split(self, layer: str | None) -> tuple[Body, Tail]:
        """Cut at a layer: ``body(x)`` is the layer's own output, ``tail(body(x))`` the logits."""
        name = self.layer(layer).name
        if name not in self._cuts:
            self._cuts[name] = self._cut(name)
        return self._cuts[name]

    def _cut(self, name: str) -> tuple[Body, Tail]:
        probe = torch.linspace(-1, 1, int(np.prod(self.card.input_size)), device=self.device)
        whole = [layer.name for layer in self.findings.layers if layer.name in self.findings.whole]
        return split(self.network, name, probe.sin().reshape(1, *self.card.input_size), whole)

    def _column(self, values: tuple[float, ...]) -> Tensor:
        return torch.tensor(values, device=self.device).view(-1, 1, 1)


def as_photo(image: object) -> Photo:
    """A `Photo` from a path, a Pillow image, an array (H, W, 3) of uint8, or a photo."""
    if isinstance(image, Photo):
        return image
    if isinstance(image, np.ndarray):
        return Photo(image)
    from models.imagesets import from_pil, open_upload

    if isinstance(image, Image.Image):
        return from_pil(image, "image")
    if not isinstance(image, str | Path):
        raise InputError(
            f"A picture is a path, a Pillow image or an array of uint8 (height, width, 3); got {type(image).__name__}."
        )
    path = Path(image)
    if not path.is_file():
        raise InputError(f"There is no file '{path}'; give the path of a picture.")
    return open_upload(path.read_bytes(), path.name)
