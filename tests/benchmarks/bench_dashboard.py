"""What a person waits for: ``python -m tests.benchmarks.bench_dashboard``.

One server process, asked by websocket in Streamlit's own protocol as a browser asks: so a number is what the server
takes from a click to the last message of the page, without the drawing. Only the first page is timed in a browser.
"""

import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

import models
from models.imagesets import sample
from tests import chromium

ROOT = Path(__file__).parents[2]
CROWDS = {20: 0.5, 50: 1.2, 100: 3.0}  # people at once -> seconds, p95
RERUNS, CLICKS, SHARED = 10, 15, 3
UNCHANGED, SENT = 0.02, 30  # seconds and kilobytes of a rerun that changes nothing
FIRST_PAGE, KEPT, OVERHEAD = 8.0, 0.15, 0.15


class Tab:
    """A session: one page, seen as the messages that the server sends."""

    def __init__(self, port: int, query: str) -> None:
        self._query, self._page = query, "attribution"
        self._socket = connect(f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"], max_size=None)
        self.seen: set[str] = set()
        self.words: list[str] = []
        self.tiles = False
        self.bytes = 0
        self._states: dict[str, WidgetState] = {}

    def rerun(self, *changed: WidgetState) -> float:
        """Seconds from asking for the page until the server has sent all of it."""
        self._states.update({each.id: each for each in changed})
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_name = self._page
        message.rerun_script.widget_states.widgets.extend(self._states.values())
        started = time.perf_counter()
        self._socket.send(message.SerializeToString())
        self.bytes, done = 0, False
        while not done:
            data = self._socket.recv(timeout=60)
            self.bytes += len(data)
            done = self._finished(ForwardMsg.FromString(data))
        return time.perf_counter() - started

    def _finished(self, message: ForwardMsg) -> bool:
        if message.WhichOneof("type") == "page_info_changed":
            self._query = message.page_info_changed.query_string
        if message.WhichOneof("type") == "delta":
            self._note(message.delta.new_element)
        done = message.WhichOneof("type") == "script_finished"
        return done and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN

    def _note(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        found = getattr(element, kind, None) if kind else None
        if identity := getattr(found, "id", ""):
            self.seen.add(identity)
        self.tiles = self.tiles or (kind == "html" and "sw-whole" in found.body)
        if kind == "markdown" and found.body.startswith("##### "):
            self.words.append(found.body)

    def widget(self, ending: str) -> str:
        """The id of the widget whose key ends so."""
        return next(identity for identity in self.seen if identity.endswith(ending))

    def close(self) -> None:
        """End the session."""
        self._socket.close()


def classes(tab: Tab, index: int) -> WidgetState:
    """The choice of a class, as the list of the page sends it."""
    labels = models.card(models.DEFAULT).labels
    state = WidgetState(id=tab.widget("-class"))
    state.string_value = f"{labels[index].split(',')[0]} ({index})"
    return state


@contextlib.contextmanager
def serving(cache: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A server on a free port, as `seewhy serve` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "dashboard.cli", "serve", "--port", str(port), "--cache", str(cache)]
    environ = {**os.environ, "SEEWHY_EXAMPLES": "0"}
    process = subprocess.Popen([*command, "--devices", "cpu"], cwd=ROOT, stdout=subprocess.DEVNULL, env=environ)
    try:
        yield port, process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def until_ready(port: int) -> None:
    """Wait for the readiness route."""
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            if json.load(answer)["ready"]:
                return
        time.sleep(0.05)


def first_page(cache: Path) -> float | None:
    """Seconds from the start of `seewhy` to the first words of its page in Chromium; None where there is none."""
    path = chromium.find()
    if path is None:
        return None
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as driver:
        page = driver.chromium.launch(executable_path=path, args=["--no-sandbox"]).new_page()
        started = time.perf_counter()
        with serving(cache) as (port, _):
            while True:
                with contextlib.suppress(Error):
                    page.goto(f"http://127.0.0.1:{port}/")
                    break
                time.sleep(0.05)
            page.get_by_text("Open a vision model").wait_for(timeout=60_000)
            return time.perf_counter() - started


def forward() -> float:
    """Median seconds of one bare forward of the default model, on as many threads as a worker has."""
    from dashboard.engine.settings import Settings

    torch.set_num_threads(Settings().threads)
    handle = models.load(models.DEFAULT, "cpu")
    batch = handle.preprocess(sample("chelsea"))[None]
    seconds = []
    with torch.inference_mode():
        for _ in range(20):
            started = time.perf_counter()
            handle.network(batch)
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def measured(tab: Tab) -> None:
    """Wait until the evidence beside the picture is there, so that no job runs in the background."""
    while not tab.tiles:
        time.sleep(0.5)
        tab.rerun()


def clicks(port: int) -> tuple[list[float], list[float]]:
    """Seconds of clicks that ask for a new class, and of the same clicks when the answers are kept; one user."""
    tab, fresh, again = Tab(port, "image=chelsea"), [], []
    names = models.card(models.DEFAULT).labels
    tab.rerun()
    measured(tab)
    for seconds in (fresh, again):
        for at in range(CLICKS):
            seconds.append(tab.rerun(classes(tab, 300 + at)))
            if not any(names[300 + at].split(",")[0] in words for words in tab.words):
                raise RuntimeError(f"class {300 + at} was not shown: {tab.words}")
            tab.words.clear()
            time.sleep(0.3)
    tab.close()
    return fresh, again


def unchanged(port: int) -> tuple[float, float]:
    """Median seconds and kilobytes of a rerun of a kept page that changes nothing; one user."""
    tab, seconds = Tab(port, "image=chelsea"), []
    tab.rerun()
    measured(tab)
    for _ in range(CLICKS):
        seconds.append(tab.rerun())
        time.sleep(0.3)
    kilobytes = tab.bytes / 1024
    tab.close()
    return statistics.median(seconds), kilobytes


def crowd(port: int, users: int) -> tuple[list[float], float]:
    """Seconds of every rerun of people who look at kept answers at once, and reruns a second of them all."""
    seconds: list[float] = []
    together = threading.Barrier(users)
    for at in range(SHARED):
        first = Tab(port, f"image=chelsea&target={300 + at}")
        first.rerun()
        measured(first)
        first.close()

    def person(at: int) -> None:
        tab = Tab(port, f"image=chelsea&target={300 + at % SHARED}")
        tab.rerun()
        together.wait()
        for turn in range(RERUNS):
            seconds.append(tab.rerun(classes(tab, 300 + (at + turn) % SHARED)))
            time.sleep(1 + (at * 0.37 + turn * 0.61) % 1)  # people read; they do not all click at the same instant
        tab.close()

    threads = [threading.Thread(target=person, args=(at,)) for at in range(users)]
    started = time.perf_counter()
    _all(threads, lambda thread: thread.start())
    _all(threads, lambda thread: thread.join())
    return seconds, len(seconds) / (time.perf_counter() - started)


def _all(threads: list[threading.Thread], act: Callable[[threading.Thread], None]) -> None:
    for thread in threads:
        act(thread)


def line(name: str, seconds: float, target: float) -> str:
    """One number beside its target, and how busy the machine is."""
    verdict = "reached" if seconds <= target else "MISSED"
    load = os.getloadavg()[0]
    return f"{name:<58} {seconds * 1e3:7.0f} ms   target {target * 1e3:5.0f} ms   {verdict:<8} load {load:.1f}"


def p95(seconds: list[float]) -> float:
    """95th percentile."""
    return sorted(seconds)[int(0.95 * len(seconds))]


def main() -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="seewhy-bench-"))
    first_page(folder / "warm")  # the disk is warm from the second start on
    if (seconds := first_page(folder / "warm")) is not None:
        print(line("first page in Chromium, from the start of seewhy", seconds, FIRST_PAGE))
    with serving(folder / "cache") as (port, _):
        until_ready(port)
        fresh, again = clicks(port)
        bare = forward()
        print(f"{'one bare forward':<58} {bare * 1e3:7.0f} ms")
        print(line("click on a class to the page sent, p50, one user", statistics.median(fresh), 2 * bare + OVERHEAD))
        print(line("the same click, answer kept, p50, one user", statistics.median(again), KEPT))
    with serving(folder / "cache") as (port, _):  # again, without the evidence that the clicks have asked for
        until_ready(port)
        seconds, kilobytes = unchanged(port)
        print(line("a rerun that changes nothing, p50, one user", seconds, UNCHANGED))
        print(f"{'what it sends':<58} {kilobytes:7.0f} KB   target {SENT:5} KB")
        for users, target in CROWDS.items():
            reruns, rate = crowd(port, users)
            lost = users * RERUNS - len(reruns)
            print(line(f"rerun with {users} users, p95, {rate:.0f} a second, {lost} lost", p95(reruns), target))


if __name__ == "__main__":
    main()
