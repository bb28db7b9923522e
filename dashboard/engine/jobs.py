"""A job as a page sees it, as a list shows it, and as it waits its turn."""

import json
import threading
import time
import uuid
from collections import OrderedDict, deque
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

import numpy as np

from dashboard.engine.framing import Json
from explainers import Request, Result
from models import Photo
from models.errors import SeewhyError

Lane = Literal["interactive", "evidence", "batch"]
Ending = Literal["done", "cancelled", "failed", "interrupted"]
Status = Literal["absent", "kept", "queued", "running", "stopping"] | Ending
LIVE = ("queued", "running", "stopping")
INTERRUPTED = "The server was restarted; press Run again: what was finished is kept."


class BusyError(SeewhyError):
    """More is waiting than the queue holds; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended.

    Attributes:
        status: done or why not.
        error: one sentence with the remedy, of a job that is not done.
        warning: one sentence on an answer that is there but could not be kept.
        log: under which id the log holds more, and
        trace: what it holds.
    """

    status: Ending
    error: str = ""
    warning: str = ""
    log: str = ""
    trace: str = ""


CANCELLED = Outcome(status="cancelled", error="Cancelled.")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a job is, and what became of it.

    Attributes:
        fraction: 0 to 1, and
        note: what it does now.
        preview: a picture on the way, or None. partial: what is known so far of the answer, or None.
        error, warning, log: of its `Outcome`.
    """

    fraction: float = 0.0
    note: str = ""
    preview: np.ndarray | None = None
    partial: Result | None = None
    error: str = ""
    warning: str = ""
    log: str = ""


@dataclass(frozen=True, kw_only=True)
class JobState(Progress):
    """Where a job stands.

    Attributes:
        key: of its request.
        status: ``kept`` was there before, ``done`` has just been worked out, ``absent`` was never asked for.
        explainer, model, part, lane: what it is.
        position: how many go first while it waits.
        created, started, ended: seconds since the epoch; 0 while not yet.
    """

    key: str
    status: Status
    explainer: str = ""
    model: str = ""
    part: str = "result"
    lane: str = "interactive"
    position: int = 0
    created: float = 0.0
    started: float = 0.0
    ended: float = 0.0

    @property
    def live(self) -> bool:
        """Whether it still waits or runs."""
        return self.status in LIVE

    @property
    def ready(self) -> bool:
        """Whether the answer can be had."""
        return self.status in ("kept", "done")

    def ended_as(self, status: Status, error: str) -> "JobState":
        """The same job, ended."""
        return replace(self, status=status, error=error, preview=None, partial=None, position=0)

    def to_json(self, owner: str) -> str:
        """As text, without what is on the way; ``owner`` is the server it belongs to."""
        return json.dumps({**asdict(replace(self, preview=None, partial=None)), "owner": owner})

    @staticmethod
    def from_json(text: str) -> tuple["JobState", str]:
        """The state and its owner that `to_json` wrote."""
        written = json.loads(text)
        owner = written.pop("owner")
        return JobState(**written), owner


@dataclass(frozen=True, kw_only=True)
class StoredEntry:
    """A kept answer as a list shows it."""

    key: str
    part: str
    explainer: str
    model: str
    params: dict[str, Json]
    when: str
    seconds: float
    bytes: int
    label: str = ""


@dataclass(eq=False)
class Job:
    """A request on its way; changed only under the engine's lock.

    Attributes:
        run: tells it from earlier jobs of the same request.
        watchers: sessions that wait for it; without any it is ``stopping``, and
        stop_by: on the monotonic clock, when its worker is ended if it has not stopped by itself.
        over: set when it has ended.
    """

    request: Request[Result]
    lane: Lane
    session: str
    photos: tuple[Photo, ...] = ()
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    watchers: set[str] = field(default_factory=set)
    status: Status = "queued"
    progress: Progress = Progress()
    stop_by: float = 0.0
    created: float = field(default_factory=time.time)
    started: float = 0.0
    ended: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def live(self) -> bool:
        """Whether it still waits or runs."""
        return self.status in LIVE

    def finish(self, outcome: Outcome) -> None:
        """Note its end."""
        fraction = 1.0 if outcome.status == "done" else self.progress.fraction
        error, warning, log = outcome.error, outcome.warning, outcome.log
        self.progress = Progress(fraction=fraction, note=self.progress.note, error=error, warning=warning, log=log)
        self.status, self.ended, self.photos = outcome.status, time.time(), ()

    def state(self, position: int = 0) -> JobState:
        """As a page sees it."""
        request = self.request
        return JobState(
            key=request.key,
            status=self.status,
            explainer=request.explainer,
            model=request.model,
            part=request.part,
            lane=self.lane,
            position=position,
            created=self.created,
            started=self.started,
            ended=self.ended,
            **vars(self.progress),
        )


class FairQueue:
    """Waiting jobs, one session after the other in turn; changed only under the engine's lock."""

    def __init__(self, total: int, per_session: int) -> None:
        self._total, self._per_session = total, per_session
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def push(self, job: Job) -> None:
        """Let a job wait at the end of its session's line.

        Raises:
            BusyError: the session, or all together, have too many waiting.
        """
        if len(self._waiting.get(job.session, ())) >= self._per_session:
            raise BusyError(f"You have {self._per_session} jobs waiting; let some finish or cancel one.")
        if len(self) >= self._total:
            raise BusyError(f"The server has {self._total} jobs waiting; try again in a few minutes.")
        self._waiting.setdefault(job.session, deque()).append(job)

    def pop(self) -> Job | None:
        """The first job of the session whose turn it is; that session then goes to the end."""
        if not self._waiting:
            return None
        session, line = self._waiting.popitem(last=False)
        job = line.popleft()
        if line:
            self._waiting[session] = line
        return job

    def remove(self, job: Job) -> None:
        """Take a job out, wherever it waits."""
        line = self._waiting.get(job.session, deque())
        if job in line:
            line.remove(job)
        if not line:
            self._waiting.pop(job.session, None)

    def position(self, job: Job) -> int:
        """How many jobs go before this one."""
        line = self._waiting.get(job.session)
        if not line or job not in line:
            return 0
        turn, ahead, before = line.index(job), 0, True
        for session, other in self._waiting.items():
            if session == job.session:
                before, ahead = False, ahead + turn
            else:
                ahead += min(len(other), turn + before)
        return ahead
