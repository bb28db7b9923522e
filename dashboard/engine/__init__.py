"""Asks, computes and keeps: requests in, answers out, from worker processes and a store that never pickles.

This module imports nothing heavy: a worker process can be started before this process has spent seconds on torch.
"""

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashboard.engine.engine import Engine

_lock = threading.Lock()
_engines: "list[Engine]" = []


def current() -> "Engine":
    """The engine of this process, made from `Settings.from_env` when the server made none.

    Raises:
        StorageError: the cache folder cannot be used.
    """
    from dashboard.engine.engine import Engine
    from dashboard.engine.settings import Settings

    with _lock:
        if not _engines or _engines[0].closed:
            _engines[:] = [Engine(Settings.from_env())]
        return _engines[0]


def use(engine: "Engine | None") -> None:
    """Make ``engine`` the one of this process; the one before is closed."""
    with _lock:
        before, _engines[:] = list(_engines), [engine] if engine else []
    for former in before:
        if former is not engine:
            former.close()
