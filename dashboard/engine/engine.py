"""The engine: asks, remembers who waits for what, and hands out what is kept."""

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from typing import TypeVar, get_args

from dashboard.engine import answers
from dashboard.engine import framing as wire
from dashboard.engine.answers import Answer
from dashboard.engine.jobs import CANCELLED, INTERRUPTED, FairQueue, Job, JobState, Lane, Outcome, StoredEntry
from dashboard.engine.lease import ServerLease
from dashboard.engine.settings import Settings
from dashboard.engine.store import Store
from dashboard.engine.uploads import Uploads
from dashboard.engine.workers.local import Process
from dashboard.engine.workers.messages import Reached
from dashboard.engine.workers.supervisor import WorkerSupervisor
from explainers import Request, Result, codec
from explainers.params import photos
from models import DEFAULT, Photo
from models.errors import StorageError

R = TypeVar("R", bound=Result)
logger = logging.getLogger(__name__)
REMEMBERED, UNKEPT = 500, 8


class JobLane:
    """What the supervisors of one lane see of the engine: its queue, and where news goes."""

    def __init__(self, engine: "Engine", settings: Settings) -> None:
        self._engine = engine
        self.queue = FairQueue(settings.queue, settings.queue_per_session)
        self.supervisors: list[WorkerSupervisor] = []

    def take(self) -> Job | None:
        """Wait for the next job; None when the engine closes."""
        with self._engine.changed:
            while True:
                if self._engine.closed:
                    return None
                if job := self.queue.pop():
                    job.status, job.started = "running", time.time()
                    return job
                self._engine.changed.wait()

    def report(self, job: Job, reached: Reached, preview: bytes) -> None:
        """Note a job's progress; the last preview stays until there is a next one."""
        picture = wire.unpack_preview(preview)
        with self._engine.changed:
            shown = job.progress.preview if picture is None else picture
            job.progress = replace(job.progress, fraction=reached.fraction, note=reached.note, preview=shown)

    def offer(self, job: Job, known: bytes) -> None:
        """Note what is known so far of a job's answer."""
        with self._engine.changed:
            job.progress = replace(job.progress, partial=codec.unpack(known, answers.type_of(job.request)))

    def end(self, job: Job, outcome: Outcome, data: bytes = b"") -> None:
        """Note a job's end."""
        self._engine.end(job, outcome, data)


