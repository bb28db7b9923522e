"""diskcache without pickle: only bytes, text and numbers go in, and nothing else is ever read back.

diskcache pickles what SQLite cannot hold and unpickles what a row says is pickled, so whoever can write the folder runs
code in every process that reads it (CVE-2025-69872). Here both directions refuse.
"""

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import diskcache
from diskcache.core import MODE_BINARY, MODE_RAW

from models.errors import StorageError


class PickleRefusedError(StorageError):
    """A row of the cache is pickled, which Seewhy never writes."""


class PlainDisk(diskcache.Disk):  # type: ignore[misc]
    """Keys are text; values are bytes, text, or numbers that SQLite holds."""

    def put(self, key: object) -> tuple[str, bool]:
        """The key as a row holds it.

        Raises:
            TypeError: it is not text.
        """
        if type(key) is not str:
            raise TypeError(f"keys of the cache are text; got {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: object) -> str:
        """The key that a row holds; refuses one that is pickled."""
        if not raw or type(key) is not str:
            raise PickleRefusedError("The cache holds a pickled key, which Seewhy never writes; it was not read.")
        return key

    def store(self, value: object, read: bool, key: object = diskcache.UNKNOWN) -> tuple[object, ...]:
        """Columns (size, mode, filename, value) of a row; big bytes go into a file of their own.

        Raises:
            TypeError: the value is neither bytes, text nor a number.
            OSError: the disk is full or may not be written; no file is left behind.
        """
        if read or type(value) not in (bytes, str, int, float):
            raise TypeError(f"the cache keeps bytes, text and numbers; got {type(value).__name__}")
        if type(value) is not bytes or len(value) < self.min_file_size:
            return 0, MODE_RAW, None, value
        name, full = self.filename(key, value)
        path = Path(full)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.write_bytes(value)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return len(value), MODE_BINARY, name, None

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> object:
        """The value of a row; refuses one that is pickled, or whose file lies outside the folder."""
        if mode == MODE_RAW and not read:
            return value
        if mode == MODE_BINARY and filename and not read:
            path = (Path(self._directory) / filename).resolve()
            if path.is_relative_to(Path(self._directory).resolve()):
                return path.read_bytes()
        raise PickleRefusedError("The cache holds a value that Seewhy never writes; it was not read.")


@contextlib.contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Say in one sentence, as a `StorageError`, what the disk under ``folder`` refuses."""
    try:
        yield
    except (OSError, sqlite3.Error, diskcache.Timeout) as error:
        raise StorageError(_sentence(error, folder)) from error


def _sentence(error: Exception, folder: Path) -> str:
    code, text = error.errno if isinstance(error, OSError) else None, str(error)
    if code in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in text:
        return f"The disk under the cache folder '{folder}' is full; free some space, or choose another with --cache."
    if code in (errno.EACCES, errno.EPERM, errno.EROFS) or "readonly" in text or "unable to open" in text:
        return f"The cache folder '{folder}' may not be written; allow it, or choose another with --cache."
    if code in (errno.EEXIST, errno.ENOTDIR):
        return f"The cache folder '{folder}' is not a folder; choose another with --cache."
    if isinstance(error, diskcache.Timeout) or "locked" in text:
        return f"The cache folder '{folder}' is busy; try again in a moment."
    if isinstance(error, sqlite3.DatabaseError) and ("malformed" in text or "not a database" in text):
        return f"The index in the cache folder '{folder}' is damaged; delete the folder or choose another with --cache."
    return f"The cache folder '{folder}' cannot be used ({text or type(error).__name__}); choose another with --cache."


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter; one that is there already keeps its mode."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return path


def open_cache(folder: Path, size: int, policy: str = "least-recently-used") -> diskcache.Cache:
    """A cache in a folder of its own, mode 0700, that holds at most about ``size`` bytes."""
    private_folder(folder)
    with storage_errors(folder):
        folder.chmod(0o700)
        # Memory-mapped reads of the index would end the process, not raise, when a disk fails beneath them.
        return diskcache.Cache(
            str(folder), disk=PlainDisk, size_limit=size, eviction_policy=policy, sqlite_mmap_size=0, timeout=10
        )
