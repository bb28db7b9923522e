"""What evolution reaches and what it costs: ``python -m tests.benchmarks.bench_fooling``.

Confidence after so many evaluations, and the share of the time that the network's own forward takes; CPU seconds of one
thread, so other work on the machine counts little. ``--search paper`` takes the settings of the paper; ``--long N``
makes one run of N CPPN evaluations on EfficientNet-Lite0 and prints the quantiles on the way.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

import models
from explainers.fooling.chunk import StretchParams, begin, pack
from explainers.fooling.evolution import Evolution
from explainers.fooling.judge import Judge, judge_of
from explainers.fooling.settings import SETTINGS

LENET, LITE = "fashion_lenet", "efficientnet_lite0"
STOPS = (1_000, 5_000, 6_100, 10_000, 25_000, 50_000, 100_000, 250_000)


@dataclass
class Timed:
    """A judge that counts the seconds of its forward passes, pictures brought to the network's input included."""

    judge: Judge
    seconds: float = 0.0

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Ask, and count."""
        before = time.process_time()
        answer = self.judge(pictures)
        self.seconds += time.process_time() - before
        return answer


@dataclass
class Reached:
    """Where an evolution is: evaluations, the evolution, CPU seconds, share of them in the forward."""

    evaluations: int
    evolution: Evolution
    seconds: float
    forward: float


def run(model: str, params: StretchParams, evaluations: int) -> Iterator[Reached]:
    """Evolve, and say after each generation where it is."""
    judge = judge_of(models.load(model, "cpu"), None, 1)
    timed, evolution = Timed(judge), begin(judge, params)
    begun = time.process_time()
    for generation in range(1, 1 - (-evaluations // params.children)):
        evolution.step(timed)
        spent = time.process_time() - begun
        yield Reached(generation * params.children, evolution, spent, timed.seconds / spent)


def params_of(encoding: str, search: str, size: int, seed: int = 0) -> StretchParams:
    settings = SETTINGS[search][encoding]
    spread = settings.mutation.spread
    return StretchParams(
        encoding=encoding, search=search, size=size, children=settings.children, spread=spread, seed=seed
    )


def line(model: str, params: StretchParams, evaluations: int) -> None:
    """One evolution, and a line about it."""
    first = 0
    for now in run(model, params, evaluations):
        if not first and now.evolution.elites.confidence.min() >= 0.99:
            first = now.evaluations
    confidence = now.evolution.elites.confidence
    print(
        f"{model}, {params.encoding}, {params.search}, {params.size} px, seed {params.seed}: {now.evaluations}"
        f" evaluations, median {np.median(confidence):.4f}, mean {confidence.mean():.3f}, lowest"
        f" {confidence.min():.4f}, at .5 {int((confidence >= 0.5).sum())} and at .99"
        f" {int((confidence >= 0.99).sum())} of {len(confidence)}; all at .99 after {first or 'more'};"
        f" {now.seconds:.0f} s, {now.forward:.0%} of it in the forward",
        flush=True,
    )


def long(search: str, evaluations: int) -> None:
    """The quantiles of one long run, as they are reached."""
    stops = [stop for stop in STOPS if stop < evaluations] + [evaluations]
    for now in run(LITE, params_of("cppn", search, 128), evaluations):
        if now.evaluations >= stops[0]:
            stops.pop(0)
            before = time.process_time()
            kept = pack(now.evolution)
            packing = time.process_time() - before
            confidence = now.evolution.elites.confidence
            marks = " ".join(f"{value:.4f}" for value in np.percentile(confidence, (0, 25, 50, 75, 100)))
            print(
                f"{now.evaluations} evaluations: quantiles {marks}, mean {confidence.mean():.3f}, at .5"
                f" {int((confidence >= 0.5).sum())}, at .9 {int((confidence >= 0.9).sum())}; {now.seconds:.0f} s,"
                f" {now.forward:.0%} in the forward; {len(kept.parent)} champions and ancestors,"
                f" {sum(part.nbytes for part in kept.genomes.values()) / 1e6:.1f} MB, packed in {packing:.2f} s",
                flush=True,
            )


def main() -> None:
    """Every line of docs/fooling.md, or those of the models named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=[LENET, LITE])
    parser.add_argument("--search", choices=list(SETTINGS), default="tuned")
    parser.add_argument("--seeds", type=int, default=1, help="of the CPPN run on EfficientNet-Lite0")
    parser.add_argument("--long", type=int, default=0)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.long:
        long(chosen.search, chosen.long)
        return
    if LENET in chosen.models:
        line(LENET, params_of("cppn", chosen.search, 28), 10_000)
        for seed in range(3):
            line(LENET, params_of("direct", chosen.search, 28, seed), 40_000)
    if LITE in chosen.models:
        for seed in range(chosen.seeds):
            line(LITE, params_of("cppn", chosen.search, 128, seed), 6_100)
        line(LITE, params_of("direct", chosen.search, 128), 2_000)


if __name__ == "__main__":
    main()
