"""Time and memory that can be compared on a machine that others use too.

Times are medians of CPU seconds of runs that take turns, after one run each to warm up: what others do on the machine
does not count, and a busy moment is unfair to all alike.
Memory is the high-water mark of the whole process above what it held before the call, in a fresh process each: that
counts what torch, oneDNN and NumPy take, whoever allocates it.
"""

import ctypes
import gc
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

Call = Callable[[], object]
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def interleaved(calls: dict[str, Call], rounds: int = 7) -> dict[str, float]:
    """Median CPU seconds of each call; the calls take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            call()
            seconds[name].append(time.process_time() - start)
    return {name: statistics.median(each) for name, each in seconds.items()}


def peak_extra(make: Callable[..., Call], *args: object) -> float:
    """Bytes that ``make(*args)()`` takes at its peak, above what the process held before; run in a fresh process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measure, args=(theirs, make, args))
    process.start()
    theirs.close()
    try:
        return float(ours.recv())
    finally:
        process.join()


def _measure(pipe: Connection, make: Callable[..., Call], args: tuple[object, ...]) -> None:
    import torch

    torch.set_num_threads(1)
    call = make(*args)
    _give_back()
    if CLEAR.exists():
        CLEAR.write_text("5")  # the high-water mark begins again here
    before = _status("VmRSS") if STATUS.exists() else _maximum()
    call()
    pipe.send((_status("VmHWM") if STATUS.exists() else _maximum()) - before)
    pipe.close()


def _give_back() -> None:
    """Return what building the network left free to the system, so that the call cannot hide in it."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if trim:
        trim(0)


def _status(key: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024


def _maximum() -> int:
    """Where there is no /proc: ru_maxrss is in bytes on macOS, in KiB elsewhere."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
