"""What the benchmark costs beside the methods' own maps.

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
from explainers.calibration.benchmark import Sample, make_benchmark
from explainers.calibration.candidates import Candidate, chosen
from explainers.calibration.classes import grid_game
from explainers.calibration.evaluate import SHARE_GRID, Task, evaluate
from models import ModelHandle
from models.menagerie import WORLD

NET = "menagerie_cnn"
TARGET = 1.2


class Timed:
    """A method that adds up the CPU seconds of its maps."""

    def __init__(self, method: Candidate) -> None:
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
    names = sys.argv[2] if len(sys.argv) > 2 else "gradcam,layercam,scorecam,ablationcam,integrated_gradients"
    methods = chosen(tuple(names.split(",")))
    torch.set_num_threads(1)
    net = models.load(NET, "cpu")
    started = time.process_time()
    benchmark = make_benchmark(net, Sample(count, 0, False, WORLD), lambda *_: None)
    task = Task(benchmark, grid_game(benchmark, max(4, count // SHARE_GRID), 0), 0)
    print(f"{NET}, {count} pictures; the truth, once a network: {time.process_time() - started:.1f} s of CPU")
    whole = own = 0.0
    for method in map(Timed, methods.values()):
        spent = seconds_of(lambda method=method: evaluate(net, task, method, lambda _: None))  # type: ignore[misc]
        whole, own = whole + spent, own + method.seconds
        print(line(method.title, method.seconds, spent))
    print(f"{line('all together', own, whole)} (at most {TARGET}x)")


if __name__ == "__main__":
    main()
