"""The worker process: holds models, works out one request after the other, says how far it is, stops when told."""

import gc
import logging
import os
import queue
import sys
import threading
import time
import traceback
import uuid
from collections import OrderedDict
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import numpy as np
import torch

import models
from dashboard.engine import answers
from dashboard.engine import framing as wire
from dashboard.engine.settings import Settings
from dashboard.engine.store import Store, photo_from_bytes
from explainers import Cancelled, Request, Result
from models import ModelHandle, Photo
from models.errors import InputError, NotReadyError, SeewhyError, StorageError

R = TypeVar("R", bound=Result)
logger = logging.getLogger(__name__)

REPORT_SECONDS = 0.05
BATCH_NICENESS = 5
MEMORY = (
    "{device} has too little memory for this; close other programs that use it, lower the batch or population size,"
    " or choose a smaller model."
)


class ModelCache:
    """Loaded models, up to a number of bytes; the one used longest ago goes first."""

    def __init__(self, device: str, limit: int) -> None:
        self._device, self._limit = device, limit
        self._held: OrderedDict[str, ModelHandle] = OrderedDict()

    def get(self, name: str) -> ModelHandle:
        """The model, loaded when it is not held; a file that changed is another model."""
        key = f"{name}@{models.card(name).digest}"
        if key not in self._held:
            self._held[key] = models.load(name, self._device)
            self._evict()
        self._held.move_to_end(key)
        return self._held[key]

    def _evict(self) -> None:
        gc.unfreeze()
        while len(self._held) > 1 and sum(each.nbytes for each in self._held.values()) > self._limit:
            self._held.popitem(last=False)
        gc.collect()
        gc.freeze()  # models are many small objects that live long: every later collection would walk over them


class WorkerRun:
    """One run of one request: what an explainer sees of the world."""

    def __init__(self, worker: "Worker", run: str, rng: np.random.Generator, ends: tuple[float, float]) -> None:
        self.rng = rng
        self._worker, self._run, self._ends = worker, run, ends
        self._sent = 0.0

    def report(self, fraction: float, note: str = "", preview: np.ndarray | None = None) -> None:
        """Tell the server, at most 20 times a second; raises `Cancelled` when nobody waits any longer."""
        if self._worker.stopped(self._run):
            raise Cancelled
        now = time.monotonic()
        if now - self._sent >= REPORT_SECONDS:
            self._sent = now
            head = {"kind": "progress", "run": self._run, "fraction": self._at(fraction), "note": note}
            self._worker.send(head, wire.pack_preview(preview))

    def part(self, low: float, high: float) -> "WorkerRun":
        """The same run, whose progress from 0 to 1 is this one's from ``low`` to ``high``."""
        return WorkerRun(self._worker, self._run, self.rng, (self._at(low), self._at(high)))

    def reuse(self, request: Request[R]) -> R:
        """The stored answer, or computed now, with its own random generator, and stored."""
        store = self._worker.store()
        if stored := store.kept(request.key):
            return stored.result
        run = WorkerRun(self._worker, self._run, np.random.default_rng(request.params.seed), self._ends)
        answer = answers.compute(self._worker.shelf.get(request.model), request, run)
        try:
            store.keep(answer)
        except StorageError as error:
            logger.warning("an answer that another needed could not be kept: %s", error)
        return answer.result

    def _at(self, fraction: float) -> float:
        low, high = self._ends
        return low + (high - low) * float(fraction)


