"""What every test stands on: shapes checked, few threads, no way out of this machine."""

import ipaddress
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from jaxtyping import install_import_hook

# Before torch and numpy are imported, and inherited by the workers that tests start: two cores are shared by all.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Freed memory stays with the process, as in the workers of the product (models/training/memory.py); read at its start.
os.environ.setdefault("MALLOC_MMAP_MAX_", "0")
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**31 - 1))
os.environ["SEEWHY_EXAMPLES"] = "0"  # tests that want the examples ask for them
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] = "false"

ROOT = Path(__file__).parents[1]
# The strokes of a drawn picture: thousands of calls each, whose checks took longer than the drawing.
STROKES = {"anatomy", "badges", "bodies", "canvas", "dice", "faces", "foreground", "habitats", "limbs", "neighbours"}
STROKES |= {"pen", "poses", "shapes", "species"}


def _checked() -> list[str]:
    """The modules whose signatures are checked at run time: all of explainers and models, but for the strokes."""
    beside = [path.stem for path in (ROOT / "models").iterdir() if path.stem not in ("__init__", "menagerie")]
    menagerie = {path.stem for path in (ROOT / "models" / "menagerie").glob("*.py")} - STROKES - {"__init__"}
    return ["explainers", *(f"models.{name}" for name in beside), *(f"models.menagerie.{name}" for name in menagerie)]


# Before models and explainers are imported: every shape in their signatures is checked at run time.
install_import_hook(_checked(), "beartype.beartype")

from tests import chromium  # noqa: E402 - the hook comes first

_MAIN = sys.modules["__main__"]
_NO_BROWSER = "no Chromium on this machine"
# Minutes in one file each: begun early, so that at the end no worker waits for another.
_LONG = ("test_readme.py", "test_sample.py", "test_calibration.py")


class OutsideNetworkError(socket.gaierror):
    """A test tried to leave this machine. It is an OSError, so code under test sees what it would see offline."""


def is_local(host: Any) -> bool:
    """Whether an address of `socket` stays on this machine."""
    if not host or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host if isinstance(host, str) else host.decode()).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _no_outside_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(host: Any) -> None:
        if not is_local(host):
            raise OutsideNetworkError(socket.EAI_AGAIN, f"tests stay on this machine; {host!r} is outside")

    def guard(method: Any) -> Any:
        def guarded(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                check(address[0])
            return method(self, address)

        return guarded

    def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        # A passive look-up, for a server to bind, asks nobody.
        check(None if host in ("0.0.0.0", "::") else host)
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guard(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guard(connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.fixture(autouse=True)
def _main_stays() -> None:
    """Streamlit puts the script that it runs in the place of ``__main__``, which spawned processes would run again."""
    sys.modules["__main__"] = _MAIN


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium that browser tests drive; skips where there is none."""
    return chromium.find() or pytest.skip(_NO_BROWSER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip browser tests where there is no browser; run them first, since they take longest, and then long files.

    Heaviest first is what fills several workers evenly (``--no-loadscope-reorder`` keeps this order).
    """
    items.sort(key=lambda item: (item.path.parent.name != "browser", item.path.name not in _LONG))
    marked = [item for item in items if item.get_closest_marker("browser")]
    if marked and not chromium.find():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=_NO_BROWSER))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say aloud what was not tested; counted from the reports, which come from xdist's workers too."""
    count = sum(_NO_BROWSER in str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    if count:
        terminalreporter.write_line(f"{count} browser tests SKIPPED: {chromium.MISSING}", red=True, bold=True)
