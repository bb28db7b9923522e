"""How the strategic graph follows the pointer: ``python -m tests.benchmarks.bench_graph``.

A graph of 1000 dots in Chromium. The pointer is moved over it by events of its own making, one a frame; printed are the
milliseconds that the graph's handlers take for a move, those until the frame after it is drawn, and frames a second.
"""

import statistics
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from dashboard.figures import Look
from dashboard.figures.concepts.graph import View, graph
from tests import chromium

DOTS, CONCEPTS, MOVES = 1000, 10, 240
SMOOTH = 33.0  # milliseconds: below it thirty frames a second are drawn
MOVE = """async ([moves, lasso]) => {
    const layer = document.querySelector('.nsewdrag'), box = layer.getBoundingClientRect();
    const at = i => {
        const angle = 2 * Math.PI * i / moves, reach = lasso ? 0.4 : 0.1 + 0.35 * (i % 60) / 60;
        return {bubbles: true, view: window, buttons: lasso ? 1 : 0,
                clientX: box.x + box.width * (0.5 + reach * Math.cos(angle)),
                clientY: box.y + box.height * (0.5 + reach * Math.sin(angle))};
    };
    const frame = () => new Promise(requestAnimationFrame);
    const told = {handlers: [], frames: [], picked: 0};
    const plot = document.querySelector('.js-plotly-plot');
    const over = new Promise(done => plot.on('plotly_selected', event => done(event?.points.length ?? 0)));
    if (lasso) layer.dispatchEvent(new MouseEvent('mousedown', at(0)));
    const began = performance.now();
    for (let i = 0; i < moves; i++) {
        const target = lasso ? document.querySelector('.dragcover') ?? layer : layer, start = performance.now();
        target.dispatchEvent(new MouseEvent('mousemove', at(i)));
        told.handlers.push(performance.now() - start);
        await frame();
        told.frames.push(performance.now() - start);
    }
    told.rate = 1000 * moves / (performance.now() - began);
    if (lasso) {
        const end = performance.now();
        document.querySelector('.dragcover').dispatchEvent(new MouseEvent('mouseup', at(0)));
        told.picked = await Promise.race([over, new Promise(done => setTimeout(done, 5000, 0))]);
        told.end = performance.now() - end;
    }
    return told;
}"""


def bank() -> Any:
    """What the graph reads of a bank, made up: ten clouds of dots."""
    rng = np.random.default_rng(0)
    top = rng.integers(0, CONCEPTS, DOTS)
    middles = rng.normal(0, 12, (CONCEPTS, 2))
    places = (middles[top] + rng.normal(0, 3, (DOTS, 2))).astype(np.float32)
    return SimpleNamespace(
        embedding=places,
        embedding_pca=places,
        enough=10,
        top_concept=top,
        wrong=rng.random(DOTS) < 0.05,
        names=tuple(f"concept {i + 1}" for i in range(CONCEPTS)),
        files=tuple(f"{i:04}.jpg" for i in range(DOTS)),
        importance=rng.random((DOTS, CONCEPTS)),
        probability=rng.random(DOTS),
        strategy=top,
        sentence="",
        clusters=tuple(f"10%: concept {i + 1}" for i in range(CONCEPTS)),
    )


def moved(page: Page, name: str, *, lasso: bool) -> bool:
    """Move, print, and say whether it was smooth."""
    told = page.evaluate(MOVE, [MOVES, lasso])
    handlers, frames = (sorted(told[kind]) for kind in ("handlers", "frames"))
    late = frames[int(0.95 * len(frames))]
    more = f", {told['picked']} dots picked in {told['end']:.0f} ms" if lasso else ""
    print(
        f"{name}: {statistics.median(handlers):.1f} ms a move (95%: {handlers[int(0.95 * len(handlers))]:.1f}),"
        f" drawn after {statistics.median(frames):.1f} ms (95%: {late:.1f}), {told['rate']:.0f} frames a second{more}"
    )
    return late < SMOOTH and (not lasso or told["picked"] > 0)


def main() -> int:
    """Print both; the exit code is the number of those that were not smooth."""
    path = chromium.find()
    if path is None:
        print(f"skipped: {chromium.MISSING}")
        return 0
    figure = graph(bank(), Look(), View(around=True))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_content(figure.to_html(include_plotlyjs=True, full_html=True))
        page.wait_for_selector(".nsewdrag")
        smooth = [
            moved(page, f"hover over {DOTS} dots", lasso=False),
            moved(page, f"lasso over {DOTS} dots", lasso=True),
        ]
        browser.close()
    return smooth.count(False)


if __name__ == "__main__":
    sys.exit(main())
