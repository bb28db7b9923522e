"""One engine for the tests of a module: a worker takes seconds to start."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.engine.engine import Engine
from dashboard.engine.settings import Settings
from explainers import Request
from tests.dashboard.engine.slow_lens import SlowParams

PLUGIN = "tests.dashboard.engine.slow_lens"
GRACE = 0.5


def request(**chosen: Any) -> Request:
    return Request("slow", "efficientnet_lite0", SlowParams(**chosen))


def until(true: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until something is true, and give it."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.005)
    return found


def settings(cache: Path, **chosen: Any) -> Settings:
    usual = {"devices": ("cpu",), "threads": 1, "plugins": (PLUGIN,), "grace": GRACE}
    return Settings(cache=cache, **{**usual, **chosen})


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = Engine(settings(tmp_path_factory.mktemp("engine") / "cache", queue=12, queue_per_session=8))
    until(made.ready)
    yield made
    made.close()
