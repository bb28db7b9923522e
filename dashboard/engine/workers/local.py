"""A worker process seen from the server: started fresh, spoken to through a pipe, noticed when it ends.

It is started as a program of its own, not through ``multiprocessing.Process``: while Streamlit runs a page, that page
is ``__main__``, and multiprocessing would run the page again in every worker. A fork would hang after autograd.
"""

import os
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

from dashboard.engine.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
WORKER = "dashboard.engine.workers.worker"


class Process:
    """One worker process of one device and lane."""

    def __init__(self, settings: Settings, device: str, lane: str) -> None:
        ours, theirs = Pipe()
        inherited = os.environ.get("PYTHONPATH")
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), *([inherited] if inherited else [])]),
            "OMP_NUM_THREADS": str(settings.threads),
        }
        command = [sys.executable, "-P", "-m", WORKER, str(theirs.fileno()), device, lane, settings.to_json()]
        # A process group of its own: Ctrl-C reaches the server, which then ends its workers.
        self._popen = subprocess.Popen(
            command, env=env, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, process_group=0
        )
        theirs.close()
        self._pipe: Connection = ours
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._popen.poll() is None

    def send(self, message: bytes) -> None:
        """Send a message; an OSError when the process has ended."""
        with self._lock:
            self._pipe.send_bytes(message)

    def receive(self, seconds: float) -> bytes | None:
        """The next message, or None after ``seconds``; EOFError or OSError when the process has ended."""
        return self._pipe.recv_bytes() if self._pipe.poll(seconds) else None

    def end(self) -> int:
        """End the process, whatever it does, and give its exit code."""
        self._popen.kill()  # the pipe is closed with this object: another thread may be reading it
        return self._popen.wait()

    def how_it_ended(self) -> str:
        """Words for how it ended by itself: a signal, or an exit code."""
        until = time.monotonic() + 1
        while self.alive() and time.monotonic() < until:
            time.sleep(0.005)
        code = self._popen.poll()
        if code is None:
            return "it closed its pipe"
        return f"killed by signal {-code}, perhaps out of memory" if code < 0 else f"exit code {code}"
