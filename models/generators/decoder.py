"""A decoder of one's own as a prior: a safetensors file that draws pictures from a model's codes, and says how.

Its metadata hold ``kind`` = ``decoder`` and, as JSON, ``plan``: layer and grid of the code, side and widths of the
picture, codes and channels. Its tensors are those of `nets.Generator`, with the mean and spread of codes. Nothing is
unpickled, and nothing is reserved before the shapes in the file have been seen to fit.
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from models.errors import InputError
from models.generators.encoder import Encoder
from models.generators.file import About, Trained, header
from models.generators.nets import Generator
from models.generators.plan import Plan
from models.handle import ModelHandle

KIND = "decoder"
PLAN = '{"layer": "...", "grid": 2, "side": 64, "widths": [128, 64], "codes": 512, "channels": 3}'


def load(path: Path, model: ModelHandle) -> Trained:
    """A decoder beside a classifier, on the same device; it has no denoisers and no record of a training.

    Raises:
        InputError: the file is no decoder, damaged, or draws from other codes than the model's.
        UnfitError: the model has no layer of that name.
    """
    about = _about(header(path), path.name, model)
    with safe_open(path, framework="pt") as opened:
        tensors = {key: opened.get_tensor(key).float() for key in opened.keys()}  # noqa: SIM118 (no iterator)
    generator = _filled(about, tensors, path.name)
    encoder = Encoder(model, about.plan)
    grey = torch.full((1, about.channels, about.plan.side, about.plan.side), 0.5, device=model.device)
    with torch.no_grad():
        length = encoder(grey).h.shape[1]
    if length != about.codes:
        raise InputError(
            f"'{path.name}' draws of codes of {about.codes} numbers, and '{about.plan.layer}' of {model.card.title}"
            f" gives {length}: choose the model that it was made for, or another decoder."
        )
    generator.to(model.device).eval().requires_grad_(False)
    return Trained(about, generator, nn.Identity(), nn.Identity(), {"start": torch.diag(generator.std)})


def _about(written: dict[str, str], name: str, model: ModelHandle) -> About:
    if written.get("kind") != KIND:
        raise InputError(f"'{name}' is no decoder: its metadata hold kind=decoder and a plan such as {PLAN}.")
    try:
        facts = json.loads(written["plan"])
        widths = tuple(int(width) for width in facts["widths"])
        codes, channels = int(facts["codes"]), int(facts["channels"])
        plan = Plan(str(facts["layer"]), str(facts["layer"]), int(facts["grid"]), int(facts["side"]), widths)
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"The plan of '{name}' cannot be read; it is JSON such as {PLAN}.") from error
    sizes = (*widths, codes, channels, plan.first)
    if not widths or min(sizes) < 1 or plan.grid < 0 or plan.first << len(widths) != plan.side:
        raise InputError(f"The plan of '{name}' does not add up: side is halved once for each of the widths.")
    if channels != model.card.input_size[0]:
        raise InputError(
            f"'{name}' draws {channels} colour channel{'s' * (channels > 1)}, and {model.card.title} sees"
            f" {model.card.input_size[0]}: choose another model or decoder."
        )
    return About(model.card.name, "", plan, codes, channels, "", "", "", {})


def _filled(about: About, tensors: dict[str, Tensor], name: str) -> Generator:
    """The network, laid out without memory of its own, with the file's tensors in it."""
    with torch.device("meta"):
        generator = Generator(about.plan, about.codes, about.channels)
    try:
        generator.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        wrong = str(error).splitlines()[1:2]
        raise InputError(f"The tensors of '{name}' are not those of its plan: {' '.join(wrong).strip()}") from error
    return generator
