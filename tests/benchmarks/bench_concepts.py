"""How long a bank takes beside its bare forwards and its NMF; and how good the graph and the concepts are.

``python -m tests.benchmarks.bench_concepts [--images DIR --cls N]``; with a folder, EfficientNet-Lite0, and
the menagerie without.
"""

import argparse
import time
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import explainers
import models
from explainers.concepts.bank.learn import cells
from explainers.kit import nmf
from explainers.kit.importance import importance
from explainers.kit.importance.tail import linear
from models import ModelHandle
from models.imagesets.imageset import image_set


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", default="menagerie")
    parser.add_argument("--cls", type=int, default=3)
    parser.add_argument("--limit", type=int, default=300)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    name = "menagerie_cnn" if asked.images == "menagerie" else "efficientnet_lite0"
    model = models.load(name, "cpu")
    report(model, {"images": asked.images, "cls": asked.cls, "limit": asked.limit})
    closed_form()


def report(model: ModelHandle, chosen: dict[str, Any]) -> None:
    """A bank beside what it cannot do without: reading the images, one forward each, one NMF."""
    model.split(None if model.card.name == "menagerie_cnn" else "bn2")
    started = time.process_time()
    bank = explainers.explain("concepts", model, **chosen)
    took = time.process_time() - started
    bare, factorised = floor(model, chosen, bank)
    print(f"{model.card.name}, class {bank.cls}: {len(bank.files)} of {bank.looked} images, layer {bank.layer}")
    print(
        f"bank {took:.1f} CPU s; bare forwards with reading {bare:.1f} s + NMF {factorised:.1f} s: "
        f"{took / (bare + factorised):.2f} times"
    )
    print(
        f"relative error {bank.reconstruction:.3f}, stability {bank.stability:.2f}, 5-NN purity {bank.purity:.2f}, "
        f"importance-share correlation {bank.share_correlation:.2f}, {int(bank.important.sum())} important, "
        f"{len(bank.clusters)} clusters"
    )
    if bank.part_overlap.size:
        print(
            f"overlap with true parts {bank.part_score:.3f}; random directions {bank.part_chance:.3f}, cells by lot "
            f"{bank.part_cells:.3f}, best on this grid {bank.part_best:.3f}"
        )


def floor(model: ModelHandle, chosen: dict[str, Any], bank: Any) -> tuple[float, float]:
    """CPU seconds of reading and forwarding the same images, and of one NMF of as many activations."""
    found = image_set(chosen["images"], model, chosen["cls"])
    started = time.process_time()
    with torch.inference_mode():
        for at in range(0, bank.looked, 16):
            batch = [read().pixels for _, read in found.items[at : at + 16]]
            model.network(model.normalise(np.stack(batch)))
    bare = time.process_time() - started
    with torch.inference_mode():
        way, _ = model.split(bank.layer)
        kept = [i for i, (name, _) in enumerate(found) if name in set(bank.files)]
        maps = [way(model.normalise(found.items[i][1]().pixels[None])).numpy() for i in kept]
    rows = cells(np.concatenate(maps)).reshape(-1, bank.dictionary.shape[1])
    started = time.process_time()
    with threadpool_limits(1):
        nmf.factorise(rows, len(bank.names))
    return bare, time.process_time() - started


def closed_form() -> None:
    """Exact importance of a thousand images at once."""
    rng = np.random.default_rng(0)
    codes, atoms, weight = rng.random((1000, 7, 7, 10)), rng.random((10, 1280)), rng.normal(size=1280)
    started = time.process_time()
    importance("auto", linear(atoms, weight), codes)
    print(f"closed-form importance: {time.process_time() - started:.4f} ms an image (1000 images of 7 x 7 x 10)")


if __name__ == "__main__":
    main()
