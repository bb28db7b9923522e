"""What the machine is told once, at start: where to keep things, how much, and who computes."""

import importlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

GIB = 2**30
MAX_THREADS = 8


def default_cache() -> Path:
    """The user's own cache folder for Seewhy, where the platform wants it."""
    return platformdirs.user_cache_path("seewhy", appauthor=False, opinion=False)


def default_threads() -> int:
    """Torch threads a worker: half the cores, since two lanes share them.

    Measured on two shared cores, one forward of EfficientNet-Lite0 takes 17.5 ms on one thread, and 35 to 130 ms (p90
    116 to 405 ms) on two: a thread that waits for a busy core holds up all others.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(MAX_THREADS, cores // 2))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The engine's settings.

    Attributes:
        cache: the folder of results, photos and job states; ``SEEWHY_CACHE``.
        cache_size: bytes that the folder may take; ``SEEWHY_CACHE_SIZE``.
        devices: torch names of devices; ``auto`` is every CUDA device, else Apple's, else the CPU; ``SEEWHY_DEVICES``.
        threads: torch threads a worker; ``SEEWHY_THREADS``.
        models_bytes: bytes of weights that a worker holds before it lets go of the model used longest ago.
        queue: waiting jobs over all sessions, and
        queue_per_session: of one session, before the next is refused.
        grace: seconds that a cancelled job has to stop by itself before its worker is ended.
        images: folders of pictures that visitors of the web page may learn from; ``SEEWHY_IMAGES``, with commas.
        examples: whether the examples that pages open on are worked out in the background; ``SEEWHY_EXAMPLES=0`` off.
        plugins: modules with explainers of your own, imported by server and workers; ``SEEWHY_PLUGINS``, with commas.
    """

    cache: Path = field(default_factory=default_cache)
    cache_size: int = 2 * GIB
    devices: tuple[str, ...] = ("auto",)
    threads: int = field(default_factory=default_threads)
    models_bytes: int = 2 * GIB
    queue: int = 256
    queue_per_session: int = 32
    grace: float = 5.0
    images: tuple[str, ...] = ()
    examples: bool = False
    plugins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("cache_size", "threads", "models_bytes", "queue", "queue_per_session", "grace"):
            if (value := vars(self)[name]) <= 0:
                raise _wrong(f"{name.replace('_', ' ')} must be more than 0; got {value}.")
        if not self.devices:
            raise _wrong("Give at least one device, such as cpu, cuda:0 or auto.")
        object.__setattr__(self, "cache", Path(self.cache).expanduser().absolute())

    @staticmethod
    def from_env(environ: Mapping[str, str] = os.environ, **chosen: Any) -> "Settings":
        """Settings from ``SEEWHY_...`` variables; ``chosen`` values that are not None win.

        Raises:
            InputError: a variable that should be a whole number is not.
        """
        given: dict[str, Any] = {}
        for name, read in (
            ("cache", Path),
            ("cache_size", _whole),
            ("threads", _whole),
            ("devices", _names),
            ("images", _names),
            ("plugins", _names),
        ):
            if text := environ.get(f"SEEWHY_{name.upper()}"):
                given[name] = read(text)
        given["examples"] = environ.get("SEEWHY_EXAMPLES", "1") != "0"
        return Settings(**{**given, **{name: value for name, value in chosen.items() if value is not None}})

    def to_json(self) -> str:
        """As one line of JSON, for a worker's command line."""
        return json.dumps({**asdict(self), "cache": str(self.cache)})

    @staticmethod
    def from_json(text: str) -> "Settings":
        """What `to_json` wrote."""
        written: dict[str, Any] = json.loads(text)
        return Settings(**{**written, **{name: tuple(written[name]) for name in ("devices", "images", "plugins")}})

    def resolved_devices(self) -> tuple[str, ...]:
        """The devices by name, ``auto`` resolved."""
        if self.devices != ("auto",):
            return self.devices
        import torch

        if torch.cuda.is_available():
            return tuple(f"cuda:{index}" for index in range(torch.cuda.device_count()))
        return ("mps",) if torch.backends.mps.is_available() else ("cpu",)

    def import_plugins(self) -> None:
        """Import the modules of `plugins`, so that their explainers register themselves."""
        for name in self.plugins:
            importlib.import_module(name)


def _wrong(sentence: str) -> Exception:
    from models.errors import InputError  # brings torch with it, which takes seconds; only where it is needed

    return InputError(sentence)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise _wrong(f"'{text}' is not a whole number; check the SEEWHY_ variables.") from error


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
