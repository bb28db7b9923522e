"""What evolution reaches and what it costs: ``python -m tests.benchmarks.bench_fooling``.

Confidence after so many evaluations, and the share of the time that the network's own forward takes; CPU seconds of one
thread, so that other work on the machine counts little.
"""

import sys
import time
from dataclasses import dataclass

import numpy as np
import torch

import models
from explainers.fooling.chunk import StretchParams, encoding_of
from explainers.fooling.evolution import Evolution
from explainers.fooling.judge import judge_of

CHILDREN = {"cppn": 400, "direct": 200}


@dataclass
class Timed:
    """A judge that counts the seconds of its forward passes, pictures brought to the network's input included."""

    judge: object
    seconds: float = 0.0

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Ask, and count."""
        before = time.process_time()
        answer = self.judge(pictures)
        self.seconds += time.process_time() - before
        return answer


def run(model: str, encoding: str, evaluations: int, *, size: int, seed: int = 0) -> None:
    """One evolution, and a line about it."""
    handle = models.load(model, "cpu")
    params = StretchParams(encoding=encoding, size=size, children=CHILDREN[encoding], seed=seed)
    judge = judge_of(handle, None, 1)
    timed, evolution = Timed(judge), Evolution(encoding_of(handle, params), judge.count, seed, params.children)
    begun, reached = time.process_time(), 0
    for generation in range(-(-evaluations // params.children)):
        evolution.step(timed)
        if not reached and evolution.elites.confidence.min() >= 0.99:
            reached = (generation + 1) * params.children
    confidence, spent = evolution.elites.confidence, time.process_time() - begun
    print(
        f"{model}, {encoding}, {size} px, seed {seed}: {evaluations} evaluations, median {np.median(confidence):.4f},"
        f" mean {confidence.mean():.3f}, lowest {confidence.min():.4f}, at .5 {int((confidence >= 0.5).sum())} and at"
        f" .99 {int((confidence >= 0.99).sum())} of {len(confidence)}; all at .99 after {reached or 'more'};"
        f" {spent:.0f} s, {timed.seconds / spent:.0%} of it in the forward",
        flush=True,
    )


def main() -> None:
    """Every line of docs/fooling.md, or those of the models named."""
    torch.set_num_threads(1)
    wanted = sys.argv[1:] or ["fashion_lenet", "efficientnet_lite0"]
    if "fashion_lenet" in wanted:
        run("fashion_lenet", "cppn", 10_000, size=28)
        for seed in range(3):
            run("fashion_lenet", "direct", 40_000, size=28, seed=seed)
    if "efficientnet_lite0" in wanted:
        run("efficientnet_lite0", "cppn", 6_100, size=128)
        run("efficientnet_lite0", "direct", 2_000, size=128)


if __name__ == "__main__":
    main()
