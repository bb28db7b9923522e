"""A server of our own, Chromium, and a record of everything a page asks for or complains of."""

import http.client
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from models.checkpoints import trained

ROOT = Path(__file__).parents[2]
SHOTS = Path(__file__).parent / "shots"
SECONDS = 90
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# Streamlit looks for its own server below a page's address before it looks at the root.
PROBING = re.compile(r"/\w+/_stcore/(health|host-config)$")

expect.set_options(timeout=SECONDS * 1000)


class Server:
    """`seewhy serve` on a port and a cache folder that stay the same when it is started again."""

    def __init__(self, cache: Path) -> None:
        self.cache, self.port = cache, _free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "dashboard.cli", "serve", "--port", str(self.port), "--cache", str(self.cache)]
        self._process = subprocess.Popen([*command, "--devices", "cpu"], cwd=ROOT, stdout=subprocess.DEVNULL)
        end = time.monotonic() + SECONDS
        while not self._ready():
            assert time.monotonic() < end, "the server never became ready"
            assert self._process.poll() is None, "the server ended"
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        self._process.send_signal(how)
        self._process.wait(timeout=30)

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Person:
    """Somebody with a browser: a context of its own, and a record of requests and complaints."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url, self.asked, self.complaints = url, [], []
        self.context = context
        self.page = self.open()

    def open(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda socket: self.asked.append(socket.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._console)
        return page

    def _console(self, message: object) -> None:
        where = message.location.get("url", "")
        if message.type == "error" and not PROBING.search(where):
            self.complaints.append(f"{message.text} ({where})")

    def goto(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def outside(self) -> list[str]:
        """Requests to any other host than the server."""
        ours = urlsplit(self.url).netloc
        local = ("data", "blob", "about", "chrome-extension")
        return [each for each in self.asked if urlsplit(each).netloc != ours and urlsplit(each).scheme not in local]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all files that a worker runs: what a page opens on is worked out once."""
    made = Server(tmp_path_factory.mktemp("browser") / "cache")
    yield made
    made.stop()


@contextmanager
def apart(folders: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that works out no examples, and keeps what it trains in a folder of the test's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(trained.FOLDER, str(folders.mktemp("models")))
        patch.setenv("SEEWHY_EXAMPLES", "0")
        made = Server(folders.mktemp("apart") / "cache")
        yield made
        made.stop()


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def person(server: Server, chromium: Browser) -> Iterator[Person]:
    """On a wide screen in the light; nobody leaves with a complaint or a request to elsewhere."""
    context = chromium.new_context(viewport=WIDE, accept_downloads=True)
    made = Person(context, server.url)
    yield made
    context.close()
    assert not made.outside()
    assert not made.complaints


def figure(page: Page) -> None:
    """Wait for the map, and until Streamlit is done."""
    expect(page.locator(".st-key-centre .js-plotly-plot").first).to_be_visible()
    settled(page)


def settled(page: Page) -> None:
    """Wait until the script has run and nothing on the page is stale."""
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_attached()
    expect(page.locator('[data-stale="true"]')).to_have_count(0)
    expect(page.locator('[data-testid="stMainBlockContainer"]').first).to_have_css("max-width", "1500px")  # style.css
    # Elements fade in: half-faded words would be judged by their half-faded colour.
    fading = "document.getAnimations().filter(each => each instanceof CSSTransition).map(each => each.finished)"
    late = "new Promise(done => setTimeout(done, 2000))"
    page.evaluate(f"() => Promise.race([{late}, Promise.allSettled({fading})]).then(() => true)")
