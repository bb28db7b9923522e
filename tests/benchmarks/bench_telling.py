"""Whether the headline names what truly tells two classes apart: ``python -m tests.benchmarks.bench_telling``.

For each pair of drawn classes that differ in colour, pattern or outline alone, a classifier is trained on a folder of
its pictures, and fresh pictures of either class are explained; right is a headline that names the true characteristic
first. Beside it stands the paper's reading of the strongest likeness, read the same way. Strengths and usual losses
were set on twelve pairs; the others were held out. Twenty minutes on one core.
"""

import argparse
import re
import tempfile
from pathlib import Path

import numpy as np
import torch

import explainers
import models
from explainers.kit.characteristics import CHARACTERISTICS
from explainers.prototypes.local import Prototypes
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
    base = models.load(asked.model, "cpu")
    right: dict[bool, list[tuple[bool, bool, bool]]] = {False: [], True: []}
    for pair in PAIRS:
        if pair.held_out or not asked.held_out:
            explained = answers(base, pair)
            found = [judged(one, pair.truth) for one in explained]
            right[pair.held_out] += found
            shares = ", ".join(f"{value:.2f}" for value in np.mean([one.lost / one.usual for one in explained], 0))
            first, alone, paper = np.sum(found, 0)
            print(
                f"{pair.name}, {pair.truth}: {first} of {len(found)}, {alone} alone, one likeness {paper}; mean shares"
                f" {shares}",
                flush=True,
            )
    print(f"shares in the order {', '.join(CHARACTERISTICS)}")
    for held, found in right.items():
        if found:
            first, alone, paper = np.mean(found, 0)
            print(
                f"{'held out' if held else 'set on these'}: the headline names the true one first in {first:.1%} of"
                f" {len(found)} pictures, and no other in {alone:.1%}; the reading of one likeness in {paper:.1%}"
            )


def judged(result: Prototypes, truth: str) -> tuple[bool, bool, bool]:
    """Whether the headline names the truth first, and alone, and whether the reading of one likeness names it first."""
    headline = names(result.sentence)
    return headline[:1] == [truth], headline == [truth], names(result.reading(int(result.order[0])))[:1] == [truth]


def names(words: str) -> list[str]:
    """The characteristics that a sentence gives as the reason, as it is read."""
    because = re.search(r"(?:by|because of) its ([^:;.]*)", words)
    return [] if because is None else re.findall("|".join(CHARACTERISTICS), because[1])


def answers(base: ModelHandle, pair: Pair) -> list[Prototypes]:
    """Explanations of fresh pictures of both looks."""
    with tempfile.TemporaryDirectory() as place:
        write(pair, Path(place) / "pictures", TRAINED)
        images = str(Path(place) / "pictures")
        trained = explainers.explain("prototypes_train", base, images=images)
        file = Path(place) / "pair.safetensors"
        save(file, trained.about(), trained.tensors())
        model = models.load(str(file), "cpu")
    return [
        explainers.explain("prototypes", model, image=Photo(draw(look, FRESH + cls * 100 + at), pair.name), target=cls)
        for cls, look in enumerate(pair.looks)
        for at in range(ASKED)
    ]


if __name__ == "__main__":
    main()
