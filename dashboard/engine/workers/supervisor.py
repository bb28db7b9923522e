"""A thread that leads one worker process: hands it job after job, hears its progress, replaces it when it ends."""

import logging
import threading
import time
from typing import Literal, Protocol, TypeVar

from dashboard.engine.jobs import CANCELLED, Job, Outcome
from dashboard.engine.settings import Settings
from dashboard.engine.store import photo_to_bytes
from dashboard.engine.workers import messages
from dashboard.engine.workers.local import Process

logger = logging.getLogger(__name__)

GLANCE_SECONDS = 0.5
NOT_STARTED = "The worker process could not start; the server's log says why."
STOPPED = Outcome(status="interrupted", error="The server was stopped; press Run again.")
Phase = Literal["free", "given a job", "at work", "closed"]
M = TypeVar("M", bound=messages.Message)


class JobSource(Protocol):
    """What a supervisor needs of the engine."""

    def take(self) -> Job | None:
        """The next job, when there is one; None when the engine closes."""
        ...

    def report(self, job: Job, reached: messages.Reached, preview: bytes) -> None:
        """A job's progress."""
        ...

    def offer(self, job: Job, known: bytes) -> None:
        """What is known so far of a job's answer."""
        ...

    def end(self, job: Job, outcome: Outcome, data: bytes = b"") -> None:
        """A job's end, with its answer when that could not be kept."""
        ...


class WorkerSupervisor(threading.Thread):
    """One worker process and the thread that leads it.

    Args:
        settings: of the engine.
        place: device and lane.
        jobs: where jobs come from and news goes.
        warm: the model to load and ask once before the first job; empty for none.
        process: a worker that was started before, while the server was still starting itself.
    """

    def __init__(
        self,
        settings: Settings,
        place: tuple[str, str],
        jobs: JobSource,
        warm: str = "",
        process: Process | None = None,
    ) -> None:
        super().__init__(name=f"seewhy {place[1]} {place[0]}", daemon=True)
        self._settings, self._place, self._jobs, self._warm = settings, place, jobs, warm
        self._process = process
        self._phase: Phase = "free"
        self._lock = threading.Lock()
        self.not_ready_reason = "The default model is being loaded."

    @property
    def pid(self) -> int:
        """Process id of the worker; 0 while there is none."""
        return self._process.pid if self._process else 0

    def run(self) -> None:
        """Lead the worker until the engine closes."""
        self._prepare()
        while job := self._jobs.take():
            if self._process is None:
                self._prepare()
            # A worker that died while it had nothing to do costs no job: a fresh one takes it over.
            if not self._serve(job):
                self._serve(job, last=True)

    def stop(self, job: Job) -> None:
        """Pass on that nobody waits for a job any longer."""
        process = self._process
        if process is not None:
            try:
                process.send(messages.encode(messages.Stop(run=job.run)))
            except OSError as error:
                logger.info("the worker of job %s has ended before it was told to stop: %s", job.run, error)

    def close(self) -> None:
        """End the worker, whatever it does."""
        self._enter("closed")
        self._dismiss()

    def _enter(self, phase: Phase) -> None:
        """Go on to a phase; from ``closed`` there is no way back."""
        with self._lock:
            self._phase = phase if self._phase != "closed" else "closed"

    def _dismiss(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.end()

    def _prepare(self) -> None:
        """Start the worker and wait until it answers; without one, `_serve` fails the job."""
        try:
            with self._lock:
                if self._phase == "closed":
                    return
                self._process = process = self._process or Process(self._settings, *self._place)
            _await(process, messages.Hello)
            if self._warm:
                process.send(messages.encode(messages.Warm(model=self._warm)))
                self.not_ready_reason = _logged(_await(process, messages.Warmed).outcome).error
        except (EOFError, OSError) as error:
            if self._phase != "closed":
                self.not_ready_reason = NOT_STARTED
                logger.error("the worker of %s could not start: %s", self.name, error or "it ended")
            self._dismiss()

    def _serve(self, job: Job, *, last: bool = False) -> bool:
        """Let the worker do a job; False when it died before it began, another is there, and this was not the last."""
        process = self._process
        if process is None:
            self._fail(job, NOT_STARTED)
            return True
        self._enter("given a job")
        try:
            process.send(_task(job))
            self._follow(job, process)
            self._enter("free")
            return True
        except (EOFError, OSError):
            how = process.how_it_ended()
        lost = self._phase == "given a job" and not last
        self._dismiss()
        if not lost:
            self._fail(job, f"The worker process ended unexpectedly ({how}); the next run starts a fresh one.")
        self._prepare()
        return not lost

    def _follow(self, job: Job, process: Process) -> None:
        """Hear of a job until it ends, or until it had its time to stop."""
        while True:
            data = process.receive(GLANCE_SECONDS)
            match messages.decode(data) if data else None:
                case messages.Began(run=job.run), _:
                    self._enter("at work")
                case messages.Reached(run=job.run) as reached, preview:
                    self._jobs.report(job, reached, preview)
                case messages.Offered(run=job.run), known:
                    self._jobs.offer(job, known)
                case messages.Ended(run=job.run) as ended, answer:
                    return self._jobs.end(job, _logged(ended.outcome), answer)
            if job.status == "stopping" and time.monotonic() > job.stop_by:
                self._dismiss()
                self._jobs.end(job, CANCELLED)
                return self._prepare()

    def _fail(self, job: Job, sentence: str) -> None:
        if job.status == "stopping":
            self._jobs.end(job, CANCELLED)
        elif self._phase == "closed":
            self._jobs.end(job, STOPPED)
        else:
            logger.error("log id %s: %s", job.run, sentence)
            self._jobs.end(job, Outcome(status="failed", error=sentence, log=job.run))


def _await(process: Process, kind: type[M]) -> M:
    """The next message of a kind; others are passed over."""
    while True:
        data = process.receive(GLANCE_SECONDS)
        message = messages.decode(data)[0] if data else None
        if isinstance(message, kind):
            return message


def _task(job: Job) -> bytes:
    """The message that gives a worker a job, with the photos that the disk refused."""
    photos = [photo_to_bytes(photo) for photo in job.photos]
    request, sizes = job.request, tuple(map(len, photos))
    task = messages.Task(run=job.run, request=request.to_json(), key=request.key, photos=sizes)
    return messages.encode(task, b"".join(photos))


def _logged(outcome: Outcome) -> Outcome:
    if outcome.trace:
        logger.error("log id %s: %s\n%s", outcome.log, outcome.error, outcome.trace)
    return outcome
