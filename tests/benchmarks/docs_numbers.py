"""Measure every number of docs/calibration.md anew, and the answers that the calibration page opens on.

``make docs-numbers``, or ``python -m tests.benchmarks.docs_numbers NET ...`` for some networks: a quarter of an hour of
one core each. ``--full`` takes 240 pictures in both worlds instead, which is an hour each.
"""

import re
import sys
from pathlib import Path

import torch

import models
from dashboard.engine.answers import Answer, compute, to_bytes
from dashboard.engine.shipped import path_of
from explainers import LocalRun, Request
from explainers.calibration.lens import Calibration, calibration
from explainers.calibration.tables import markdown
from models.menagerie import WORLDS, nets

DOCS = Path(__file__).parents[2] / "docs" / "calibration.md"
PICTURES = 240  # of the tables with --full; the page opens on the benchmark's default


def measured(net: str, **chosen: int) -> tuple[Request[Calibration], Answer[Calibration]]:
    """The benchmark at its defaults, but for what is chosen."""
    request = calibration.request(net, calibration.choose(biased=nets.SPECS[net].biased, **chosen))
    handle = models.load(net, "cpu")
    run = LocalRun(handle, 0, lambda fraction, note: print(f"{net} {chosen}: {fraction:.0%} {note}", flush=True))
    return request, compute(handle, request, run)


def tables(net: str, world: int, result: Calibration) -> str:
    """The section of one network in one world."""
    words = f"## {nets.SPECS[net].title}, world {world}, {len(result.truth)} pictures"
    agreement = f"Truth by removal and by swap: mean rank correlation {result.agreement:.2f}."
    return f"{words}\n\n{result.plain}\n\n{markdown(result.rows(net))}\n\n{agreement}\n"


def write(net: str, world: int, text: str) -> None:
    """Put a section between its marks in the docs."""
    mark = f"<!-- {net} {world} -->"
    section = re.compile(f"{mark}.*?<!-- end -->", re.DOTALL)
    page = DOCS.read_text()
    if not section.search(page):
        page += f"\n{mark}\n<!-- end -->\n"
    DOCS.write_text(section.sub(lambda _: f"{mark}\n{text}<!-- end -->", page))


def main() -> None:
    """Measure the networks named, all by default."""
    torch.set_num_threads(1)
    full, named = "--full" in sys.argv, [word for word in sys.argv[1:] if word != "--full"]
    for net in named or nets.SPECS:
        request, answer = measured(net)
        path_of(request).parent.mkdir(exist_ok=True)
        path_of(request).write_bytes(to_bytes(answer))
        found = {nets.world_of(net): answer}
        if full:
            found = {world: measured(net, scenes=PICTURES, world=world)[1] for world in WORLDS}
        for world, each in found.items():
            write(net, world, tables(net, world, each.result))


if __name__ == "__main__":
    main()
