"""An answer and where it comes from: the one way to work out a request and say what made it."""

import hashlib
import platform
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Generic, TypeVar, cast

import torch

from dashboard.engine import framing as wire
from dashboard.engine.framing import Json
from explainers import Evidence, Request, Result, Run, answer, code_version, codec, find
from models import ModelHandle
from models.errors import InputError

R = TypeVar("R", bound=Result)
R_co = TypeVar("R_co", bound=Result, covariant=True)
LIBRARIES = ("seewhy", "torch", "timm", "captum", "numpy")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What made an answer: enough to make it again.

    Attributes:
        explainer, model, params: the request; pictures by SHA-256 and name.
        weights_sha256: of the model's weights.
        seed: of every random draw.
        versions: of Python and the libraries that compute.
        device, threads: where, and on how many threads.
        seconds: how long it took.
        when: ISO 8601, UTC.
        code: SHA-256 of Seewhy's own sources.
    """

    explainer: str
    model: str
    weights_sha256: str
    params: dict[str, Json]
    seed: int
    versions: dict[str, str]
    device: str
    threads: int
    seconds: float
    when: str
    code: str


@dataclass(frozen=True)
class Answer(Generic[R_co]):
    """An answer under its key, with its provenance."""

    key: str
    result: R_co
    provenance: Provenance


def compute(handle: ModelHandle, request: Request[R], run: Run) -> Answer[R]:
    """Compute a request on a loaded model, with its provenance.

    Raises:
        SeewhyError: one sentence with the remedy.
        Cancelled: the work is no longer wanted.
    """
    key, started = request.key, time.perf_counter()
    result = answer(handle, request, run)
    seconds = time.perf_counter() - started
    payload = request.to_json()
    return Answer(
        key,
        result,
        Provenance(
            explainer=request.explainer,
            model=request.model,
            weights_sha256=handle.digest,
            params=payload["params"],
            seed=request.params.seed,
            versions=versions(),
            device=str(handle.device),
            threads=torch.get_num_threads(),
            seconds=seconds,
            when=datetime.now(UTC).isoformat(timespec="seconds"),
            code=code_version(),
        ),
    )


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    return ("python", platform.python_version()), *((name, _version(name)) for name in LIBRARIES)


def versions() -> dict[str, str]:
    """Python's and the libraries' versions."""
    return dict(_versions())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def to_bytes(kept: Answer[Result]) -> bytes:
    """A kept answer as bytes: provenance and checksum as JSON, then the result as `codec` packs it."""
    body = codec.pack(kept.result)
    part = "evidence" if isinstance(kept.result, Evidence) else "result"
    sha = hashlib.sha256(body).hexdigest()
    return wire.join({"part": part, "sha256": sha, "provenance": asdict(kept.provenance)}, body)


def type_of(request: Request[Result]) -> type[Result]:
    """The type of a request's answer."""
    return Evidence if request.part == "evidence" else find(request.explainer).result


@lru_cache(maxsize=16)  # a page asks for the same answer at every rerun, and unpacking takes 4 ms
def from_bytes(key: str, data: bytes) -> Answer[Result]:
    """What `to_bytes` wrote.

    Raises:
        InputError: the bytes are damaged, or hold another type.
    """
    try:
        head, body = wire.split(data)
        if hashlib.sha256(body).hexdigest() != head["sha256"]:
            raise ValueError("the checksum differs")
        provenance = Provenance(**head["provenance"])
        kind: type[Result] = Evidence if head["part"] == "evidence" else find(provenance.explainer).result
        return Answer(key, codec.unpack(body, kind), provenance)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("A kept result is damaged; press Recompute.") from error


def to(request: Request[R], stored: Answer[Result] | None) -> Answer[R] | None:
    """What is stored under a request's key, which only an answer to it can be."""
    return cast(Answer[R] | None, stored)
