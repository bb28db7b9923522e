"""What the exam costs beside the methods' own maps.

Run it as ``python -m tests.benchmarks.bench_calibration [SCENES] [METHODS]``.

For each method: CPU seconds for all its marks, over CPU seconds for the maps that these need (its own forward and
backward passes, those of the target and randomisation questions included). The truth is measured once a network.
"""

import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

import models
from explainers.calibration.benchmark import set_exam
from explainers.calibration.candidates import Contestant
from explainers.calibration.evaluate import contest
from explainers.calibration.lens import chosen
from models import ModelHandle

NET = "menagerie_cnn"
TARGET = 1.2


class Timed:
    """A method that adds up the CPU seconds of its maps."""

    def __init__(self, method: Contestant) -> None:
        self.name, self.title, self.cost_forwards = method.name, method.title, method.cost_forwards
        self._method, self.seconds = method, 0.0

    def map(self, model: ModelHandle, x: Tensor, targets: Tensor) -> Tensor:
        """The method's own."""
        started = time.process_time()
        found = self._method.map(model, x, targets)
        self.seconds += time.process_time() - started
        return found


def seconds_of(call: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    started = time.process_time()
    call()
    return time.process_time() - started


def line(title: str, own: float, whole: float) -> str:
    """A row of the table."""
    return f"{title:<28} maps {own:7.2f} s   with all marks {whole:7.2f} s   {whole / own:5.2f}x"


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    methods = chosen(sys.argv[2] if len(sys.argv) > 2 else "gradcam,layercam,scorecam,ablationcam,integrated_gradients")
    torch.set_num_threads(1)
    net = models.load(NET, "cpu")
    started = time.process_time()
    exam = set_exam(net, count, 0, biased=False, report=lambda *_: None)
    print(f"{NET}, {count} pictures; the truth, once a network: {time.process_time() - started:.1f} s of CPU")
    whole = own = 0.0
    for method in map(Timed, methods.values()):
        spent = seconds_of(lambda method=method: contest(net, exam, method, 0, lambda _: None))  # type: ignore[misc]
        whole, own = whole + spent, own + method.seconds
        print(line(method.title, method.seconds, spent))
    print(f"{line('all together', own, whole)} (at most {TARGET}x)")


if __name__ == "__main__":
    main()
