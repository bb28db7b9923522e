"""Folders of pictures that visitors uploaded, under the digest of what they hold; the oldest go first."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from dashboard.engine.cache import private_folder, storage_errors
from models.errors import InputError
from models.imagesets.decode import check_bytes, check_header

BOXES = (".json", ".csv", ".xml")  # what may lie among pictures
DEEP, MOST = 3, 5000


class Uploads:
    """Uploaded folders on disk.

    Args:
        folder: where they lie.
        limit: bytes that all of them may take.

    Raises:
        StorageError: the folder cannot be used; also from every method.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit = private_folder(folder), limit

    def keep(self, files: Iterable[tuple[str, bytes]]) -> tuple[Path, tuple[tuple[str, str], ...]]:
        """Keep files (path inside the folder, content) as a folder of their own.

        Returns:
            The folder, and name and reason of each file that was refused.

        Raises:
            InputError: no picture is among them, or they are too many or too large.
        """
        good, refused = _sorted_out(files)
        if (size := sum(len(data) for _, data in good)) > self._limit // 2:
            raise InputError(
                f"These pictures have {size / 1e6:.0f} MB and a folder may have {self._limit / 2e6:.0f} MB; choose"
                " fewer, or start the server with --images DIR."
            )
        sha = hashlib.sha256()
        for name, data in good:
            sha.update(f"{name}:{hashlib.sha256(data).hexdigest()};".encode())
        kept = self._folder / sha.hexdigest()
        with storage_errors(self._folder):
            if not kept.is_dir():
                self._evict(size)
                self._write(kept, good)
            os.utime(kept)
        return kept, refused

    def find(self, name: str) -> Path | None:
        """The folder with this digest, when it is still kept."""
        if not re.fullmatch(r"[0-9a-f]{64}", name):
            return None
        path = self._folder / name
        return path if path.is_dir() else None

    def _write(self, kept: Path, files: list[tuple[str, bytes]]) -> None:
        """All or nothing: a folder that has its name is whole."""
        draft = Path(tempfile.mkdtemp(dir=self._folder, prefix=".draft-"))
        try:
            for name, data in files:
                path = draft / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            draft.rename(kept)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _evict(self, wanted: int) -> None:
        """Make room, the folder used longest ago first."""
        folders = sorted((each for each in self._folder.iterdir() if each.is_dir()), key=lambda p: p.stat().st_mtime)
        sizes = {each: sum(f.stat().st_size for f in each.rglob("*") if f.is_file()) for each in folders}
        while folders and sum(sizes[each] for each in folders) + wanted > self._limit:
            shutil.rmtree(folders.pop(0))


def _sorted_out(files: Iterable[tuple[str, bytes]]) -> tuple[list[tuple[str, bytes]], tuple[tuple[str, str], ...]]:
    good: dict[str, bytes] = {}
    refused: list[tuple[str, str]] = []
    pictures = 0
    for given, data in files:
        name = _inside(given)
        try:
            if not name.lower().endswith(BOXES):
                check_bytes(len(data), name)
                check_header(data, name)
                pictures += 1
            good[name] = data
        except InputError as error:
            refused.append((name, str(error)))
    if not pictures:
        why = f" ({refused[0][1]})" if refused else ""
        raise InputError(f"There is no picture among these files{why}; choose a folder of photos.")
    if len(good) > MOST:
        raise InputError(f"These are {len(good)} files and at most {MOST} can be uploaded; choose fewer.")
    return sorted(_without_top(good).items()), tuple(refused)


def _without_top(files: dict[str, bytes]) -> dict[str, bytes]:
    """A folder comes under its own name: without it, what is left are its classes."""
    tops = {name.partition("/")[0] for name in files if "/" in name}
    if len(tops) != 1 or any("/" not in name for name in files):
        return files
    return {name.partition("/")[2]: data for name, data in files.items()}


def _inside(given: str) -> str:
    """A path that cannot leave the folder, its parts plain words."""
    parts = [part for part in PurePosixPath(given.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    clean = [re.sub(r"[^\w. ()-]+", "_", part).lstrip(".")[:100] or "_" for part in parts[-DEEP:]]
    return "/".join(clean) or "_"
