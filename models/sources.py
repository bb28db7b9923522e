"""The SHA-256 of our own sources: code that changes makes new answers."""

import hashlib
import importlib
from pathlib import Path


def source_digest(*packages: str) -> str:
    """SHA-256 over path and content of every Python file of the packages, in order of path."""
    sha = hashlib.sha256()
    for package in packages:
        for folder in importlib.import_module(package).__path__:
            for path in sorted(Path(folder).rglob("*.py")):
                sha.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return sha.hexdigest()
