"""What makes a training the same on every machine and after every break: chance, threads, memory."""

import contextlib
import ctypes
import sys
from collections.abc import Iterator

import numpy as np
import torch


def chance(seed: int, number: int, stream: int) -> torch.Generator:
    """A generator of its own for a step or an epoch."""
    state = np.random.SeedSequence([seed, number, stream]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


@contextlib.contextmanager
def steady(device: torch.device) -> Iterator[None]:
    """On the CPU: one thread, and freed memory kept for the next step; both as before at the end."""
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
        _tune_memory(maps=0, trim=2**31 - 1)
    try:
        yield
    finally:
        if device.type == "cpu":
            torch.set_num_threads(before)
            _tune_memory(maps=65536, trim=128 * 1024)


def _tune_memory(*, maps: int, trim: int) -> None:
    """Tell glibc how many blocks may be mapped on their own and how much free memory to keep.

    Its defaults hand every large tensor back to the system after each step, which took half of the time when measured
    (114 against 243 pictures a second). Other systems have no such setting, and need none.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(-4, maps)  # M_MMAP_MAX
        mallopt(-1, trim)  # M_TRIM_THRESHOLD
