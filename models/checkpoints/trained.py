"""Models that were trained here: files in one folder, known to the zoo as ``own/NAME``."""

import os
import re
from pathlib import Path

from models.errors import InputError

PREFIX = "own/"
FOLDER = "SEEWHY_MODELS"
"""The environment variable that names the folder; worker processes inherit it from the server."""


def folder() -> Path:
    """Where they lie; the folder need not be there yet."""
    return Path(os.environ.get(FOLDER) or Path.home() / ".local" / "share" / "seewhy" / "models")


def names() -> tuple[str, ...]:
    """All of them, as the zoo calls them."""
    return tuple(sorted(f"{PREFIX}{path.stem}" for path in folder().glob("*.safetensors")))


def path_of(name: str) -> Path:
    """The file of a model, which need not be there.

    Args:
        name: ``own/NAME``, of letters, digits, spaces, dots, hyphens and underscores.

    Raises:
        InputError: another name.
    """
    stem = name.removeprefix(PREFIX)
    if not re.fullmatch(r"[A-Za-z0-9][\w .-]{0,60}", stem):
        raise InputError("A model's name has 1 to 61 letters, digits, spaces, dots, hyphens or underscores.")
    return folder() / f"{stem}.safetensors"
