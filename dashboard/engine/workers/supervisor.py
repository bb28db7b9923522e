"""A thread that leads one worker process: hands it job after job, hears its progress, replaces it when it ends."""

import logging
import threading
import time
from typing import Any, Protocol

from dashboard.engine.jobs import Job
from dashboard.engine.settings import Settings
from dashboard.engine.store import photo_to_bytes
from dashboard.engine.workers.local import Process

logger = logging.getLogger(__name__)

GLANCE_SECONDS = 0.5
PROGRESS = ("error", "warning", "log")


class JobSource(Protocol):
    """What a hand needs of the engine."""

    def take(self) -> Job | None:
        """The next job, when there is one; None when the engine closes."""
        ...

    def tell(self, job: Job, progress: dict[str, Any], preview: bytes) -> None:
        """A job's progress."""
        ...

    def end(self, job: Job, status: str, outcome: dict[str, Any], data: bytes) -> None:
        """A job's end, with its answer when that could not be kept."""
        ...


class WorkerSupervisor(threading.Thread):
    """One worker process and the thread that leads it.

    Args:
        settings: of the engine.
        place: device and lane.
        desk: where jobs come from and news goes.
        warm: the model to load and ask once before the first job; empty for none.
        process: a worker that was started before, while the server was still starting itself.
    """

    def __init__(
        self,
        settings: Settings,
        place: tuple[str, str],
        desk: JobSource,
        warm: str = "",
        process: Process | None = None,
    ) -> None:
        super().__init__(name=f"seewhy {place[1]} {place[0]}", daemon=True)
        self._settings, self._place, self._desk, self._warm = settings, place, desk, warm
        self._process = process
        self._closing = self._retried = False
        self._began = ""
        self._lock = threading.Lock()
        self.not_ready_reason = "The default model is being loaded."

    @property
    def pid(self) -> int:
        """Process id of the worker; 0 while there is none."""
        return self._process.pid if self._process else 0

    def run(self) -> None:
        """Lead the worker until the engine closes."""
        self._prepare()
        while job := self._desk.take():
            if self._process is None:
                self._prepare()
            # A worker that died while it had nothing to do costs no job: a fresh one takes it over.
            if not self._serve(job):
                self._serve(job)

    def stop(self, job: Job) -> None:
        """Pass on that nobody waits for a job any longer."""
        process = self._process
        if process is not None:
            try:
                process.send({"do": "stop", "run": job.run})
            except OSError as error:
                logger.info("the worker of job %s has ended before it was told to stop: %s", job.run, error)

    def close(self) -> None:
        """End the worker, whatever it does."""
        with self._lock:
            self._closing = True
        self._dismiss()

    def _dismiss(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.end()

    def _prepare(self) -> None:
        """Start the worker and wait until it answers; without one, `_serve` tells the job."""
        try:
            with self._lock:
                if self._closing:
                    return
                self._process = process = self._process or Process(self._settings, *self._place)
            self._await(process, "hello")
            if self._warm:
                process.send({"do": "warm", "model": self._warm})
                reply = self._await(process, "warm")
                self.not_ready_reason = "" if reply["status"] == "done" else reply["error"]
                _log(reply)
        except (EOFError, OSError) as error:
            if not self._closing:
                self.not_ready_reason = "The worker process could not start; the server's log says why."
                logger.error("the worker of %s could not start: %s", self.name, error or "it ended")
            self._dismiss()

    def _await(self, process: Process, kind: str) -> dict[str, Any]:
        while True:
            message = process.receive(GLANCE_SECONDS)
            if message and message[0]["kind"] == kind:
                return message[0]

    def _serve(self, job: Job) -> bool:
        """Let the worker do a job; False when the worker had died before it began, and another is there."""
        process = self._process
        if process is None:
            self._retried = False
            self._fail(job, "The worker process could not start; the server's log says why.")
            return True
        try:
            blobs = [photo_to_bytes(photo) for photo in job.photos]
            payload = {
                "request": job.request.to_json(),
                "key": job.request.key,
                "photos": [len(blob) for blob in blobs],
            }
            process.send({"do": "run", "run": job.run, **payload}, b"".join(blobs))
            self._follow(job, process)
        except (EOFError, OSError):
            how = process.how_it_ended()
            again = self._began != job.run and not self._retried
            self._dismiss()
            if not again:
                self._fail(job, f"The worker process ended unexpectedly ({how}); the next run starts a fresh one.")
            self._retried = again
            self._prepare()
            return not again
        self._retried = False
        return True

    def _follow(self, job: Job, process: Process) -> None:
        """Hear of a job until it ends, or until it had its time to stop."""
        while True:
            message = process.receive(GLANCE_SECONDS)
            if message and message[0].get("run") == job.run:
                head, body = message
                if head["kind"] == "began":
                    self._began = job.run
                elif head["kind"] == "progress":
                    self._desk.tell(job, {"fraction": head["fraction"], "note": head["note"]}, body)
                else:
                    _log(head)
                    progress: dict[str, Any] = {name: head[name] for name in PROGRESS if name in head}
                    self._desk.end(job, head["status"], progress, body)
                    return
            if job.stopping and time.monotonic() - job.stopping > self._settings.grace:
                self._dismiss()
                self._desk.end(job, "cancelled", {"error": "Cancelled."}, b"")
                self._prepare()
                return

    def _fail(self, job: Job, sentence: str) -> None:
        if job.stopping:
            self._desk.end(job, "cancelled", {"error": "Cancelled."}, b"")
        elif self._closing:
            self._desk.end(job, "interrupted", {"error": "The server was stopped; press Run again."}, b"")
        else:
            logger.error("log id %s: %s", job.run, sentence)
            self._desk.end(job, "failed", {"error": sentence, "log": job.run}, b"")


def _log(head: dict[str, Any]) -> None:
    if head.get("trace"):
        logger.error("log id %s: %s\n%s", head["log"], head["error"], head["trace"])
