"""NMF against scikit-learn: `python -m tests.benchmarks.bench_nmf`.

Time to the error at which scikit-learn's solver stops by its own rule (`nndsvda` and `nndsvd` starts), and time and
error where ours stops by its own. Runs alternate, so that a busy machine is unfair to both alike; medians are shown.
On a machine that others use as well, `OPENBLAS_NUM_THREADS=1 ... --clock cpu` is the fair measure.
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from explainers.kit.nmf import Settings, factorise

ROWS, CHANNELS = 9800, 512


@dataclass(frozen=True)
class Row:
    """One line of the table; seconds are medians."""

    peer_seconds: float
    peer_error: float
    seconds: float
    error: float
    own_seconds: float
    own_error: float
    dead: int

    @property
    def ratio(self) -> float:
        """Our time to the peer's error over the peer's time."""
        return self.seconds / self.peer_seconds


def uniform(rng: np.random.Generator) -> np.ndarray:
    """No structure at all."""
    return rng.random((ROWS, CHANNELS))


def planted(rng: np.random.Generator) -> np.ndarray:
    """Twenty sparse atoms and noise."""
    codes, atoms = rng.gamma(0.3, 1, (ROWS, 20)), rng.gamma(0.3, 1, (20, CHANNELS))
    return codes @ atoms + 0.05 * np.abs(rng.standard_normal((ROWS, CHANNELS)))


def rectified(rng: np.random.Generator) -> np.ndarray:
    """Sparse features behind a ReLU, with noise: the closest to a real layer."""
    codes = rng.standard_normal((ROWS, 40)) * (rng.random((ROWS, 40)) < 0.2)
    mixed = codes @ rng.standard_normal((40, CHANNELS)) + 0.3 * rng.standard_normal((ROWS, CHANNELS))
    return (mixed - 0.5).clip(0)


DATA: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "uniform": uniform,
    "planted": planted,
    "rectified": rectified,
}


def compare(a: np.ndarray, k: int, start: str, repeats: int, clock: Callable[[], float]) -> Row:
    """Time both on one matrix, in turn."""
    peer_times, times, own_times = [], [], []
    for _ in range(repeats):
        seconds, (codes, atoms) = timed(lambda: peer(a, k, start), clock)
        peer_times.append(seconds)
        peer_error = float(np.linalg.norm(a - codes @ atoms) / np.linalg.norm(a))
        seconds, reached = timed(
            lambda goal=peer_error: factorise(a, k, settings=Settings(target=goal, tolerance=0)), clock
        )
        times.append(seconds)
        seconds, own = timed(lambda: factorise(a, k), clock)
        own_times.append(seconds)
    medians = [float(np.median(each)) for each in (peer_times, times, own_times)]
    dead = int((own.codes.max(0) <= 0).sum())
    return Row(medians[0], peer_error, medians[1], reached.error, medians[2], own.error, dead)


def peer(a: np.ndarray, k: int, start: str) -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's coordinate descent with its own stop."""
    solver = NMF(k, init=start, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return solver.fit_transform(a), solver.components_


CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


def timed(work: Callable[[], Any], clock: Callable[[], float]) -> tuple[float, Any]:
    """Seconds that `work` takes, and what it gives."""
    begin = clock()
    found = work()
    return clock() - begin, found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall")
    parser.add_argument("--data", nargs="+", choices=list(DATA), default=list(DATA))
    parser.add_argument("--starts", nargs="+", choices=["nndsvd", "nndsvda"], default=["nndsvda"])
    chosen = parser.parse_args()
    blas = {name: os.environ.get(name, "unset") for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    print(f"NMF {ROWS}x{CHANNELS} {chosen.dtype}, {chosen.clock} clock, median of {chosen.repeats}; {blas}")
    head = "data        k start    scikit-learn  error   ours to it   error   ratio   ours alone   error  dead"
    print(head)
    for data in chosen.data:
        a = DATA[data](np.random.default_rng(0)).astype(chosen.dtype)
        for start in chosen.starts:
            for k in (10, 25):
                row = compare(a, k, start, chosen.repeats, CLOCKS[chosen.clock])
                print(
                    f"{data:<10} {k:>2} {start:<8} {row.peer_seconds:>9.2f} s  {row.peer_error:.5f} "
                    f"{row.seconds:>9.2f} s  {row.error:.5f}  {row.ratio:>5.2f}  {row.own_seconds:>9.2f} s  "
                    f"{row.own_error:.5f}  {row.dead}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
