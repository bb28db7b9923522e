"""Asks, computes and keeps: requests in, answers out, from worker processes and a store that never pickles.

Names are imported when first used: a worker process can be started before this process has spent seconds on torch.
"""

import importlib
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dashboard.engine.answers import Kept, Provenance, versions, work
    from dashboard.engine.engine import Engine
    from dashboard.engine.jobs import BusyError, Card, JobState, Lane
    from dashboard.engine.settings import Settings
    from dashboard.engine.store import Store

__all__ = [
    "BusyError", "Card", "Engine", "JobState", "Kept", "Lane", "Provenance", "Settings", "Store", "current", "use",
    "versions", "work",
]  # fmt: skip

_HOMES = {
    "answers": ("Kept", "Provenance", "versions", "work"),
    "engine": ("Engine",),
    "jobs": ("BusyError", "Card", "JobState", "Lane"),
    "settings": ("Settings",),
    "store": ("Store",),
}
_lock = threading.Lock()
_held: "list[Engine]" = []


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"dashboard.engine.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def current() -> "Engine":
    """The engine of this process, made from `Settings.from_env` when the server made none.

    Raises:
        StorageError: the cache folder cannot be used.
    """
    from dashboard.engine.engine import Engine
    from dashboard.engine.settings import Settings

    with _lock:
        if not _held or _held[0].closed:
            _held[:] = [Engine(Settings.from_env())]
        return _held[0]


def use(engine: "Engine | None") -> None:
    """Make ``engine`` the one of this process; the one before is closed."""
    with _lock:
        before, _held[:] = list(_held), [engine] if engine else []
    for each in before:
        if each is not engine:
            each.close()
