"""What makes a training the same on every machine and after every break: chance, threads, memory."""

import contextlib
from collections.abc import Iterator

import numpy as np
import torch

from models.training.memory import give_back, keep_freed


def chance(seed: int, number: int, stream: int) -> torch.Generator:
    """A generator of its own for a step or an epoch."""
    state = np.random.SeedSequence([seed, number, stream]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


@contextlib.contextmanager
def steady(device: torch.device) -> Iterator[None]:
    """On the CPU: one thread, as many as before at the end, and freed memory kept for the next step."""
    before = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
        keep_freed()
    try:
        yield
    finally:
        if device.type == "cpu":
            torch.set_num_threads(before)
            give_back()
