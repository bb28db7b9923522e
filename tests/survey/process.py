"""A process for each family: what one of them breaks or leaks does not reach the next."""

import contextlib
import multiprocessing
import resource
import signal
from multiprocessing.connection import Connection

from tests.survey.member import Row, survey


def alone(family: str, limit: float) -> Row:
    """Survey a family in a process of its own, which is ended when it has used up so many seconds of a processor."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.survey.member"])
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(there, family, int(limit)))
    process.start()
    there.close()
    row: Row = {}
    with contextlib.suppress(EOFError):  # it was ended
        row = here.recv()
    process.join(1)
    process.kill()
    process.join()
    ended = f"no answer within {limit:.0f} s" if process.exitcode == -signal.SIGXCPU else "ended without an answer"
    return row or {"family": family, "name": "", "verdict": "wrong", "words": f"{ended} ({process.exitcode})"}


def _send(pipe: Connection, family: str, limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    row = survey(family)
    with contextlib.suppress(BrokenPipeError):  # the survey itself was stopped meanwhile
        pipe.send(row)
