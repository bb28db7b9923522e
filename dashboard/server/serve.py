"""The server: Streamlit's pages, the engine behind them, and nothing that leaves this machine.

It answers within a second or two: the browser fetches the page's scripts while torch is being imported, here and in the
first worker at once. Sessions begin when that is done.
"""

import contextlib
import errno
import gc
import importlib
import os
import pkgutil
import socket
import threading
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import dashboard
from dashboard import engine
from dashboard.engine.settings import Settings
from dashboard.engine.workers.local import Process

if TYPE_CHECKING:
    import uvicorn
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from dashboard.engine.engine import Engine

APP = Path(__file__).parents[1] / "app.py"
UPLOAD_MB = 50
MESSAGE_MB = 200
BACKLOG = 512
SHUTDOWN_SECONDS = 1
PAGES = ("dashboard.app", "dashboard.pages", "dashboard.cli", "dashboard.server", "dashboard.engine.workers.worker")


class Opening:
    """The engine on its way: made in a thread of its own while the server already answers.

    Attributes:
        done: set when the engine is there, or when it is sure that it will not be.
        error: why there is none.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._first = Process(settings, settings.devices[0], "interactive")
        self.done = threading.Event()
        self.error: BaseException | None = None
        self._engine: Engine | None = None
        self._thread = threading.Thread(target=self._open, name="seewhy opening", daemon=True)

    def start(self, server: "uvicorn.Server") -> None:
        """Begin; a server without an engine stops."""
        self._server = server
        self._thread.start()

    def why_not_ready(self) -> str:
        """One sentence, or nothing when the default model has answered once."""
        return self._engine.why_not_ready() if self._engine else "The server is starting."

    def close(self) -> None:
        """End the engine and its workers; one that is still being made ends with this process."""
        if self._thread.is_alive():
            self._thread.join(SHUTDOWN_SECONDS)
        engine.use(None)
        self._first.end()

    def _open(self) -> None:
        try:
            self._engine = _make_engine(self._settings, self._first)
        except BaseException as error:  # raised again by `serve`, in the thread that people see
            self.error = error
            self._server.should_exit = True
        self.done.set()


def _make_engine(settings: Settings, first: Process) -> "Engine":
    """Make the engine, import what pages need, and take all that out of the garbage collector's sight.

    Streamlit collects garbage after every rerun, which takes most of a second when torch and timm are in sight.
    """
    from dashboard.engine.engine import Engine
    from dashboard.engine.logs import write_log
    from dashboard.server import examples

    write_log(settings.cache)
    started = Engine(settings, first)
    engine.use(started)
    _preload()
    if settings.examples:
        examples.begin(started)
    gc.collect()
    gc.freeze()
    return started


def _preload() -> None:
    """Import what pages import, once, before the first session."""
    from explainers import registry

    registry()
    importlib.import_module("plotly.graph_objects")
    for module in pkgutil.walk_packages(dashboard.__path__, "dashboard."):
        if not module.name.startswith(PAGES):
            importlib.import_module(module.name)


def serve(settings: Settings, host: str = "127.0.0.1", port: int = 8501, script: Path = APP) -> None:
    """Serve the dashboard until Ctrl-C, which is raised again as KeyboardInterrupt when all is closed.

    Args:
        settings: of the engine.
        host: the address to bind; the loopback one can be reached from this machine only.
        port: to listen on; 0 takes any free one.
        script: Streamlit's main script.

    Raises:
        InputError: the port is in use or the address is not ours.
        StorageError: the cache folder cannot be used.
    """
    with contextlib.closing(listen(host, port)) as ours:
        opening = Opening(settings)
        try:
            server = _server(build(opening, script, _hosts(host)), _url(host, ours.getsockname()[1]))
            opening.start(server)
            server.run(sockets=[ours])
        finally:
            opening.close()
        if opening.error:
            raise opening.error


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket.

    Raises:
        InputError: the port is in use or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        bound.close()
        raise _refused(error, host, port) from error
    return bound


def _refused(error: Exception, host: str, port: int) -> Exception:
    from models.errors import InputError

    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        return InputError(f"Port {port} is in use; choose another with --port.")
    if code == errno.EACCES or isinstance(error, OverflowError):
        return InputError(f"Port {port} may not be used; choose one from 1024 to 65535 with --port.")
    return InputError(f"This machine has no address '{host}'; use 127.0.0.1, or 0.0.0.0 for all with --host.")


def options(hosts: Collection[str]) -> dict[str, object]:
    """Streamlit's options: no telemetry, no details of errors, no watching of files, one palette."""
    from dashboard.server.theme import THEME

    return {
        "global.developmentMode": False,
        "server.headless": True,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.allowedHosts": list(hosts),
        "server.maxUploadSize": UPLOAD_MB,
        "server.maxMessageSize": MESSAGE_MB,
        "server.fileWatcherType": "none",
        "server.enableStaticServing": False,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "client.allowedOrigins": [],
        "runner.magicEnabled": False,
        "runner.postScriptGC": False,  # 15 ms a rerun; the collector comes by itself all the same
        "global.minCachedMessageSize": 1000,  # bytes; what has not changed is sent as its hash
        "logger.level": "warning",
        **THEME,
    }


def build(opening: Opening, script: Path = APP, hosts: Collection[str] = ()) -> "ASGIApp":
    """The whole application as ASGI: pages, readiness, security headers; sessions wait until ``opening`` is done.

    Args:
        opening: the engine on its way.
        script: Streamlit's main script.
        hosts: names that it answers to; empty for any.
    """
    from starlette.responses import JSONResponse
    from starlette.routing import Route
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.starlette import App
    from streamlit.web import bootstrap

    from dashboard.server.security import Guard

    async def readyz(_request: "Request") -> "Response":
        reason = opening.why_not_ready()
        return JSONResponse({"ready": not reason, "reason": reason}, status_code=503 if reason else 200)

    # Before its first st.navigation, Streamlit takes a folder called pages for scripts: a deep link would open a blank.
    PagesManager.uses_pages_directory = False
    app = App(script, routes=[Route("/readyz", readyz)])
    bootstrap.load_config_options(options(hosts))
    return Guard(app, hosts, opening.done)


def _hosts(host: str) -> tuple[str, ...]:
    """Names to answer to: on the loopback address our own and those in ``SEEWHY_HOSTS``, elsewhere any."""
    from dashboard.server.security import LOOPBACK

    more = tuple(name for name in os.environ.get("SEEWHY_HOSTS", "").split(",") if name)
    return (*LOOPBACK, *more) if host in LOOPBACK else more


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _server(app: "ASGIApp", url: str) -> "uvicorn.Server":
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(f"Seewhy is on {url} (Ctrl-C stops it)", flush=True)

    return Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            ws_max_size=MESSAGE_MB * 2**20,
            ws_per_message_deflate=False,  # the rest is small, and packing takes 5 ms
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            server_header=False,
        )
    )
