"""Where the server's log goes: what a person need not see, under the ids that errors name."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from dashboard.engine.cache import private_folder

LOG_BYTES = 2**21


class Quiet(RotatingFileHandler):
    """A log file that does without a line when the disk is full; standard error has it too."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Do without the line."""


def write_log(cache: Path) -> Path:
    """Write this process's warnings and errors to ``logs/seewhy.log`` in the cache folder, at most 4 MB in all."""
    path = private_folder(private_folder(cache) / "logs") / "seewhy.log"
    handler = Quiet(path, maxBytes=LOG_BYTES, backupCount=1, delay=True)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    return path
