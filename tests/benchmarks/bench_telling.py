"""Whether the sentence names what truly tells two classes apart: ``python -m tests.benchmarks.bench_telling``.

For each pair of drawn classes that differ in colour, pattern or outline alone, a classifier is trained on a folder of
its pictures, and fresh pictures of either class are asked what tells it from the other. Strengths and usual losses were
set on twelve pairs; the others were held out. A quarter of an hour on one core.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

import explainers
import models
from explainers.kit.characteristics import CHARACTERISTICS
from explainers.prototypes.telling import Telling
from models import ModelHandle, Photo
from models.prototypes.file import save
from tests.explainers.prototypes.drawn_pairs import PAIRS, Pair, draw, write

TRAINED, ASKED, FRESH = 28, 5, 9000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--held-out", action="store_true", help="only the pairs on which nothing was set")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    base, right = models.load(asked.model, "cpu"), {False: [], True: []}
    for pair in PAIRS:
        if pair.held_out or not asked.held_out:
            told = answers(base, pair)
            found = [one.reason == pair.truth for one in told]
            right[pair.held_out] += found
            shares = ", ".join(f"{value:.2f}" for value in np.mean([one.share for one in told], 0))
            print(f"{pair.name}, {pair.truth}: {sum(found)} of {len(found)}; mean shares {shares}", flush=True)
    print(f"shares in the order {', '.join(CHARACTERISTICS)}")
    for held, found in right.items():
        if found:
            print(f"{'held out' if held else 'set on these'}: {np.mean(found):.1%} of {len(found)} pictures")


def answers(base: ModelHandle, pair: Pair) -> list[Telling]:
    """What tells fresh pictures of both looks from the other look."""
    with tempfile.TemporaryDirectory() as place:
        write(pair, Path(place) / "pictures", TRAINED)
        images = str(Path(place) / "pictures")
        trained = explainers.explain("prototypes_train", base, images=images)
        file = Path(place) / "pair.safetensors"
        save(file, trained.about(), trained.tensors())
        model = models.load(str(file), "cpu")
    return [
        explainers.explain(
            "prototype_telling",
            model,
            image=Photo(draw(look, FRESH + cls * 100 + at), pair.name),
            target=cls,
            other=1 - cls,
        )
        for cls, look in enumerate(pair.looks)
        for at in range(ASKED)
    ]


if __name__ == "__main__":
    main()
