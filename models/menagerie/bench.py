"""How fast the menagerie draws: ``python -m models.menagerie.bench``."""

import argparse
import os
import time

from models.menagerie.pool import draw, scenes
from models.menagerie.renderer import render


def main() -> None:
    """Print renders a second, with masks, in one process and in several."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1500, help="pictures to draw")
    parser.add_argument("--size", type=int, default=128, help="side in pixels")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    told = parser.parse_args()
    chosen = scenes(told.count, 0)
    render(chosen[0], told.size).masks.sum()
    start = time.perf_counter()
    for one in chosen:
        render(one, told.size).masks.any()
    print(f"{told.count / (time.perf_counter() - start):.0f} renders/s at {told.size} px with masks, one process")
    start, first = time.perf_counter(), 0.0
    done: list[tuple[int, float]] = []
    draw(chosen, told.size, workers=told.workers, report=lambda count: done.append((count, time.perf_counter())))
    first = (done[-1][0] - done[0][0]) / (done[-1][1] - done[0][1])
    whole = told.count / (time.perf_counter() - start)
    print(f"{first:.0f} renders/s with {told.workers} processes once they run, {whole:.0f} with their start")


if __name__ == "__main__":
    main()
