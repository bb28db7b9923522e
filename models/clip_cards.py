"""The cards of CLIPs: ``clip/ARCHITECTURE/TAG`` with weights from the hub, or a file of yours."""

import hashlib
import importlib.util
import json
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from models import clip, labels, weights
from models.card import ModelCard
from models.checkpoints.config import one_of
from models.errors import InputError, NotReadyError

DESCRIBED = ("architecture", "model_cfg", "preprocess_cfg", "label_names", "labels", "label_descriptions", "format")
PREPARED = ("size", "mode", "mean", "std", "interpolation", "resize_mode", "fill_color")
RESIZED = {"shortest": "center", "squash": "squash"}  # open_clip's word: timm's
LISTED = ("clip/ViT-B-32/openai", "clip/RN50/openai")
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, kw_only=True)
class ClipCard(ModelCard):
    """A card whose digest knows the names of the classes too: they are the head."""

    @property
    def digest(self) -> str:
        """SHA-256 over the weights' file, the classes' sentences, the architecture and open_clip's version."""
        return hashlib.sha256(f"{weights.sha256(self.path)}{self.about}".encode()).hexdigest() if self.path else ""


def names() -> tuple[str, ...]:
    """Those that the zoo lists; any other is ``clip/ARCHITECTURE`` or ``clip/ARCHITECTURE/TAG``."""
    return LISTED if importlib.util.find_spec("open_clip") else ()


def card(name: str) -> ModelCard:
    """The card of ``clip/ARCHITECTURE/TAG``; without a tag, of the first weights that are here, or that there are.

    Raises:
        InputError: open_clip knows no such architecture or weights, or its text tower needs the network.
        NotReadyError: open_clip is not installed.
    """
    arch, _, tag = name.removeprefix("clip/").partition("/")
    config, tags = _config(arch), _tags(arch)
    if tag and tag not in tags:
        raise InputError(f"open_clip has no weights '{tag}' for {arch}; it has: {', '.join(tags) or 'none'}.")
    known = [tag] if tag else list(tags)
    paths = {each: path for each in known if (path := _cached(tags[each]))}
    if not known:
        raise InputError(f"open_clip has no weights for {arch}; choose clip/ViT-B-32.")
    chosen = next(iter(paths), known[0])
    facts = tags[chosen]
    if facts.get("quick_gelu"):
        config["quick_gelu"] = True
    return _card(
        config,
        facts,
        labels.imagenet(),
        name=name,
        title=f"CLIP {arch} {chosen}",
        path=paths.get(chosen),
        licence="see hub",
        source=f"open_clip hub {facts['hf_hub'].strip('/')}",
        remedy="" if paths else f"Run `seewhy models --get clip/{arch}/{chosen}` while online.",
    )


def local(path: Path, about: dict[str, Any], names: tuple[str, ...]) -> ModelCard:
    """The card of a CLIP of yours.

    Args:
        path: its weights, under open_clip's names.
        about: ``architecture`` (``clip/ViT-B-32``), and as in ``open_clip_config.json`` perhaps ``model_cfg`` for one
            that open_clip does not know, and ``preprocess_cfg``.
        names: of the classes; ImageNet's by default.

    Raises:
        InputError, NotReadyError: as for `card`.
    """
    arch = str(about["architecture"]).removeprefix("clip/").partition("/")[0]
    facts = about.get("preprocess_cfg") or {}
    for known, given in ((DESCRIBED, about), (PREPARED, facts)):
        if strange := [field for field in given if field not in known]:
            raise InputError(f"A CLIP's description has no field '{strange[0]}'; use {', '.join(known)}.")
    config = _config(arch, about.get("model_cfg"))
    return _card(
        config,
        facts,
        names or labels.imagenet(),
        name=str(path),
        title=path.stem,
        path=path,
        licence="yours",
        source=path.name,
    )


def fetch(name: str) -> None:
    """Download the weights of ``clip/ARCHITECTURE/TAG``.

    Raises:
        NotReadyError: offline, or the hub has no such file.
    """
    arch, _, tag = name.removeprefix("clip/").partition("/")
    facts = _tags(arch)[tag] if tag else next(iter(_tags(arch).values()))
    repo, files = _files(facts)
    weights.download_first([(repo, file) for file in files])


def _open_clip() -> Any:
    try:
        import open_clip
    except ImportError as error:
        raise NotReadyError(
            "CLIP needs open_clip, which is not installed; run `pip install 'seewhy[clip]'`."
        ) from error
    return open_clip


def _config(arch: str, given: Any = None) -> dict[str, Any]:
    """open_clip's description of an architecture, or the given one, if its text tower works without the network."""
    library = _open_clip()
    if given is None and arch not in library.list_models():
        near = [each for each in library.list_models() if arch and each.lower().startswith(arch.lower()[:5])][:3]
        raise InputError(
            f"open_clip has no model '{arch}'; it has {', '.join(near or ['ViT-B-32', 'RN50'])} and others."
        )
    config: dict[str, Any] = deepcopy(given) if given is not None else library.get_model_config(arch)
    if not isinstance(config, dict) or not all(part in config for part in ("embed_dim", "vision_cfg", "text_cfg")):
        raise InputError("The model_cfg of a CLIP holds embed_dim, vision_cfg and text_cfg, as open_clip's does.")
    text = config["text_cfg"]
    if (
        text.get("hf_model_name")
        or text.get("hf_tokenizer_name")
        or "siglip" in arch.lower()
        or "multimodal_cfg" in config
    ):
        raise InputError(f"The text tower of {arch} needs files beside its weights; choose one as clip/ViT-B-32.")
    return config


def _tags(arch: str) -> dict[str, dict[str, Any]]:
    """Weights of an architecture that lie on the hub, by tag."""
    library = _open_clip()
    known = {tag: library.get_pretrained_cfg(arch, tag) for tag in library.list_pretrained_tags_by_model(arch)}
    return {tag: facts for tag, facts in known.items() if facts.get("hf_hub")}


def _files(facts: dict[str, Any]) -> tuple[str, list[str]]:
    """Repository and names of the weights' file, best first."""
    repo, _, file = str(facts["hf_hub"]).rpartition("/")
    if not file:
        return repo, ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"]
    return repo, [str(Path(file).with_suffix(".safetensors")), file]


def _cached(facts: dict[str, Any]) -> Path | None:
    repo, files = _files(facts)
    return next((path for file in files if (path := weights.in_hub_cache(repo, file))), None)


def _card(config: dict[str, Any], facts: dict[str, Any], classes: tuple[str, ...], **known: Any) -> ModelCard:
    size = config["vision_cfg"].get("image_size", 224)
    rows, columns = (size, size) if isinstance(size, int) else size
    about = json.dumps([classes, clip.PROMPT, config, version("open-clip-torch")])
    return ClipCard(
        labels=classes,
        input_size=(3, rows, columns),
        mean=tuple(facts.get("mean") or MEAN),
        std=tuple(facts.get("std") or STD),
        interpolation=facts.get("interpolation") or "bicubic",
        crop_pct=1.0,
        crop_mode=RESIZED[one_of(facts.get("resize_mode") or "shortest", tuple(RESIZED), "resize_mode of a CLIP")],
        paper="https://arxiv.org/abs/2103.00020",
        build=partial(clip.build, config, len(classes)),
        fill=clip.filler(classes),
        about=about,
        **known,
    )