class Engine:
    """Answers requests from worker processes, one a device and lane; every method may be called from any thread.

    Args:
        settings: where, how much, on what.
        first: the interactive worker of the first device, when it was started before.

    Raises:
        StorageError: the cache folder cannot be used; also from every method that reads or writes.
    """

    def __init__(self, settings: Settings, first: Process | None = None) -> None:
        settings.import_plugins()
        self.settings = settings
        self.store = Store(settings.cache, settings.cache_size)
        self.uploads = Uploads(settings.cache / "uploads", settings.cache_size // 4)
        self._owner = ServerLease(settings.cache / "servers")
        self.changed = threading.Condition()
        self.closed = False
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._unkept: OrderedDict[str, bytes] = OrderedDict()
        self._writing = threading.Lock()
        self._lanes: dict[str, JobLane] = {name: JobLane(self, settings) for name in get_args(Lane)}
        self._start("interactive", first)

    def ask(
        self, request: Request[Result], *, session: str, lane: Lane = "interactive", fresh: bool = False
    ) -> JobState:
        """Want an answer: the kept one, one that is being worked out already, or a new job.

        Args:
            request: what is asked.
            session: who asks; `cancel` takes the same name.
            lane: ``evidence`` behind a picture, ``batch`` for long work: neither holds up the next picture.
            fresh: work it out even when it is kept.

        Raises:
            BusyError: too many jobs wait.
        """
        if not fresh and (held := self._held(request)):
            return held
        key = request.key
        refused = self._keep_photos(request)
        with self.changed:
            job = self._jobs.get(key)
            if job and job.status in ("queued", "running"):
                job.watchers.add(session)
                return self._state(job)
            if job and job.status == "done" and not fresh and self.store.has(key):  # it came while we looked
                return self._state(job)
            job = Job(request, lane, session, refused, watchers={session})
            self._lanes[lane].queue.push(job)
            self._remember(job)
            self._unkept.pop(key, None)
            self.changed.notify_all()
            state = self._state(job)
        self._start(lane)
        self._write(job)
        return state

    def _held(self, request: Request[Result]) -> JobState | None:
        """The state of a request whose answer is there already."""
        key = request.key
        if key in self._unkept:
            return self.state(key)
        lens, model, part = request.explainer, request.model, request.part
        kept = JobState(key=key, status="kept", fraction=1.0, explainer=lens, model=model, part=part)
        return kept if self.store.has(key) else None

    def state(self, key: str) -> JobState:
        """Where the job under this key stands; ``absent`` when nobody asked."""
        with self.changed:
            if job := self._jobs.get(key):
                return self._state(job)
        if self.store.has(key):
            return JobState(key=key, status="kept", fraction=1.0)
        text = self.store.state(key)
        if text is None:
            return JobState(key=key, status="absent")
        state, owner = JobState.from_json(text)
        if state.live and not self._owner.alive(owner):
            return state.ended_as("interrupted", INTERRUPTED)
        return state

    def wait(self, key: str, seconds: float) -> JobState:
        """As `state`, when the job has ended or ``seconds`` have passed."""
        with self.changed:
            job = self._jobs.get(key)
        if job:
            job.over.wait(seconds)
        return self.state(key)

    def kept(self, key: str) -> Answer[Result] | None:
        """The answer under this key; one that is damaged is as good as none."""
        data = self._unkept.get(key)
        return answers.from_bytes(key, data) if data else self.store.kept(key)

    def answer(self, request: Request[R]) -> Answer[R] | None:
        """The answer to a request, as `kept`."""
        return answers.to(request, self.kept(request.key))

    def cancel(self, key: str, session: str) -> JobState:
        """One session waits no longer; the job stops when no other does."""
        with self.changed:
            job = self._jobs.get(key)
            if not job or not job.live:
                return self.state(key)
            job.watchers.discard(session)
            if job.watchers:
                return self._state(job)
            waiting = job.status == "queued"
            if job.status != "stopping":
                job.status, job.stop_by = "stopping", time.monotonic() + self.settings.grace
            self._lanes[job.lane].queue.remove(job)
        if waiting:
            self.end(job, CANCELLED)
        else:
            for supervisor in self._lanes[job.lane].supervisors:
                supervisor.stop(job)
        return self.state(key)

    def jobs(self) -> list[JobState]:
        """Jobs of this server, newest first: those that wait, run, or have ended not long ago."""
        with self.changed:
            return [self._state(job) for job in reversed(self._jobs.values())]

    def recent(self, limit: int = 100) -> list[StoredEntry]:
        """What is kept, newest first."""
        return self.store.recent(limit)

    def forget(self, key: str) -> None:
        """Drop an answer."""
        with self.changed:
            if (job := self._jobs.get(key)) and not job.live:
                del self._jobs[key]
            self._unkept.pop(key, None)
        self.store.forget(key)

    def keep_photo(self, photo: Photo) -> str:
        """Keep a photo; its digest is its address."""
        return self.store.keep_photo(photo)

    def photo(self, digest: str) -> Photo | None:
        """The photo under this digest, or None when it is no longer kept."""
        return self.store.photo(digest)

    def ready(self) -> bool:
        """Whether the default model has answered once."""
        return not self.why_not_ready()

    def why_not_ready(self) -> str:
        """One sentence, or nothing when the default model has answered once."""
        return "" if self.closed else self._lanes["interactive"].supervisors[0].not_ready_reason

    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers."""
        supervisors = (each for lane in self._lanes.values() for each in lane.supervisors)
        return tuple(each.pid for each in supervisors if each.pid)

    def close(self) -> None:
        """End all workers; what waits or runs is interrupted, what is kept stays."""
        with self.changed:
            if self.closed:
                return
            self.closed = True
            supervisors = [supervisor for lane in self._lanes.values() for supervisor in lane.supervisors]
            live = [job for job in self._jobs.values() if job.live]
            self.changed.notify_all()
        for job in live:
            self.end(job, Outcome(status="interrupted", error=INTERRUPTED))
        for supervisor in supervisors:
            supervisor.close()
        for supervisor in supervisors:
            supervisor.join(timeout=2)
        self._owner.close()
        self.store.close()

    def end(self, job: Job, outcome: Outcome, data: bytes = b"") -> None:
        """Note a job's end, once: what comes later is dropped."""
        with self.changed:
            if not job.live:
                return
            job.finish(outcome)
            if data:
                self._unkept[job.request.key] = data
                while len(self._unkept) > UNKEPT:
                    self._unkept.popitem(last=False)
        job.over.set()
        self._write(job)

    def _start(self, lane: str, first: Process | None = None) -> None:
        """Start the workers of a lane, unless they run."""
        with self.changed:
            if self._lanes[lane].supervisors or self.closed:
                return
            warm = DEFAULT if lane == "interactive" else ""
            for place in self.settings.resolved_devices():
                supervisor = WorkerSupervisor(self.settings, (place, lane), self._lanes[lane], warm, first)
                self._lanes[lane].supervisors.append(supervisor)
                first = None
                supervisor.start()

    def _state(self, job: Job) -> JobState:
        return job.state(self._lanes[job.lane].queue.position(job))

    def _keep_photos(self, request: Request[Result]) -> tuple[Photo, ...]:
        """Keep the request's photos for the worker; those that the disk refuses go with the request."""
        wanted = tuple(photos(request.params).values())
        try:
            for photo in wanted:
                self.store.keep_photo(photo)
        except StorageError as error:
            logger.warning("a photo goes to the worker without being kept: %s", error)
            return wanted
        return ()

    def _remember(self, job: Job) -> None:
        self._jobs.pop(job.request.key, None)
        self._jobs[job.request.key] = job
        over = [key for key, each in self._jobs.items() if not each.live]
        for key in over[: max(0, len(self._jobs) - REMEMBERED)]:
            del self._jobs[key]

    def _write(self, job: Job) -> None:
        """Write a job's state down, so that it can be told after a restart; the answer itself tells that it is done."""
        with self._writing:
            state = job.state()
            try:
                if state.ready:
                    self.store.drop_state(state.key)
                else:
                    self.store.put_state(state.key, state.to_json(self._owner.id))
            except StorageError as error:
                logger.warning("the state of job %s is not written down: %s", job.run, error)
