"""Find weights, read them without unpickling anything, know them by their SHA-256, fetch them when asked."""

import hashlib
import importlib
import importlib.util
import socket
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor, nn

from models.checkpoints import state
from models.errors import InputError, NotReadyError

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")


def device(name: str = "auto") -> torch.device:
    """The device called ``name``; ``auto`` is the first CUDA device, else Apple's, else the CPU.

    Raises:
        InputError: torch knows no such device, or it is not on this machine.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        place = torch.device(name)
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"There is no device '{name}' here; use {' or '.join(devices())}.") from error
    return place


def devices() -> tuple[str, ...]:
    """Names of the devices of this machine: ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    cards = ["cuda", *(f"cuda:{index}" for index in range(1, count))] if count else []
    return ("cpu", *cards, *(["mps"] if torch.backends.mps.is_available() else []))


def sha256(path: Path) -> str:
    """SHA-256 of a file, remembered for as long as its size and time of change stay."""
    stat = path.stat()
    return _sha256(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def state_digest(network: nn.Module) -> str:
    """SHA-256 over names, types, shapes and bytes of all parameters and buffers, in order."""
    sha = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        value = tensor.detach().cpu().contiguous()
        sha.update(f"{name}:{value.dtype}:{tuple(value.shape)};".encode())
        sha.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a ``.safetensors`` file, or of a ``.pt``/``.pth`` file under ``weights_only``.

    Raises:
        InputError: the file is damaged, or holds anything but tensors.
    """
    return dict(state.tables(path)[0].tensors)


def fill_strict(network: nn.Module, path: Path) -> None:
    """Load a file of the network's own names, alone or among the notes of a training loop, with or without a prefix.

    Raises:
        InputError: names or shapes differ; how many, and three of them.
    """
    network.load_state_dict(state.fit(path, network.state_dict()).state(), strict=True)


def steps(network: nn.Module, path: Path) -> tuple[str, ...]:
    """What `fill_strict` does to read a file, in sentences; only names and shapes are read.

    Raises:
        InputError: as `fill_strict`.
    """
    return state.fit(path, network.state_dict(), "meta").steps()


def fill_by_position(network: nn.Module, path: Path) -> None:
    """Load a file of the same network under other names: same order, checked by count, shape and last name.

    Raises:
        InputError: they are not the same network.
    """
    theirs, ours = list(read(path).items()), list(network.state_dict().items())
    fits = len(theirs) == len(ours) and all(
        a.shape == b.shape and name.rpartition(".")[2] == own.rpartition(".")[2]
        for (name, a), (own, b) in zip(theirs, ours, strict=True)
    )
    if not fits:
        raise InputError(f"'{path.name}' is not the network it should be; install its package again.")
    network.load_state_dict({own: a for (own, _), (_, a) in zip(ours, theirs, strict=True)}, strict=True)


def in_package(package: str, relative: str) -> Path | None:
    """A weights file inside an installed package, without importing it; None when it is not there."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / relative
        if path.is_file():
            return path
    return None


def in_hub_cache(repo: str, filename: str) -> Path | None:
    """A file that was downloaded from the model hub before; asks nothing of the network."""
    from huggingface_hub import try_to_load_from_cache

    path: Any = try_to_load_from_cache(repo, filename)
    return Path(path) if isinstance(path, str) else None


def download(repo: str, filename: str) -> Path:
    """Fetch a file from the model hub: the one place from which Seewhy calls out, and only when asked.

    Raises:
        NotReadyError: offline, or the hub has no such file; within about two seconds.
    """
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    host = urlparse(constants.ENDPOINT).hostname or ""
    try:
        if constants.HF_HUB_OFFLINE:
            raise OSError("offline by HF_HUB_OFFLINE")
        socket.create_connection((host, 443), timeout=1.5).close()
        return Path(str(hf_hub_download(repo, filename, etag_timeout=2)))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise NotReadyError(
            f"'{repo}/{filename}' could not be fetched from the model hub; check the connection and try again, or copy"
            f" the folder 'models--{repo.replace('/', '--')}' from the hub's cache of a machine that has it into"
            f" {constants.HF_HUB_CACHE}."
        ) from error


def download_first(files: Sequence[tuple[str, str]]) -> Path:
    """Fetch the first of several files (repository, name) that the model hub has.

    Raises:
        NotReadyError: offline, or the hub has none of them.
    """
    from huggingface_hub.errors import EntryNotFoundError

    for place, (repo, filename) in enumerate(files):
        try:
            return download(repo, filename)
        except NotReadyError as error:
            if place == len(files) - 1 or not isinstance(error.__cause__, EntryNotFoundError):
                raise
    raise NotReadyError("No file was named that could be fetched; name a model that `seewhy models` lists.")


def source_digest(*packages: str) -> str:
    """SHA-256 over path and content of every Python file of the packages, in order of path."""
    sha = hashlib.sha256()
    for package in packages:
        for folder in importlib.import_module(package).__path__:
            for path in sorted(Path(folder).rglob("*.py")):
                sha.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return sha.hexdigest()
