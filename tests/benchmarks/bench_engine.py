"""Click to unpacked answer, beside a bare forward of the same run: ``python -m tests.benchmarks.bench_engine``."""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import models
from dashboard.engine.engine import Engine
from dashboard.engine.settings import Settings
from explainers import Request, find, params_of
from models import Photo

RUNS = 40


def line(name: str, seconds: list[float]) -> str:
    """Median and 95th percentile in milliseconds."""
    low, high = statistics.median(seconds) * 1e3, sorted(seconds)[int(0.95 * len(seconds))] * 1e3
    return f"{name:<44} p50 {low:7.1f} ms   p95 {high:7.1f} ms"


def ask(engine: Engine, pixels: np.ndarray, target: int) -> tuple[float, float]:
    """Seconds from click to unpacked answer, and those of them in the lens itself."""
    started = time.perf_counter()
    params = params_of(find("gradcam"), {"image": Photo(pixels), "target": target})
    request = Request("gradcam", "efficientnet_lite0", params)
    engine.ask(request, session="bench")
    engine.wait(request.key, 60)
    kept = engine.kept(request.key)
    if kept is None:
        raise RuntimeError(engine.state(request.key).error)
    return time.perf_counter() - started, kept.provenance.seconds


def main() -> None:
    """Print the table."""
    engine = Engine(Settings(cache=Path(tempfile.mkdtemp()) / "cache"))
    torch.set_num_threads(engine.settings.threads)
    while not engine.ready():
        time.sleep(0.02)
    pixels = np.random.default_rng(0).integers(0, 255, (600, 800, 3), dtype=np.uint8)
    handle = models.load("efficientnet_lite0", "cpu")
    batch = handle.preprocess(pixels)[None]
    forward, whole, around, again = [], [], [], []
    for target in range(RUNS):
        with torch.inference_mode():
            started = time.perf_counter()
            handle.network(batch)
            forward.append(time.perf_counter() - started)
        total, lens = ask(engine, pixels, target)
        whole.append(total)
        around.append(total - lens)
        again.append(ask(engine, pixels, target)[0])
    engine.close()
    print(line("one bare forward", forward))
    print(line("Grad-CAM, click to unpacked answer", whole))
    print(line("  of which engine: keys, photo, pipe, store", around))
    print(line("the same question again: kept", again))


if __name__ == "__main__":
    main()
