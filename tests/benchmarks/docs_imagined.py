"""Draw docs/imagined.webp, what four networks imagine: ``python -m tests.benchmarks.docs_imagined [OUT]``.

Twelve classes of each (all there are, where they are fewer), the first picture of each in 200 steps of PPGN or 128 of
MACO at the defaults: none is chosen among several. A caption is set in brackets where the network that took no part
names another class. With ``--attempt FILE`` the classes of ImageNet alone, by MACO and below them by a generator.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

import explainers
import models

OUT = Path(__file__).parents[2] / "docs" / "imagined.webp"
MOST, ACROSS, SIDE, GAP, LINE, HEADING = 12, 6, 144, 8, 20, 30
ZEBRA_AND_OTHERS = (340, 292, 988, 130, 107, 949, 779, 980, 323, 963, 417, 1)
MACO = {"prior": "maco", "steps": 128, "n": 1, "independent": "efficientnet_lite2"}
PPGN = {"prior": "joint", "steps": 200, "n": 1}
WORLDS = {
    "menagerie_cnn": ("Menagerie, Joint PPGN-h", PPGN),
    "fashion_lenet": ("Fashion-MNIST, Joint PPGN-h", PPGN),
    "cifar10_cnn": ("CIFAR-10, Joint PPGN-h", PPGN),
    "efficientnet_lite0": ("ImageNet, MACO", MACO),
}

Drawn = list[tuple[str, Image.Image]]


def imagined(name: str, chosen: dict[str, object]) -> Drawn:
    """Captions and pictures of a dozen classes."""
    model = models.load(name, "cpu")
    every = range(min(MOST, len(model.card.labels)))
    return [one(model, target, chosen) for target in (ZEBRA_AND_OTHERS if len(model.card.labels) > 999 else every)]


def one(model: models.ModelHandle, target: int, chosen: dict[str, object]) -> tuple[str, Image.Image]:
    """Caption and picture of a class."""
    result = explainers.explain("activation", model, target=target, **chosen)
    words = model.card.short(target)
    print(f"{model.card.name} {words}: {result.probability[0]:.0%}, {result.rank[0] + 1} to the judge", flush=True)
    return words if result.rank[0] == 0 else f"({words})", large(result.images[0])


def large(pixels: np.ndarray) -> Image.Image:
    """Small pictures keep their pixels, large ones are averaged."""
    way = Image.Resampling.NEAREST if pixels.shape[0] < SIDE else Image.Resampling.LANCZOS
    return Image.fromarray(pixels).resize((SIDE, SIDE), way)


def sheet(parts: dict[str, Drawn]) -> Image.Image:
    """All parts under each other, each with its heading."""
    font, bold = (ImageFont.load_default(size) for size in (14, 18))
    rows = sum(HEADING + (SIDE + LINE + GAP) * -(-len(drawn) // ACROSS) for drawn in parts.values())
    page = Image.new("RGB", (ACROSS * (SIDE + GAP) + GAP, rows + GAP), "white")
    pen, down = ImageDraw.Draw(page), GAP
    for heading, drawn in parts.items():
        pen.text((GAP, down), heading, "black", bold)
        for at, (words, picture) in enumerate(drawn):
            left, top = GAP + at % ACROSS * (SIDE + GAP), down + HEADING + at // ACROSS * (SIDE + LINE + GAP)
            page.paste(picture, (left, top))
            pen.text((left + SIDE // 2, top + SIDE + 2), words, "black", font, anchor="ma")
        down += HEADING + (SIDE + LINE + GAP) * -(-len(drawn) // ACROSS)
    return page


def parts(attempt: str) -> Iterator[tuple[str, Drawn]]:
    """Headings and what stands under them."""
    if not attempt:
        yield from ((heading, imagined(name, chosen)) for name, (heading, chosen) in WORLDS.items())
        return
    by_generator = {**PPGN, "independent": "efficientnet_lite2", "generator": attempt}
    yield "MACO", imagined("efficientnet_lite0", MACO)
    yield "Joint PPGN-h at blocks.4", imagined("efficientnet_lite0", by_generator)


def main() -> None:
    """Draw it."""
    torch.set_num_threads(1)
    words = sys.argv[1:]
    attempt = words.pop(words.index("--attempt") + 1) if "--attempt" in words else ""
    out = next((Path(word) for word in words if not word.startswith("--")), OUT)
    sheet(dict(parts(attempt))).save(out, quality=82)


if __name__ == "__main__":
    main()
