"""Weights with facts about them in one safetensors file, written in one piece."""

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from models.errors import InputError, StorageError


def check_name(out: Path) -> None:
    """Refuse a name under which weights are not written.

    Raises:
        InputError: it does not end in .safetensors.
    """
    if out.suffix != ".safetensors":
        raise InputError(f"Weights are written as .safetensors: give --out a name like '{out.stem}.safetensors'.")


def read(file: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Metadata and tensors of a safetensors file."""
    try:
        with safe_open(file, framework="pt") as opened:
            return dict(opened.metadata() or {}), {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise InputError(f"The checkpoint '{file.name}' cannot be read: delete it to train from the start.") from error


def write(state: dict[str, Tensor], file: Path, facts: dict[str, str]) -> None:
    """Write a safetensors file in one piece: a reader sees the old one or the new one."""
    half = file.with_name(file.name + ".part")
    tensors = {key: value.detach().cpu().contiguous() for key, value in state.items()}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, half, metadata=facts)
        half.replace(file)
    except OSError as error:
        raise StorageError(f"'{file}' cannot be written ({error.strerror}): choose another --out.") from error
