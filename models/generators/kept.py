"""Generators that were trained here: files in one folder, known as ``own/NAME``, and trainings that wait to go on."""

import hashlib
from pathlib import Path

from models.checkpoints import trained
from models.checkpoints.trained import PREFIX

WAITING = 4  # trainings whose state is kept: each takes some tens of megabytes


def folder() -> Path:
    """Where they lie; the folder need not be there yet."""
    return trained.folder() / "generators"


def names() -> tuple[str, ...]:
    """All of them."""
    return tuple(sorted(f"{PREFIX}{path.stem}" for path in folder().glob("*.safetensors")))


def path_of(name: str) -> Path:
    """The file of a generator, which need not be there.

    Args:
        name: ``own/NAME``, of letters, digits, spaces, dots, hyphens and underscores.

    Raises:
        InputError: another name.
    """
    return folder() / trained.path_of(name).name


def waiting(training: str) -> Path:
    """Where the file of a training would lie whose facts are these, so that its state lies beside it.

    The oldest states are removed, all but the newest few.
    """
    place = folder() / "unfinished"
    states = sorted(place.glob("*.checkpoint.safetensors"), key=lambda path: path.stat().st_mtime)
    for path in states[: -WAITING or None]:
        path.unlink(missing_ok=True)
    return place / f"{hashlib.sha256(training.encode()).hexdigest()[:32]}.safetensors"
