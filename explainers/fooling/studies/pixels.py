"""A network as a function of pixels in [0, 1], which the ways that follow its gradient share."""

import io

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from explainers.kit.hooks import frozen
from explainers.kit.intercept import Plain
from explainers.kit.predict import logits_of
from models import ModelHandle
from models.errors import UnfitError

TOP = 5
Top = tuple[tuple[int, str, float], ...]


def column(values: tuple[float, ...]) -> Float[np.ndarray, "c 1 1"]:
    """A value for each channel, to be added to pictures (C, H, W)."""
    return np.asarray(values, np.float32)[:, None, None]


def check_classes(model: ModelHandle) -> None:
    """Raise an `UnfitError` when the model does not choose between classes."""
    if not model.card.has_classes:
        raise UnfitError(model.card.classless)
    if model.findings.count == 1:
        raise UnfitError(f"{model.card.title} answers with one number; choose a model with two classes or more.")


def logits_of_pixels(model: ModelHandle, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k"]:
    """The network's logits of pixels in [0, 1]."""
    mean, std = (torch.from_numpy(column(values)).to(x) for values in (model.card.mean, model.card.std))
    return model.network(((x - mean) / std).contiguous(memory_format=model.memory_format))


def log_chance(model: ModelHandle, logits: Float[Tensor, "b k"]) -> Float[Tensor, "b k"]:
    """Logarithms of `ModelHandle.chances`, exact where a probability is too near to 0 or 1 for a number of its own."""
    precise = logits.cpu().double()  # not every device knows double precision
    alone = model.findings.answers == "yes-no probabilities"
    return F.logsigmoid(precise) if alone else F.log_softmax(precise, -1)


def climb_of(
    model: ModelHandle, x: Float[np.ndarray, "c h w"], target: int
) -> tuple[float, Float[np.ndarray, "c h w"]]:
    """The probability of ``target`` for the picture as it can be saved, and the slope of its logarithm there."""
    saved = torch.from_numpy(np.round(x * 255) / 255).to(model.device)[None]
    with frozen(model.network), torch.enable_grad():
        leaf = saved.requires_grad_()
        with Plain():
            value = log_chance(model, logits_of_pixels(model, leaf))[0, target]
        (slope,) = torch.autograd.grad(value, leaf)
    return float(value.detach().exp()), slope[0].float().cpu().numpy()


def picture(x: Float[np.ndarray, "c h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """Pixels in [0, 1] as a picture of 8 bits; one channel becomes grey."""
    grey = np.round(x * 255).astype(np.uint8).transpose(1, 2, 0)
    return np.ascontiguousarray(np.broadcast_to(grey, (*grey.shape[:2], 3)))


def chances_of(model: ModelHandle, images: UInt8[np.ndarray, "n h w 3"]) -> Float[np.ndarray, "n k"]:
    """Probabilities of pictures that are as large as the model sees them."""
    return model.chances(logits_of(model, images).float()).cpu().numpy()


def top_of(model: ModelHandle, chances: Float[np.ndarray, " k"]) -> Top:
    """Index, name and probability of the likeliest classes."""
    best = np.argsort(-chances, kind="stable")[:TOP]
    return tuple((int(at), model.card.labels[int(at)], float(chances[at])) for at in best)


def reread(image: UInt8[np.ndarray, "h w 3"], kind: str, **options: int) -> UInt8[np.ndarray, "h w 3"]:
    """The picture saved as a file of a kind, ``PNG`` or ``JPEG``, and opened again."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return np.asarray(Image.open(buffer).convert("RGB"))
