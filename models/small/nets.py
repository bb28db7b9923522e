"""The small networks: how they are built, what they know, how well."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from safetensors import safe_open
from timm.models.resnet import BasicBlock, ResNet
from torch import nn

from models.errors import InputError

WEIGHTS = Path(__file__).parent / "weights"
CLOTHES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "trainer", "bag", "ankle boot")
FASHION, CIFAR = "Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, MIT licence)", "CIFAR-10 (Krizhevsky 2009)"
THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True, slots=True)
class Spec:
    """One small network.

    Attributes:
        name, title: as in the zoo.
        make: builds it without weights.
        labels: in the order of its answers.
        input_size, mean, std: how it sees.
        data: what it learnt, and under which licence.
        mirrored: whether a picture and its mirror image are the same thing.
    """

    name: str
    title: str
    make: Callable[[], nn.Module]
    labels: tuple[str, ...]
    input_size: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    data: str
    mirrored: bool = True

    @property
    def path(self) -> Path | None:
        """The shipped weights, or None where there are none."""
        file = WEIGHTS / f"{self.name}.safetensors"
        return file if file.is_file() else None

    @property
    def metadata(self) -> dict[str, str]:
        """What is written in the weights file: accuracy, seed, command, versions."""
        if self.path is None:
            return {}
        with safe_open(self.path, framework="pt") as opened:
            return dict(opened.metadata() or {})


def _lenet() -> nn.Module:
    """LeNet-5 (LeCun et al. 1998) with ReLUs, max pooling and more channels."""
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
        nn.Sequential(nn.Linear(800, 120), nn.ReLU()),
        nn.Sequential(nn.Linear(120, 84), nn.ReLU()),
        nn.Linear(84, 10),
    )


def _resnet(colours: int, channels: tuple[int, ...], stem: int) -> nn.Module:
    return ResNet(
        BasicBlock,  # type: ignore[arg-type]  # timm takes the class but is annotated as taking an instance
        (1, 1, 1, 1),
        num_classes=10,
        in_chans=colours,
        output_stride=8,
        channels=channels,
        stem_width=stem,
        replace_stem_pool=True,
    )


def _vgg() -> nn.Module:
    """Plain convolutions (Simonyan and Zisserman 2015), narrow and normalised: a judge unlike a ResNet."""
    return nn.Sequential(
        nn.Sequential(*_conv(3, 32), nn.MaxPool2d(2)),
        nn.Sequential(*_conv(32, 64), *_conv(64, 64), nn.MaxPool2d(2)),
        nn.Sequential(*_conv(64, 128), *_conv(128, 128)),
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        nn.Linear(128, 10),
    )


def _conv(before: int, after: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()


SPECS: dict[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec(
            "fashion_lenet",
            "LeNet of Fashion-MNIST",
            _lenet,
            CLOTHES,
            (1, 28, 28),
            (0.286,),
            (0.353,),
            FASHION,
            mirrored=False,
        ),
        Spec(
            "cifar10_cnn",
            "Narrow ResNet of CIFAR-10",
            partial(_resnet, 3, (32, 64, 96, 128), 32),
            THINGS,
            (3, 32, 32),
            (0.491, 0.482, 0.447),
            (0.247, 0.243, 0.262),
            CIFAR,
        ),
        Spec(
            "fashion_resnet",
            "Narrow ResNet of Fashion-MNIST",
            partial(_resnet, 1, (24, 48, 64, 96), 24),
            CLOTHES,
            (1, 28, 28),
            (0.286,),
            (0.353,),
            FASHION,
            mirrored=False,
        ),
        Spec(
            "cifar10_vgg",
            "Plain convolutions of CIFAR-10",
            _vgg,
            THINGS,
            (3, 32, 32),
            (0.491, 0.482, 0.447),
            (0.247, 0.243, 0.262),
            CIFAR,
        ),
    )
}


def spec(name: str) -> Spec:
    """The network of a name; an `InputError` that lists all names otherwise."""
    if name not in SPECS:
        raise InputError(f"There is no small network '{name}'; there are: {', '.join(SPECS)}.")
    return SPECS[name]


def build(name: str) -> nn.Module:
    """The network without weights."""
    return spec(name).make()
