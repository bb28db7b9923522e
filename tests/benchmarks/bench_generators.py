"""How real the pictures of shipped generators are.

``python -m tests.benchmarks.bench_generators [MODEL ...] [CHAINS [STEPS]]``.

For every class of a model with a generator, chains at the preset, judged by the network that took no part: the share
that it calls by the class's name (goal: 90% of every class), how unlike two pictures are beside two real ones (goal:
0.7), distance to the nearest real picture and to the nearest learnt one in units of what real pictures have, Frechet
distance, precision and recall (Kynkaanniemi et al. 2019) in the judge's features; pictures of codes by lot beside them.
"""

import sys

import numpy as np
import torch

import explainers
import models
from explainers import LocalRun
from explainers.activation.realism import nearest, within
from explainers.kit.metrics import frechet
from models.generators import file as generators
from models.generators.reference import diversity

CHAINS, STEPS = 32, 100


def report(name: str, prior: str, count: int, steps: int) -> None:
    """Every class of a model, and the whole."""
    model = models.load(name, "cpu")
    trained = generators.load(generators.path_of(model, None), model)
    run, record = LocalRun(model), {key: value.numpy() for key, value in trained.record.items()}
    made, lot, agree, ratio = [], [], [], []
    for cls, label in enumerate(model.card.labels):
        chosen = {"prior": prior, "target": cls, "n": count, "steps": steps}
        result = explainers.explain("activation", model, run=run, **chosen)
        made.append(result.features)
        lot.append(result.begin_features)
        agree.append(float((result.rank == 0).mean()))
        images = torch.from_numpy(result.images[:12]).permute(0, 3, 1, 2).float() / 255
        ratio.append(diversity(images) / float(record["diversity"][cls]))
        print(f"| {models.labels.short(label)} | {agree[-1]:.0%} | {ratio[-1]:.2f} |", flush=True)
    points, by_lot = np.concatenate(made), np.concatenate(lot)
    real, learnt = record["real"], record["learnt"]
    own, usual = np.median(nearest(real, real, itself=True)), np.median(nearest(real, learnt))
    print(f"{name}, {prior}: agreed {np.mean(agree):.0%}, worst class {min(agree):.0%}; diversity {np.mean(ratio):.2f}")
    for title, one in (("chains", points), ("codes by lot", by_lot)):
        print(
            f"| {title} | nearest real {np.median(nearest(one, real)) / own:.2f} | nearest learnt"
            f" {np.median(nearest(one, learnt)) / usual:.2f} | Frechet {frechet(one, real):.2f} (learnt to real"
            f" {frechet(learnt, real):.2f}) | precision {within(one, real):.2f} | recall {within(real, one):.2f} |"
        )


def main() -> None:
    """Report the models that are named, or all with a generator."""
    torch.set_num_threads(1)
    words = sys.argv[1:]
    numbers = [int(word) for word in words if word.isdigit()]
    count, steps = (*numbers, *(CHAINS, STEPS)[len(numbers) :])
    names = [word for word in words if word in generators.shipped()] or list(generators.shipped())
    priors = [word for word in words if word not in generators.shipped() and not word.isdigit()] or ["joint"]
    for name in names:
        for prior in priors:
            report(name, prior, count, steps)


if __name__ == "__main__":
    main()
