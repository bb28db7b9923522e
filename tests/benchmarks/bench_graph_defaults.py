"""What the strategic graph promises, held to images that were not used to choose its defaults.

``python -m tests.benchmarks.bench_graph_defaults [--choose] [--photos DIR --cls N]``. Images of each class are dealt
into two halves. With ``--choose`` the first half is learnt from with every size; without, the second half with the
defaults, with the same number of concepts learnt from every place, and with ten of those, which was the default before.
Classes are three of the menagerie, drawn and exported to a folder, and one of a folder of photos where one is named.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

import models
from explainers import LocalRun
from explainers.concepts.bank.collect import Members, collect
from explainers.concepts.bank.crops import top_of
from explainers.concepts.bank.learn import learn
from explainers.concepts.bank.params import ConceptsParams
from explainers.kit.clusters import clusters, share_correlation, summaries
from explainers.kit.concept_curves import insertion_and_deletion, probability, shown
from explainers.kit.importance import shares
from explainers.kit.layout import layout, normalised, purity
from explainers.kit.metrics import area
from explainers.kit.tail import NetworkTail, onward, pick
from models.menagerie.export import export

CLASSES, SIZES = (3, 5, 11), (3, 4, 5, 6, 8, 10)
HEAD = (
    f"{'images':34} {'k':>3} {'rows':7} {'purity':>6} {'corr.':>6} {'C-ins.':>6} {'C-del.':>6} {'stab.':>6} strategies"
)


@dataclass(frozen=True)
class Source:
    """Images of a class in a model: where they come from, and what the network makes of them."""

    name: str
    params: ConceptsParams
    way: NetworkTail
    members: Members

    def half(self, second: bool) -> Members:
        """One half of the images, dealt by lot."""
        order = np.random.default_rng(0).permutation(len(self.members.pictures))
        at = np.sort(np.array_split(order, 2)[second])
        arrays = {name: getattr(self.members, name)[at] for name in ("maps", "context", "logits")}
        return replace(self.members, pictures=tuple(self.members.pictures[i] for i in at), **arrays)


def sources(photos: str, cls: int) -> Iterator[Source]:
    """The images of every class."""
    with tempfile.TemporaryDirectory() as folder:
        export(Path(folder), 220, seed=5)
        for images in ("menagerie", f"{folder}/images"):
            for drawn in CLASSES:
                title = "exported" if images != "menagerie" else "drawn"
                yield read(f"menagerie {title}, class {drawn}", "menagerie_cnn", images, drawn)
    if photos:
        yield read(f"{Path(photos).name}, class {cls}", "efficientnet_lite0", photos, cls)


def read(name: str, model_name: str, images: str, cls: int) -> Source:
    """One forward of each image."""
    model = models.load(model_name, "cpu")
    params = ConceptsParams(images=images, cls=cls, limit=500, pool=4000)
    layer = pick(model, None)
    members = collect(model, params, layer, LocalRun(model))
    return Source(name, params, onward(model, layer, members.maps, members.logits), members)


def report(source: Source, members: Members, k: int, rows: str) -> None:
    """Print one row of the table."""
    params = replace(source.params, k=k, rows=rows)
    learnt = learn(source.way, members, params, lambda _share, _note: None)
    vectors, top = normalised(learnt.scores), top_of(learnt.scores)
    answer = probability(source.way, learnt.atoms, params.cls, members.context)
    pieces = shown(source.way, learnt.codes, learnt.images)
    rise, fall = (float(area(each[None])[0]) for each in insertion_and_deletion(answer, pieces, learnt.scores))
    strategies = summaries(vectors, clusters(vectors), [str(i + 1) for i in range(k)])
    print(
        f"{source.name:34} {k:3} {rows:7} {purity(layout('tsne', vectors), top):6.2f}"
        f" {share_correlation(shares(learnt.scores), top):6.2f} {rise:6.2f} {fall:6.2f} {learnt.stable:6.2f}"
        f" {len(strategies)}: {'; '.join(strategies)}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--photos", default="")
    parser.add_argument("--cls", type=int, default=610)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    k = ConceptsParams().k or SIZES[-1]
    rows = [(size, "images") for size in SIZES] if asked.choose else [(10, "cells"), (k, "cells"), (k, "images")]
    print(HEAD)
    for source in sources(asked.photos, asked.cls):
        for size, way in rows:
            report(source, source.half(not asked.choose), size, way)


if __name__ == "__main__":
    main()
