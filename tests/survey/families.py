"""The families that are surveyed, and a small member of each with random weights, awake, of a small input."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

SIDES = (128, 224, 256, 299)
OUTPUTS = 64
PLACES = (0, 1, 2, 3)
"""Quarters of a picture: upper left, upper right, lower left, lower right."""
MEMBERS: dict[str, str] = json.loads((Path(__file__).parent / "members.json").read_text())
SMALLER: dict[str, dict[str, int]] = {name: {"depth": 4} for name in ("deepseek_vit_412m", "gemma4_vit_167m")}
"""Arguments that make a member smaller, of families without a small one."""
SAMPLE = (
    "xcit",
    *("resnet", "convnext", "efficientnet", "mobilenetv3", "vision_transformer", "deit", "cait", "pit", "cspnet"),
    *("mambaout", "maxxvit", "nfnet", "byobnet", "regnet", "ghostnet", "mobilevit", "edgenext", "pvt_v2", "starnet"),
    *("repghost", "fasternet", "shvit", "efficientvit_msra", "efficientvit_mit", "inception_next", "eva", "tiny_vit"),
    *("levit", "resnetv2"),
)
"""Thirty of timm's families with quick members: what the tests survey."""
LARGE = ("base", "large", "huge", "giant", "so150m", "so400m", "gigantic", "xlarge", "enormous")


def families() -> dict[str, tuple[str, ...]]:
    """Members of each family: timm's modules, and the modules of torchvision's classifiers."""
    found: dict[str, tuple[str, ...]] = {
        f"timm/{family}": tuple(timm.list_models(module=family)) for family in timm.list_modules()
    }
    own = defaultdict(list)
    for name in torchvision.models.list_models(module=torchvision.models):
        own[torchvision.models.get_model_builder(name).__module__.rpartition(".")[2]].append(name)
    return found | {f"torchvision/{family}": tuple(names) for family, names in own.items()}


def smallest(family: str) -> str:
    """The member of a family with the fewest parameters: looked up, or built without memory."""
    if family in MEMBERS:
        return MEMBERS[family]
    names = families()[family]
    few = [name for name in names if not any(word in name for word in LARGE)] or list(names)
    return min(few, key=lambda name: _parameters(family, name))


def _parameters(family: str, name: str) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in _create(family, name).parameters())


def _create(family: str, name: str, **options: object) -> nn.Module:
    if family.startswith("timm/"):
        return timm.create_model(name, num_classes=OUTPUTS, **SMALLER.get(name, {}), **options)
    still = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(name, num_classes=OUTPUTS, **still, **options)


def build(family: str, name: str, least: int = 0) -> tuple[nn.Module, int]:
    """A member in eval mode and the side of the smallest square it reads, of ``least`` pixels or more.

    Raises:
        ValueError: it reads none of `SIDES`, nor the one it is made for.
    """
    torch.manual_seed(0)
    reasons = []
    for side in (side for side in _sides(family, name) if side >= least):
        for options in _options(family, side):
            try:
                network = _create(family, name, **options).eval()
                wake(network, side)
            except Exception as reason:  # whatever it raises at a size that it is not made for
                reasons.append(f"{side}: {type(reason).__name__} {reason}"[:120])
                continue
            return network, side
    raise ValueError("; ".join(reasons))


def _sides(family: str, name: str) -> Iterator[int]:
    yield from SIDES
    if family.startswith("timm/"):
        yield timm.get_pretrained_cfg(name).input_size[-1]


def _options(family: str, side: int) -> tuple[dict[str, int], ...]:
    return ({"img_size" if family.startswith("timm/") else "image_size": side}, {})


def wake(network: nn.Module, side: int) -> None:
    """Make a network that was only initialised do something with every layer; many begin asleep.

    Weights of zero are drawn, scales near zero become 1, and batch norms take the statistics of a few pictures.
    """
    generator = torch.Generator().manual_seed(0)
    for name, weight in network.named_parameters():
        level = float(weight.detach().abs().max())
        if weight.ndim > 1 and level == 0:
            nn.init.normal_(weight, std=weight[0].numel() ** -0.5, generator=generator)
        elif level < 0.2 and not name.endswith("bias") and bool((weight == weight.flatten()[0]).all()):
            nn.init.ones_(weight)
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    for norm in norms:
        norm.train().momentum = None
        norm.reset_running_stats()
    rough = torch.rand(4, 3, side, side, generator=generator)
    with torch.no_grad():
        answer = network(torch.cat([pictures(4, side, np.random.default_rng(1))[0], rough]) * 2 - 1)
    network.eval()
    if not isinstance(answer, Tensor) or answer.shape != (8, OUTPUTS):
        raise ValueError(f"answers with {getattr(answer, 'shape', type(answer))}")


def pictures(count: int, side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Pictures in pairs: the same one without and with a bright patch, in any quarter.

    Args:
        count: how many.
        side: rows and columns.
        rng: the source of randomness.

    Returns:
        Pictures (n, 3, side, side) in [0, 1], and whether each has a patch (n,).
    """
    made = _noise((count + 1) // 2, side, rng).repeat_interleave(2, 0)[:count]
    for index in range(1, count, 2):
        _put(made[index], int(rng.integers(4)))
    return made, torch.arange(count) % 2


def scene(side: int, rng: np.random.Generator) -> Tensor:
    """The same picture with a patch in each of `PLACES`: (4, 3, side, side) in [0, 1]."""
    made = _noise(1, side, rng).repeat(len(PLACES), 1, 1, 1)
    for place in PLACES:
        _put(made[place], place)
    return made


def _noise(count: int, side: int, rng: np.random.Generator) -> Tensor:
    """Smooth noise around a dark blue.

    Not around grey: networks that normalise each place to one size would blow up what is left of it.
    """
    coarse = torch.from_numpy(rng.random((count, 3, 8, 8), dtype=np.float32))
    noise = nn.functional.interpolate(coarse, size=(side, side), mode="bilinear", align_corners=False)
    return torch.tensor([0.1, 0.2, 0.3])[:, None, None] + 0.1 * noise


def _put(picture: Tensor, place: int) -> None:
    """Put a bright checked patch into a quarter of a picture (3, side, side)."""
    side = picture.shape[-1]
    size, cell = side * 3 // 8, max(2, side // 32)
    checks = (torch.arange(size)[:, None] // cell + torch.arange(size)[None] // cell) % 2
    top, left = (side // 16 + half * (side // 2) for half in (place // 2, place % 2))
    picture[:, top : top + size, left : left + size] = 0.6 + 0.4 * checks
