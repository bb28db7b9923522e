"""The server over real HTTP: when it answers, what every answer carries, whom it refuses, how it ends."""

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dashboard.server import serve as server
from dashboard.server.security import security_headers
from dashboard.server.theme import THEME
from models import InputError

ROOT = Path(__file__).parents[2]
SECONDS = 60

PAGE = """
import streamlit as st
from dashboard import engine
st.write("ready", engine.current().ready())
"""

PROGRAM = """
import sys
from pathlib import Path
from dashboard.engine.settings import Settings
from dashboard.server.serve import serve
from models.errors import SeewhyError
try:
    settings = Settings(cache=Path(sys.argv[1]), threads=1, devices=("cpu",))
    serve(settings, port=int(sys.argv[3]), script=Path(sys.argv[2]))
except SeewhyError as error:
    print(type(error).__name__, error, file=sys.stderr)
    sys.exit(2)
except KeyboardInterrupt:
    sys.exit(130)
"""


@dataclass
class Running:
    process: "subprocess.Popen[str]"
    port: int
    first: dict[str, Any]
    seconds: float

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        told = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return told

    def upgrade(self, path: str, **headers: str) -> int:
        key = base64.b64encode(bytes(16)).decode()
        usual = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        return self.get(path, **{**usual, "Sec-WebSocket-Key": key, **headers})[0]


def start(folder: Path, port: int = 0, cache: str = "cache") -> "subprocess.Popen[str]":
    (folder / "page.py").write_text(PAGE)
    command = [sys.executable, "-c", PROGRAM, str(folder / cache), str(folder / "page.py"), str(port)]
    # SIGINT as a shell in the foreground leaves it, whatever started these tests.
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    started = time.monotonic()
    process = start(tmp_path_factory.mktemp("server"))
    line = process.stdout.readline()
    assert line.startswith("Seewhy is on http://127.0.0.1:"), (line, process.stderr.read())
    made = Running(process, int(line.split(":")[2].split()[0]), {}, 0.0)
    made.seconds = time.monotonic() - started
    made.first = {path: made.get(path)[::2] for path in ("/", "/readyz", "/_stcore/health")}
    yield made
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)


def ready(running: Running) -> None:
    end = time.monotonic() + SECONDS
    while running.get("/readyz")[0] != 200:
        assert time.monotonic() < end, "never ready"
        time.sleep(0.05)


def test_it_answers_before_it_is_ready_and_says_so(running: Running) -> None:
    assert running.seconds < 20  # 1.8 s on a machine with nothing else to do
    assert running.first["/"][0] == 200
    assert running.first["/_stcore/health"] == (200, b"ok")
    status, body = running.first["/readyz"]
    assert (status, json.loads(body)["ready"]) == (503, False)
    assert json.loads(body)["reason"].endswith(".")


def test_it_becomes_ready(running: Running) -> None:
    ready(running)
    status, headers, body = running.get("/readyz")
    assert (status, json.loads(body)) == (200, {"ready": True, "reason": ""})
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/", "/readyz", "/_stcore/health", "/favicon.png", "/no/such/page", "/media/none"])
def test_every_answer_carries_the_headers(running: Running, path: str) -> None:
    headers = running.get(path)[1]
    for name, value in security_headers().items():
        assert headers[name] == value
    assert "server" not in headers


def test_the_policy_allows_nothing_from_outside() -> None:
    policy = security_headers()["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'self'"
    assert "'unsafe-inline'" not in rules["script-src"]
    assert "'unsafe-eval'" not in rules["script-src"]
    assert "'sha256-" in rules["script-src"]
    assert not [word for word in policy.split() if "://" in word or word in ("*", "https:", "http:", "ws:")]


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_other_sites_are_refused(running: Running, method: str) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
        assert running.get("/_stcore/health", method, **headers)[0] == 403


def test_sessions_are_for_our_own_pages(running: Running) -> None:
    ready(running)
    own = f"http://127.0.0.1:{running.port}"
    assert running.upgrade("/_stcore/stream", Origin="http://evil.example") == 403
    assert running.upgrade("/_stcore/stream", Origin=own, Host="evil.example") == 403
    status = running.upgrade("/_stcore/stream", Origin=own)
    assert status == 101


def test_the_port_is_only_ours(running: Running) -> None:
    with pytest.raises(InputError, match=rf"^Port {running.port} is in use; choose another with --port\.$"):
        server.listen("127.0.0.1", running.port)


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [("192.0.2.1", 0, "This machine has no address '192.0.2.1'"), ("127.0.0.1", 70000, "Port 70000 may not be used")],
)
def test_an_address_that_cannot_be_is_one_sentence(host: str, port: int, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        server.listen(host, port)


def test_loopback_is_the_default_and_cannot_be_reached_from_elsewhere() -> None:
    with server.listen("127.0.0.1", 0) as ours:
        assert ours.getsockname()[0] == "127.0.0.1"
        assert ours.family == socket.AF_INET
    assert server._hosts("127.0.0.1") == ("127.0.0.1", "localhost", "::1")
    assert server._hosts("0.0.0.0") == ()


def test_ctrl_c_ends_it_and_its_workers_quickly(tmp_path: Path) -> None:
    process = start(tmp_path)
    port = int(process.stdout.readline().split(":")[2].split()[0])
    ready(Running(process, port, {}, 0))
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = (
        [
            int(pid)
            for thread in Path(f"/proc/{process.pid}/task").iterdir()
            for pid in (thread / "children").read_text().split()
        ]
        if children.exists()
        else []
    )
    assert workers or not children.exists()
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - started < 5  # 0.5 s on a machine with nothing else to do
    assert process.returncode == 130
    assert "Traceback" not in errors
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_ctrl_c_while_it_starts_ends_it_too(tmp_path: Path) -> None:
    process = start(tmp_path)
    process.stdout.readline()
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert time.monotonic() - started < 8
    assert process.returncode == 130


def test_an_unusable_cache_folder_ends_it_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    _, errors = (process := start(tmp_path)).communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert errors.strip() == (
        f"StorageError The cache folder '{tmp_path / 'cache'}' is not a folder; choose another with --cache."
    )


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two #RRGGBB colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("kind", ["light", "dark"])
def test_colours_can_be_told_apart(kind: str) -> None:
    theme = {name.removeprefix(f"theme.{kind}."): str(value) for name, value in THEME.items()}
    for ground in ("backgroundColor", "secondaryBackgroundColor", "sidebar.backgroundColor"):
        assert contrast(theme["textColor"], theme[ground]) >= 7
        assert contrast(theme["linkColor"], theme[ground]) >= 4.5
        assert contrast(theme["primaryColor"], theme[ground]) >= 3
    assert contrast(theme["primaryColor"], "#FFFFFF") >= 4.5
