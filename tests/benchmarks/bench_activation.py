"""What a step of activation maximisation costs beside what it runs: ``python -m tests.benchmarks.bench_activation``.

A MACO or Fourier step looks at two crops of each picture: bare is one forward and one backward pass of the network on a
batch of that size. A step of a generator's chains draws and encodes: bare is one forward and one backward pass through
G and the classifier. Goals: 1.1 and 1.15 times. Ratios of medians of CPU seconds, of calls that take turns.
"""

import sys
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

import models
from explainers import LocalRun
from explainers.activation.chain import Space, weights_of
from explainers.activation.climb import CANVASES, LARGER
from explainers.activation.condition import conditions_of
from explainers.activation.params import ClimbParams
from explainers.kit.hooks import frozen
from explainers.kit.langevin import sample
from explainers.kit.visualise import CROPS, visualise
from models.generators import file as generators
from tests.benchmarks.measure import interleaved

STEPS, ROUNDS = 16, 5
CANVAS_GOAL, CHAIN_GOAL = 1.1, 1.15


def bare(forward: Callable[[Tensor], Tensor], start: Tensor) -> Callable[[], None]:
    """STEPS times one forward and one backward pass down to the input."""

    def call() -> None:
        for _ in range(STEPS):
            x = start.detach().requires_grad_()
            forward(x).sum().backward()

    return call


def of_canvases(name: str, count: int) -> dict[str, float]:
    """Ratios for MACO and Fourier."""
    model = models.load(name, "cpu")
    params = ClimbParams(target=3, steps=STEPS, n=count)
    score = conditions_of(model, params, LocalRun(model))[0].score
    side = 2 * round(LARGER * max(model.card.input_size[1:]) / 2)
    start = torch.randn(CROPS * count, *model.card.input_size).contiguous(memory_format=model.memory_format)

    def climb(prior: str) -> Callable[[], object]:
        def call() -> object:
            rng = np.random.default_rng(0)
            return visualise(model, score, CANVASES[prior](count, side, rng, model.device), rng, steps=STEPS)

        return call

    with frozen(model.network):
        seconds = interleaved(
            {"bare": bare(score, start), "maco": climb("maco"), "fourier": climb("fourier")}, rounds=ROUNDS
        )
    return {prior: seconds[prior] / seconds["bare"] for prior in ("maco", "fourier")}


def of_chains(name: str, count: int) -> float:
    """The ratio for a chain of Joint PPGN-h."""
    model = models.load(name, "cpu")
    params = ClimbParams(target=3, steps=STEPS, n=count, prior="joint")
    trained = generators.load(generators.path_of(model, None), model)
    conditions = conditions_of(model, params, LocalRun(model))
    space = Space(model, params, trained, conditions)
    random = torch.Generator().manual_seed(0)
    begin = space.start(count, random)

    def forward(at: Tensor) -> Tensor:
        return conditions[0].score(space.encoder.prepared(space.picture(at)))

    def chain() -> object:
        return sample(begin, space, weights_of(params, trained.about.plan.pace), steps=STEPS, random=random)

    with frozen(model.network):
        seconds = interleaved({"bare": bare(forward, begin), "joint": chain}, rounds=ROUNDS)
    return seconds["joint"] / seconds["bare"]


def main() -> int:
    """Print a table; the exit code says whether a goal was missed."""
    torch.set_num_threads(1)
    print("| model | pictures | prior | step, of a bare forward and backward | goal |\n|---|---|---|---|---|")
    missed = 0
    for name in generators.shipped():
        for count in (4, 32):
            missed += row(name, count, "joint", of_chains(name, count), CHAIN_GOAL)
    for name, count in (("menagerie_cnn", 4), (models.DEFAULT, 1)):
        for prior, ratio in of_canvases(name, count).items():
            missed += row(name, count, prior, ratio, CANVAS_GOAL)
    return int(missed > 0)


def row(name: str, count: int, prior: str, ratio: float, goal: float) -> bool:
    """Print it; whether the goal was missed."""
    print(f"| {name} | {count} | {prior} | {ratio:.2f} | {goal} |", flush=True)
    return ratio > goal


if __name__ == "__main__":
    sys.exit(main())
