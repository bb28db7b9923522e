"""Asks, computes and keeps: requests in, answers out, from worker processes and a store that never pickles."""

import threading

from dashboard.engine.answers import Kept, Provenance, versions, work
from dashboard.engine.engine import Engine
from dashboard.engine.jobs import BusyError, Card, JobState, Lane
from dashboard.engine.settings import Settings
from dashboard.engine.store import Store

__all__ = [
    "BusyError", "Card", "Engine", "JobState", "Kept", "Lane", "Provenance", "Settings", "Store", "current", "use",
    "versions", "work",
]  # fmt: skip

_lock = threading.Lock()
_held: list[Engine] = []


def current() -> Engine:
    """The engine of this process, made from `Settings.from_env` when the server made none.

    Raises:
        StorageError: the cache folder cannot be used.
    """
    with _lock:
        if not _held or _held[0].closed:
            _held[:] = [Engine(Settings.from_env())]
        return _held[0]


def use(engine: Engine | None) -> None:
    """Make ``engine`` the one of this process; the one before is closed."""
    with _lock:
        before, _held[:] = list(_held), [engine] if engine else []
    for each in before:
        if each is not engine:
            each.close()
