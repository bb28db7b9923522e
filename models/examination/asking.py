"""Ask a network for its answers, and say what to do where it does not give them: a remedy for each way to go wrong."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from models.errors import InputError


def ask(network: nn.Module, x: Float[Tensor, "n colours y x"], name: str) -> Float[Tensor, "n k"]:
    """What a network answers.

    Args:
        network: anybody's.
        x: normalised pictures.
        name: of the model, for what is said.

    Raises:
        InputError: it cannot read such pictures, or does not answer with a row of numbers a picture.
    """
    try:
        answer: Any = network(x)
    except Exception as error:  # whatever somebody's own network raises: the picture does not suit it
        words = (str(error).strip().splitlines() or [""])[-1]
        raise InputError(
            f"{name} cannot read {len(x)} picture{'s' if len(x) > 1 else ''} of {'×'.join(map(str, x.shape[1:]))}"
            f" (channels, rows, columns); {_instead(network, x, words)} ({type(error).__name__}: {words[:160]})."
        ) from error
    if not isinstance(answer, Tensor) or answer.ndim != 2 or len(answer) != len(x) or not answer.is_floating_point():
        raise InputError(f"The network must answer with logits (batch, classes); {_around(answer, x)}.")
    return answer


def _instead(network: nn.Module, x: Tensor, words: str) -> str:
    if "positional argument" in words or "keyword-only argument" in words:
        return "put a module around it whose forward(x) gives the other inputs as well"
    if "in-place" in words or "inplace" in words:
        return "let it work on a copy, as x = x.clone() at the start of its forward"
    try:
        with torch.no_grad():
            network(x.permute(0, 2, 3, 1))
    except Exception:  # neither so: whatever it raises
        return "give its own input_size"
    return "it reads channels last, so put a module before it that gives x.permute(0, 2, 3, 1)"


def _around(answer: Any, x: Tensor) -> str:
    """What it gave, and what a module around it should return."""
    given, where = type(answer).__name__, ""
    if isinstance(answer, Tensor):
        given = f"{tuple(answer.shape)} of {str(answer.dtype).removeprefix('torch.')}"
        if not answer.is_floating_point():
            return f"it gave {given}: return the real numbers from which a class is chosen"
        where = _reshaped(answer, x)
    elif isinstance(answer, dict):
        where = next((f"[{key!r}]" for key, value in answer.items() if _row(value, x)), "")
    elif isinstance(answer, tuple | list):
        where = next((f"[{index}]" for index, value in enumerate(answer) if _row(value, x)), "")
    elif _row(getattr(answer, "logits", None), x):
        where = ".logits"
    advice = f"network(x){where}" if where else "the logits alone"
    return f"it gave {given}: put a module around it whose forward returns {advice}"


def _row(value: Any, x: Tensor) -> bool:
    return isinstance(value, Tensor) and value.ndim == 2 and len(value) == len(x) and value.is_floating_point()


def _reshaped(answer: Tensor, x: Tensor) -> str:
    if answer.ndim == 4 and answer.shape[2:].numel() > 1:
        return ".mean((2, 3)), or the mean over the area that you ask about"
    if answer.ndim == 3:
        return ".mean(1), or the row that you ask about"
    return ".reshape(len(x), -1)" if answer.numel() % len(x) == 0 else ""
