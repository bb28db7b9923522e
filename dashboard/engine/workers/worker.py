"""The worker process: holds models, works out one request after the other, says how far it is, stops when told."""

import contextlib
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
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import TypeVar

import numpy as np
import torch

import models
from dashboard.engine import answers
from dashboard.engine import framing as wire
from dashboard.engine.jobs import CANCELLED, Outcome
from dashboard.engine.settings import Settings
from dashboard.engine.store import Store, photo_from_bytes
from dashboard.engine.workers import messages
from explainers import Cancelled, Request, Result, codec
from models import ModelHandle, Photo
from models.errors import InputError, NotReadyError, SeewhyError, StorageError
from models.training.memory import give_back, keep_freed

R = TypeVar("R", bound=Result)
logger = logging.getLogger(__name__)

DONE = Outcome(status="done")
REPORT_SECONDS = 0.05
IDLE_SECONDS = 5.0
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
    """One run of one request: what an explainer sees of the world; ``offers`` is the type of what it shows early."""

    def __init__(
        self,
        worker: "Worker",
        run: str,
        rng: np.random.Generator,
        ends: tuple[float, float] = (0.0, 1.0),
        offers: type[Result] | None = None,
    ) -> None:
        self.rng = rng
        self._worker, self._run, self._ends, self._offers = worker, run, ends, offers
        self._sent = 0.0

    def report(self, fraction: float, note: str = "", preview: np.ndarray | None = None) -> None:
        """Tell the server, at most 20 times a second; raises `Cancelled` when nobody waits any longer."""
        if self._worker.stopped(self._run):
            raise Cancelled
        now = time.monotonic()
        if now - self._sent >= REPORT_SECONDS:
            self._sent = now
            reached = messages.Reached(run=self._run, fraction=self._at(fraction), note=note)
            self._worker.send(reached, wire.pack_preview(preview))

    def offer(self, known: Result) -> None:
        """Send what is known so far; what only another answer needed is not shown."""
        if self._offers is not None and isinstance(known, self._offers):
            self._worker.send(messages.Offered(run=self._run), codec.pack(known))

    def part(self, low: float, high: float) -> "WorkerRun":
        """The same run, whose progress from 0 to 1 is this one's from ``low`` to ``high``."""
        return WorkerRun(self._worker, self._run, self.rng, (self._at(low), self._at(high)), self._offers)

    def reuse(self, request: Request[R]) -> R:
        """The stored answer, or computed now, with its own random generator, and stored."""
        store = self._worker.store()
        if stored := store.answer(request):
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
        self._orders: queue.SimpleQueue[tuple[messages.Message, bytes]] = queue.SimpleQueue()
        self._stopped: set[str] = set()
        self._remarked: set[str] = set()
        self._store: Store | None = None

    def store(self) -> Store:
        """The store, opened when first needed."""
        if self._store is None:
            self._store = Store(self._settings.cache, self._settings.cache_size)
        return self._store

    def stopped(self, run: str) -> bool:
        """Whether nobody waits for this run any longer."""
        return run in self._stopped

    def send(self, message: messages.Message, body: bytes = b"") -> None:
        """Send a message to the server; without a server there is nothing left to do."""
        try:
            self._pipe.send_bytes(messages.encode(message, body))
        except OSError:
            os._exit(0)

    def listen(self) -> None:
        """Read messages as they come, so that a stop is seen while work goes on; the server's end is ours."""
        while True:
            try:
                message, body = messages.decode(self._pipe.recv_bytes())
            except (EOFError, OSError):
                os._exit(0)
            if isinstance(message, messages.Stop):
                self._stopped.add(message.run)
            else:
                self._orders.put((message, body))

    def serve(self) -> None:
        """Do what the server asks for, for ever."""
        threading.Thread(target=self.listen, daemon=True).start()
        self.send(messages.Hello())
        while True:
            match self._next():
                case messages.Warm(model=name), _:
                    self.send(messages.Warmed(outcome=self._attempt(partial(self._warm, name))[0]))
                case messages.Task() as task, body:
                    self.send(messages.Began(run=task.run))
                    outcome, data = self._attempt(partial(self._run, task, body), str(task.request["explainer"]))
                    self.send(messages.Ended(run=task.run, outcome=outcome), data)
                    self._stopped.discard(task.run)

    def _next(self) -> tuple[messages.Message, bytes]:
        """The next order; whoever has waited a while hands its spare memory back."""
        with contextlib.suppress(queue.Empty):
            return self._orders.get(timeout=IDLE_SECONDS)
        give_back()
        return self._orders.get()

    def _warm(self, name: str) -> tuple[Outcome, bytes]:
        handle = self.shelf.get(name)
        with torch.inference_mode():
            handle.network(torch.zeros(1, *handle.card.input_size, device=handle.device))
        return DONE, b""

    def _run(self, task: messages.Task, body: bytes) -> tuple[Outcome, bytes]:
        """Work out one request; its bytes travel with the message only when they could not be kept."""
        sent = _photos(task.photos, body)
        request = Request.from_json(task.request, lambda digest: self._photo(digest, sent))
        if request.key != task.key:
            raise NotReadyError("Seewhy or the model's weights changed while the server ran; restart the server.")
        if self.stopped(task.run):
            raise Cancelled
        rng = np.random.default_rng(request.params.seed)
        run = WorkerRun(self, task.run, rng, offers=answers.type_of(request))
        handle = self.shelf.get(request.model)
        kept = answers.compute(handle, request, run)
        data = answers.to_bytes(kept)
        try:
            self._remark(handle)
            self.store().keep(kept, data)
        except StorageError as error:
            return Outcome(status="done", warning=f"This result is not kept. {error}"), data
        return DONE, b""

    def _remark(self, handle: ModelHandle) -> None:
        """Write down what the pages say of a model that was examined, once."""
        if handle.examined and handle.digest not in self._remarked:
            self.store().put_remarks(handle.digest, handle.findings.remarks)
            self._remarked.add(handle.digest)

    def _photo(self, digest: str, sent: dict[str, Photo]) -> Photo:
        photo = sent.get(digest) or self.store().photo(digest)
        if photo is None:
            raise InputError("The picture is no longer kept; upload it again.")
        return photo

    def _attempt(self, work: Callable[[], tuple[Outcome, bytes]], what: str = "the warm-up") -> tuple[Outcome, bytes]:
        """Do work; whatever goes wrong becomes one sentence, and what a person need not see goes to the log."""
        try:
            return work()
        except Cancelled:
            return CANCELLED, b""
        except SeewhyError as error:
            return Outcome(status="failed", error=str(error)), b""
        except (torch.OutOfMemoryError, MemoryError) as error:
            return _logged(error, MEMORY.format(device=self._device)), b""
        except Exception as error:  # the worker lives on, and the log says what it was
            return _logged(error, f"Something went wrong inside {what}."), b""


def _logged(error: BaseException, sentence: str) -> Outcome:
    log = uuid.uuid4().hex[:6]
    trace = "".join(traceback.format_exception(error))
    return Outcome(status="failed", error=f"{sentence.rstrip('.')} (log id {log}).", log=log, trace=trace)


def _photos(sizes: tuple[int, ...], body: bytes) -> dict[str, Photo]:
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
    keep_freed()
    settings.import_plugins()
    Worker(Connection(int(descriptor)), device, settings).serve()


if __name__ == "__main__":
    main()
