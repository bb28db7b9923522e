"""Small random CLIPs of open_clip's own classes, as files of a person; nothing is fetched."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch

import models
from models import clip
from tests.explainers.nets import seeded

WHY = "open_clip is not installed; run `pip install 'seewhy[clip]'`"
LABELS = ("cat, tabby", "dog", "sofa")
TEXT = {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}
TOWERS: dict[str, dict[str, Any]] = {
    "vit": {"image_size": 32, "layers": 2, "width": 24, "head_width": 8, "patch_size": 8},
    "resnet": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16},
    "timm": {"image_size": 64, "timm_model_name": "test_resnet", "timm_pool": "avg", "timm_proj": "linear"},
}


def config(kind: str) -> dict[str, Any]:
    """As open_clip describes an architecture."""
    return {"embed_dim": 12, "vision_cfg": deepcopy(TOWERS[kind]), "text_cfg": dict(TEXT)}


def towers(kind: str, *, old: bool = False) -> Any:
    """open_clip's own module; ``old`` has its text tower's parts at the top."""
    library = pytest.importorskip("open_clip.model", reason=WHY)
    made = library.CLIP(**config(kind)) if old else library.CustomTextCLIP(**config(kind))
    seeded(made).logit_scale.data.fill_(3.0)
    return made


def clip_file(folder: Path, kind: str = "vit", labels: tuple[str, ...] = LABELS, *, old: bool = False) -> Path:
    """Weights and their description."""
    path = folder / f"{kind}{'-old' if old else ''}.safetensors"
    state = {name: tensor.contiguous() for name, tensor in towers(kind, old=old).state_dict().items()}
    safetensors.torch.save_file(state, path)
    about = {"architecture": "clip/tiny", "model_cfg": config(kind), "label_names": list(labels)}
    path.with_suffix(".json").write_text(json.dumps(about))
    return path


def tiny_clip(folder: Path, kind: str = "vit") -> models.ModelHandle:
    """A handle of one."""
    return models.load(str(clip_file(folder, kind)), device="cpu")


def wrapped_clip(labels: tuple[str, ...] = LABELS) -> models.ModelHandle:
    """The same tower, made in memory; its head is left without names."""
    pytest.importorskip("open_clip", reason=WHY)
    network = clip.build(config("vit"), len(labels))
    theirs = towers("vit")
    network.visual.load_state_dict(theirs.visual.state_dict())
    network.__dict__["reader"].text.load_state_dict(theirs.text.state_dict())
    return models.wrap(network, input_size=(3, 32, 32), labels=labels, device="cpu", name="tiny clip")
