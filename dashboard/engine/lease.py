"""Which servers live: each holds a lock on a file of its own, let go by the system however it ends."""

import fcntl
import os
import secrets
from pathlib import Path

from dashboard.engine.cache import private_folder, storage_errors


class ServerLease:
    """This server's claim on the jobs that it writes down."""

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)
        self.id = f"{os.getpid()}-{secrets.token_hex(4)}"
        with storage_errors(folder):
            self._file = self._path(self.id).open("w")
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def alive(self, owner: str) -> bool:
        """Whether the server ``owner`` still runs."""
        path = self._path(owner)
        try:
            with path.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # its lock is held
        path.unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Let go of the claim."""
        self._file.close()
        self._path(self.id).unlink(missing_ok=True)

    def _path(self, owner: str) -> Path:
        return self._folder / f"{Path(owner).name}.lock"
