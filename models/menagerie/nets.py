"""The small networks that know the menagerie: how they are built, how they see, how well they do."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, UInt8
from numpy import ndarray
from safetensors import safe_open
from timm.layers import PatchEmbed
from timm.models.resnet import BasicBlock, ResNet
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from models.errors import InputError, NotReadyError
from models.menagerie.scenes import WORLD
from models.menagerie.species import CLASSES

SIZE = 128


class ConvStem(PatchEmbed):
    """Patches of 16 pixels through four convolutions, which learn from fewer pictures (Xiao et al., NeurIPS 2021)."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """As timm's ``PatchEmbed``, whose projection is replaced."""
        super().__init__(*args, **options)
        widths = (3, 24, 48, 96, options["embed_dim"])
        steps: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            steps += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.register_module("proj", nn.Sequential(*steps, nn.Conv2d(widths[-1], widths[-1], 1)))


def _cnn() -> nn.Module:
    return ResNet(
        BasicBlock,  # type: ignore[arg-type]  # timm takes the class but is annotated as taking an instance
        (1, 1, 1, 1),
        num_classes=len(CLASSES),
        output_stride=16,
        channels=(24, 48, 80, 128),
        stem_width=24,
    )


def _vit() -> nn.Module:
    return VisionTransformer(
        img_size=SIZE,
        patch_size=16,
        num_classes=len(CLASSES),
        embed_dim=128,
        depth=5,
        num_heads=4,
        embed_layer=ConvStem,
    )


@dataclass(frozen=True, slots=True)
class Spec:
    """One network of the menagerie."""

    name: str
    title: str
    make: Callable[[], nn.Module]
    biased: bool = False
    input_size: tuple[int, int, int] = (3, SIZE, SIZE)
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)

    @property
    def file(self) -> Path:
        """Where the shipped weights lie, whether or not they are there."""
        return Path(str(resources.files("models.menagerie") / "weights" / f"{self.name}.safetensors"))

    @property
    def path(self) -> Path | None:
        """The shipped weights, or None where there are none."""
        return self.file if self.file.is_file() else None

    @property
    def metadata(self) -> dict[str, str]:
        """What is written in the weights file: seed, accuracy, command, versions."""
        if self.path is None:
            return {}
        with safe_open(self.path, framework="pt") as opened:
            return dict(opened.metadata() or {})

    @property
    def world(self) -> int:
        """The version of the world that the shipped weights know."""
        return int(self.metadata.get("world", 1))

    @property
    def accuracy(self) -> float | None:
        """Share of fresh pictures named rightly, measured at the end of the training."""
        accuracy = self.metadata.get("accuracy")
        return None if accuracy is None else float(accuracy)


SPECS: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec("menagerie_cnn", "Menagerie CNN (a narrow ResNet)", _cnn),
        Spec("menagerie_vit", "Menagerie ViT (a small vision transformer)", _vit),
        Spec("menagerie_biased_cnn", "Menagerie CNN that learnt a shortcut", _cnn, biased=True),
    )
}


def world_of(name: str) -> int:
    """The version of the world that a model is asked about: the one it learnt, or the newest."""
    return SPECS[name].world if name in SPECS and SPECS[name].path else WORLD


def spec(name: str) -> Spec:
    """The network of a name, or a clear refusal."""
    if name not in SPECS:
        raise InputError(f"The menagerie has no network '{name}': use one of {', '.join(SPECS)}.")
    return SPECS[name]


def build(name: str) -> nn.Module:
    """An untrained network; its input is (N, 3, 128, 128) with mean and standard deviation 0.5."""
    return spec(name).make()


def load(name: str) -> nn.Module:
    """A trained network in eval mode, from the weights in the package.

    Raises:
        InputError: no such network.
        NotReadyError: its weights are not in the package.
    """
    chosen = spec(name)
    if chosen.path is None:
        raise NotReadyError(
            f"The weights of {name} are missing: run `seewhy train menagerie --name {name} --out FILE`."
        )
    network = build(name)
    with safe_open(chosen.path, framework="pt") as opened:
        network.load_state_dict({key: opened.get_tensor(key) for key in opened.keys()})  # noqa: SIM118 (no iterator)
    return network.eval()


def normalise(images: UInt8[Tensor, "n s s 3"]) -> Float[Tensor, "n 3 s s"]:
    """Pictures as the networks take them."""
    return images.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


def predictor(network: nn.Module, batch: int = 64) -> Callable[[UInt8[ndarray, "n s s 3"]], Float[ndarray, "n k"]]:
    """A plain function from pictures to logits, for the truth and for tests."""

    def predict(images: UInt8[ndarray, "n s s 3"]) -> Float[ndarray, "n k"]:
        device = next(network.parameters()).device
        with torch.inference_mode():
            pieces = [
                network(normalise(piece.to(device))).float().cpu() for piece in torch.from_numpy(images).split(batch)
            ]
        return torch.cat(pieces).numpy()

    return predict