class Worker:
    """Takes messages from a pipe, one run at a time; ends when the server does."""

    def __init__(self, pipe: Connection, device: str, settings: Settings) -> None:
        self._pipe, self._settings, self._device = pipe, settings, device
        self.shelf = ModelCache(device, settings.models_bytes)
        self._orders: queue.SimpleQueue[tuple[dict[str, Any], bytes]] = queue.SimpleQueue()
        self._stopped: set[str] = set()
        self._store: Store | None = None

    def store(self) -> Store:
        """The store, opened when first needed."""
        if self._store is None:
            self._store = Store(self._settings.cache, self._settings.cache_size)
        return self._store

    def stopped(self, run: str) -> bool:
        """Whether nobody waits for this run any longer."""
        return run in self._stopped

    def send(self, head: dict[str, Any], body: bytes = b"") -> None:
        """Send a message to the server; without a server there is nothing left to do."""
        try:
            self._pipe.send_bytes(wire.join(head, body))
        except OSError:
            os._exit(0)

    def listen(self) -> None:
        """Read messages as they come, so that a stop is seen while work goes on; the server's end is ours."""
        while True:
            try:
                head, body = wire.split(self._pipe.recv_bytes())
            except (EOFError, OSError):
                os._exit(0)
            if head["do"] == "stop":
                self._stopped.add(head["run"])
            else:
                self._orders.put((head, body))

    def serve(self) -> None:
        """Do what the server asks for, for ever."""
        threading.Thread(target=self.listen, daemon=True).start()
        self.send({"kind": "hello"})
        while True:
            head, body = self._orders.get()
            if head["do"] == "warm":
                self.send({"kind": "warm", **self._attempt(lambda head=head: self._warm(head["model"]))})
            else:
                self._serve_run(head, body)
            self._stopped.discard(head.get("run", ""))

    def _warm(self, name: str) -> dict[str, Any]:
        handle = self.shelf.get(name)
        with torch.inference_mode():
            handle.network(torch.zeros(1, *handle.card.input_size, device=handle.device))
        return {"status": "done"}

    def _serve_run(self, head: dict[str, Any], body: bytes) -> None:
        self.send({"kind": "began", "run": head["run"]})
        blob = b""

        def run() -> dict[str, Any]:
            nonlocal blob
            outcome, blob = self._run(head, body)
            return outcome

        outcome = self._attempt(run, head["request"]["explainer"])
        self.send({"kind": "end", "run": head["run"], **outcome}, blob)

    def _run(self, head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Work out one request; its bytes travel with the message only when they could not be kept."""
        sent = _photos(head["photos"], body)
        request = Request.from_json(head["request"], lambda digest: self._photo(digest, sent))
        if request.key != head["key"]:
            raise NotReadyError("Seewhy or the model's weights changed while the server ran; restart the server.")
        if self.stopped(head["run"]):
            raise Cancelled
        handle = self.shelf.get(request.model)
        kept = answers.compute(
            handle, request, WorkerRun(self, head["run"], np.random.default_rng(request.params.seed), (0.0, 1.0))
        )
        data = answers.to_bytes(kept)
        try:
            self.store().keep(kept, data)
        except StorageError as error:
            return {"status": "done", "warning": f"This result is not kept. {error}"}, data
        return {"status": "done"}, b""

    def _photo(self, digest: str, sent: dict[str, Photo]) -> Photo:
        photo = sent.get(digest) or self.store().photo(digest)
        if photo is None:
            raise InputError("The picture is no longer kept; upload it again.")
        return photo

    def _attempt(self, task: Any, what: str = "the warm-up") -> dict[str, Any]:
        """Do a task; whatever goes wrong becomes one sentence, and what a person need not see goes to the log."""
        try:
            outcome: dict[str, Any] = task()
            return outcome
        except Cancelled:
            return {"status": "cancelled", "error": "Cancelled."}
        except SeewhyError as error:
            return {"status": "failed", "error": str(error)}
        except (torch.OutOfMemoryError, MemoryError) as error:
            return _logged(error, MEMORY.format(device=self._device))
        except Exception as error:  # the worker lives on, and the log says what it was
            return _logged(error, f"Something went wrong inside {what}.")


def _logged(error: BaseException, sentence: str) -> dict[str, Any]:
    log = uuid.uuid4().hex[:6]
    trace = "".join(traceback.format_exception(error))
    return {"status": "failed", "error": f"{sentence.rstrip('.')} (log id {log}).", "log": log, "trace": trace}


def _photos(sizes: list[int], body: bytes) -> dict[str, Photo]:
    """Photos that came with the message, because the disk would not take them."""
    photos: dict[str, Photo] = {}
    for size in sizes:
        photo, body = photo_from_bytes(body[:size]), body[size:]
        photos[photo.digest] = photo
    return photos


def main() -> None:
    """Start: file descriptor of the pipe, device, lane and settings come from the command line."""
    descriptor, device, lane, written = sys.argv[1:]
    settings = Settings.from_json(written)
    if lane != "interactive":
        os.nice(BATCH_NICENESS)
    torch.set_num_threads(settings.threads)
    settings.import_plugins()
    Worker(Connection(int(descriptor)), device, settings).serve()


if __name__ == "__main__":
    main()
