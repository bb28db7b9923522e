"""How fast the menagerie draws: ``python -m models.menagerie.bench``."""

import argparse
import os
import time

from models.menagerie.pool import draw, scenes
from models.menagerie.renderer import render
from models.menagerie.scenes import Scene


def alone(chosen: tuple[Scene, ...], size: int) -> tuple[float, float]:
    """Renders with masks in this process: a second of the clock, and of CPU (which other programs do not slow)."""
    render(chosen[0], size)
    clock, cpu = time.perf_counter(), time.process_time()
    for one in chosen:
        render(one, size).masks.any()
    return len(chosen) / (time.perf_counter() - clock), len(chosen) / (time.process_time() - cpu)


def together(chosen: tuple[Scene, ...], size: int, workers: int) -> float:
    """Renders a second of several processes, from the moment that all of them run."""
    done: list[tuple[int, float]] = []
    draw(chosen, size, workers=workers, report=lambda count: done.append((count, time.perf_counter())))
    (first, start), (last, end) = done[len(done) // 4], done[-1]
    return (last - first) / (end - start)


def main() -> None:
    """Print renders a second, with masks, in one process and in several."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1500, help="pictures to draw")
    parser.add_argument("--size", type=int, default=128, help="side in pixels")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    options = parser.parse_args()
    chosen = scenes(options.count, 0)
    clock, cpu = alone(chosen, options.size)
    print(f"{options.size} px with masks, one process: {clock:.0f} renders/s by the clock, {cpu:.0f} a second of CPU")
    several = together(chosen, options.size, options.workers)
    print(f"{options.size} px with masks, {options.workers} processes: {several:.0f} renders/s by the clock")


if __name__ == "__main__":
    main()
