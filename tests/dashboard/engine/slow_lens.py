"""Explainers that misbehave on purpose; workers import them through ``Settings.plugins``."""

import os
import signal
import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from explainers import Evidence, Params, Result, Run, Score, explainer, knob
from models import ModelHandle
from models.errors import UnfitError


@dataclass(frozen=True, kw_only=True)
class SlowParams(Params):
    """What to do, and how long."""

    seconds: float = knob(0.0, 0, 60, "how long")
    act: Literal["work", "hang", "kill", "crash", "refuse", "memory", "exit", "offer"] = knob("work", help="what to do")
    size: int = knob(10, 1, 10_000_000, "numbers in the answer")


@dataclass(frozen=True, kw_only=True)
class Slow(Result):
    """Random numbers and the process that drew them."""

    numbers: np.ndarray
    pid: int


def measure(model: ModelHandle, params: SlowParams, result: Slow, run: Run) -> Evidence:
    """The mean, as if it were evidence."""
    run.report(0.5, "measuring")
    score = Score(name="mean", title="Mean", value=float(result.numbers.mean()), reading=f"worker {os.getpid()}")
    return Evidence(scores=(score,))


@explainer("Slow", paper="https://example.org", evidence=measure)
def slow(model: ModelHandle, params: SlowParams, run: Run) -> Slow:
    """Do what the parameters say."""
    _act(params.act)
    if params.act == "offer":
        run.offer(Slow(numbers=np.arange(3.0), pid=os.getpid()))
        run.part(0.5, 1.0).offer(Evidence(scores=()))  # not of this answer's type: nobody sees it
    until = time.monotonic() + params.seconds
    while (left := until - time.monotonic()) > 0:
        fraction = 1 - left / params.seconds
        run.report(fraction, "drawing", np.full((600, 300), fraction, np.float32))
        time.sleep(0.001)
    return Slow(numbers=run.rng.random(params.size), pid=os.getpid())


def _act(act: str) -> None:
    if act == "hang":
        time.sleep(60)
    elif act == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif act == "exit":
        os._exit(3)
    elif act == "crash":
        raise KeyError("a secret that no page may show")
    elif act == "refuse":
        raise UnfitError("This lens fits no model; choose another lens.")
    elif act == "memory":
        raise torch.OutOfMemoryError("CUDA out of memory")
