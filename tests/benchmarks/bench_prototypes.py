"""What the prototypes lens costs: ``python -m tests.benchmarks.bench_prototypes [--model FILE] [--training DIR]``.

A slider of the page beside two bare forwards: what a person waits for is the worker's answer, which is asked through
the engine as the page asks, and the pictures drawn from it. And the reasons of one picture: how many pictures pass the
network for five characteristics of all prototypes.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

import explainers
import models
from dashboard.engine.engine import Engine
from dashboard.engine.settings import Settings
from dashboard.figures import Look
from dashboard.figures.prototypes import what_if as figures
from explainers.kit.characteristics import CHARACTERISTICS, denoised, modify
from explainers.prototypes.changed import reduced
from explainers.prototypes.local import prototypes
from explainers.prototypes.prepare import prepare
from explainers.prototypes.train import prototypes_train, trained_on
from explainers.prototypes.whatif import prototype_what_if
from models import ModelHandle, imagesets
from models.imagesets.labelled import labelled

ROUNDS = 15
ALLOWED = 0.15  # seconds above two forwards


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="menagerie_prototypes")
    parser.add_argument("--image", default="animal-0")
    parser.add_argument("--training", help="a folder of class folders: only what training costs after its features")
    parser.add_argument("--backbone", default="efficientnet_lite0")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.training:
        training(asked.training, asked.backbone)
        return
    model = models.load(asked.model, "cpu")
    sliders(model, asked.image)
    passes(model, asked.image)


def sliders(model: ModelHandle, image: str) -> None:
    """Seconds from a slider's move to the pictures, beside two forwards in turn with it."""
    photo = imagesets.sample(image)
    result = explainers.explain("prototypes", model, image=photo)
    both = model.normalise(np.stack([model.view(photo).pixels] * 2))
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Settings(cache=Path(folder) / "cache", devices=("cpu",), threads=1))
        try:
            for name, values in (("hue", (0.01, 0.5)), ("texture", (1.0, 32.0))):
                rows = []
                for value in np.linspace(*values, ROUNDS).tolist():
                    chosen = {"image": photo, "target": result.target, name: value}
                    request = prototype_what_if.request(model.card.name, prototype_what_if.choose(**chosen))
                    rows.append(
                        (
                            _seconds(partial(_forward, model, both)),
                            _seconds(partial(modify, reduced(model, photo).pixels, name, value)),
                            _seconds(partial(_redraw, engine, request, result)),
                        )
                    )
                two, changing, drawn = np.median(rows[1:], axis=0)
                print(
                    f"{name} slider: {1000 * drawn:.0f} ms; two forwards {1000 * two:.0f} ms, changing the picture"
                    f" {1000 * changing:.0f} ms; {1000 * (drawn - two):.0f} ms above the forwards, of"
                    f" {1000 * ALLOWED:.0f} allowed"
                )
        finally:
            engine.close()


def training(images: str, backbone: str) -> None:
    """Seconds of processor from the features of all pictures to a classifier, at the defaults."""
    model, params = models.load(backbone, "cpu"), prototypes_train.choose(images=images)
    pictures = labelled(images, limit=params.limit, seed=params.seed)
    ground = prepare(model, params, pictures, explainers.LocalRun(model))
    for threads in (1, 2):
        torch.set_num_threads(threads)
        wall, used = time.perf_counter(), time.process_time()
        result = trained_on(ground, model, params, pictures, explainers.LocalRun(model))
        wall, used = time.perf_counter() - wall, time.process_time() - used
        print(
            f"{len(pictures.of('train'))} pictures to train on, {len(result.owner)} prototypes, {threads} threads:"
            f" {used:.1f} s of processor, {wall:.1f} s by the clock; {result.sentence}",
            flush=True,
        )


def _forward(model: ModelHandle, both: torch.Tensor) -> None:
    with torch.inference_mode():
        model.network(both)


def _redraw(engine: Engine, request: explainers.Request, result: explainers.Result) -> None:
    engine.ask(request, session="bench")
    if engine.wait(request.key, 60).status != "done":
        raise TimeoutError("the worker did not answer within a minute; let the machine come to rest")
    changed = engine.answer(request).result
    figures.pictures(changed, int(result.order[0]))
    figures.likenesses(result, changed, Look())


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def passes(model: ModelHandle, image: str) -> None:
    """Pictures that pass the network for the reasons of one, and their time beside the bare passes and changes."""
    photo, count = imagesets.sample(image), []
    handle = model.network.backbone.register_forward_pre_hook(lambda _, x: count.append(len(x[0])))
    result = prototypes(model, prototypes.choose(image=photo), explainers.LocalRun(model))
    handle.remove()
    small = reduced(model, photo)
    x = model.normalise(np.stack([model.view(photo).pixels] * 6))

    def asked() -> None:
        denoised.cache_clear()
        explainers.explain("prototypes", model, image=photo)

    def changed() -> None:
        denoised.cache_clear()
        for name in CHARACTERISTICS:
            modify(small.pixels, name)

    whole = statistics.median(_seconds(asked) for _ in range(5))
    bare = statistics.median(_seconds(lambda: _forward(model, x)) for _ in range(5))
    changes = statistics.median(_seconds(changed) for _ in range(5))
    print(
        f"reasons of {len(result.similarity)} prototypes: {count[0]} passes, and {sum(count[1:])} for what tells the"
        f" class apart: {1000 * whole:.0f} ms together; six bare forwards"
        f" {1000 * bare:.0f} ms, changing the picture {1000 * changes:.0f} ms"
    )


if __name__ == "__main__":
    main()
