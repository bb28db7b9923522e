"""What the server and a worker say to each other: one dataclass a message, sent as JSON with plain bytes behind it."""

from dataclasses import asdict, dataclass
from typing import get_args

from cattrs.preconf.json import make_converter

from dashboard.engine import framing as wire
from dashboard.engine.jobs import Outcome


@dataclass(frozen=True, kw_only=True)
class Warm:
    """To the worker: load a model and ask it once."""

    model: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """To the worker: work out a request; the pictures that the disk refused lie behind it.

    Attributes:
        run: of the job.
        request: as `Request.to_json` writes it.
        key: of the request, as the server knows it.
        photos: the length of each picture in bytes.
    """

    run: str
    request: dict[str, object]
    key: str
    photos: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Stop:
    """To the worker: nobody waits for this run any longer."""

    run: str


@dataclass(frozen=True, kw_only=True)
class Hello:
    """From the worker: it listens."""


@dataclass(frozen=True, kw_only=True)
class Warmed:
    """From the worker: the model has answered, or why not."""

    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Began:
    """From the worker: it works on this run."""

    run: str


@dataclass(frozen=True, kw_only=True)
class Reached:
    """From the worker: how far a run is; a preview may lie behind it."""

    run: str
    fraction: float
    note: str


@dataclass(frozen=True, kw_only=True)
class Offered:
    """From the worker: what is known so far of a run's answer, which lies behind it as `codec` packs it."""

    run: str


@dataclass(frozen=True, kw_only=True)
class Ended:
    """From the worker: the run is over; an answer that could not be kept lies behind it."""

    run: str
    outcome: Outcome


Message = Warm | Task | Stop | Hello | Warmed | Began | Reached | Offered | Ended
_KINDS = {kind.__name__: kind for kind in get_args(Message)}
_converter = make_converter()
# A request is read by `Request.from_json`, not here.
_converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _kind: value)


def encode(message: Message, body: bytes = b"") -> bytes:
    """A message and the bytes behind it, for the pipe."""
    return wire.join({"kind": type(message).__name__, **asdict(message)}, body)


def decode(data: bytes) -> tuple[Message, bytes]:
    """What `encode` wrote."""
    head, body = wire.split(data)
    message: Message = _converter.structure(head, _KINDS[head["kind"]])
    return message, body
