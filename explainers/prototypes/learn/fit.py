"""Prototypes among the training patches, and how like them every picture is."""

from dataclasses import dataclass

import numpy as np
import torch

from explainers.base import Run
from explainers.prototypes.changed import at_place
from explainers.prototypes.learn import distance, select
from explainers.prototypes.learn.features import Features
from models.prototypes.network import Metric, add_on, similarity


@dataclass(frozen=True)
class Plan:
    """What is to be learnt: prototypes of each class, by which metric, from which seed."""

    prototypes: int
    metric: Metric
    seed: int


@dataclass(frozen=True)
class Learnt:
    """Prototypes, and what pictures are like them.

    Attributes:
        vector: float32 (P, D). owner: int (P,).
        row: int (P,), the picture of each among the features. cell: int (P, 2).
        similarity: float32 (n, P), greatest similarity of each picture to each.
        maps: float32 (P, h, w), similarity of each prototype's own picture.
        add_on: weights of the add-on layers by name.
    """

    vector: np.ndarray
    owner: np.ndarray
    row: np.ndarray
    cell: np.ndarray
    similarity: np.ndarray
    maps: np.ndarray
    add_on: dict[str, np.ndarray]


def owners(labels: np.ndarray, train: np.ndarray, count: int) -> np.ndarray:
    """The class of each prototype, (P,): so many of each, but no more than it has pictures to train on."""
    pictures = np.bincount(labels[train], minlength=int(labels.max()) + 1)
    return np.repeat(np.arange(len(pictures)), np.minimum(count, pictures))


def warm(features: Features, train: np.ndarray, plan: Plan, run: Run) -> distance.Distances:
    """The first stage of the log-L2 variant, on the training pictures' features."""
    owner = owners(features.labels, train, plan.prototypes)
    return distance.warm(features.maps[train], features.labels[train], owner, plan.seed, run.report)


def learn(
    features: Features, train: np.ndarray, plan: Plan, run: Run, stages: distance.Distances | None = None
) -> Learnt:
    """Choose prototypes among the training patches and compare every picture with them.

    Args:
        features: of all pictures.
        train: bool (n,), which of them are to train on.
        plan: what is to be learnt.
        run: progress and randomness.
        stages: add-on layers and prototypes of the log-L2 variant.
    """
    owner = owners(features.labels, train, plan.prototypes)
    rows = [np.flatnonzero((features.labels == cls) & train) for cls in range(int(features.labels.max()) + 1)]
    if stages is None:
        maps, weights, near = features.maps.astype(np.float32), {}, select.cosine
        wanted = [
            select.centres(_patches(maps[row]), int((owner == cls).sum()), run.rng) for cls, row in enumerate(rows)
        ]
    else:
        maps, weights = _added(stages, features.maps), {k: v.numpy() for k, v in stages.add_on.state_dict().items()}
        wanted, near = [stages.prototypes.numpy()[owner == cls] for cls in range(len(rows))], select.nearness
    chosen = [select.push(maps[row], centre, near) for row, centre in zip(rows, wanted, strict=True)]
    vector = np.concatenate([one.vector for one in chosen])
    image = np.concatenate([row[one.image] for row, one in zip(rows, chosen, strict=True)])
    compared = compare(maps, vector, plan.metric)
    return Learnt(
        vector,
        owner,
        image,
        np.concatenate([one.cell for one in chosen]),
        compared.max((2, 3)),
        compared[image, np.arange(len(image))],
        weights,
    )


def compare(maps: np.ndarray, vector: np.ndarray, metric: Metric) -> np.ndarray:
    """Similarity of every place to every prototype, (n, P, h, w), as the network computes it; in batches."""
    prototypes = torch.from_numpy(vector)
    return torch.cat([similarity(z, prototypes, metric) for z in torch.from_numpy(maps).split(256)]).numpy()


def likeness_when_changed(maps: np.ndarray, learnt: Learnt, metric: Metric) -> np.ndarray:
    """Likeness of each picture to each prototype, as it is and changed, (n, 6, P); ``maps`` are (n, 6, D, h, w).

    It is read where the picture itself is most like the prototype.
    """
    module = add_on(maps.shape[2]).requires_grad_(False) if learnt.add_on else torch.nn.Identity()
    module.load_state_dict({key: torch.from_numpy(value) for key, value in learnt.add_on.items()})
    seen = (module(torch.from_numpy(one).float()).numpy() for one in maps)
    return np.stack([at_place(compare(one, learnt.vector, metric)) for one in seen])


def _patches(maps: np.ndarray) -> np.ndarray:
    """Patches of length 1; those that excite the network less than the median of their picture are left out.

    Weak places are mostly background, which all classes share: prototypes there say little of a class.
    """
    rows = maps.transpose(0, 2, 3, 1).reshape(len(maps), -1, maps.shape[1])
    length = np.linalg.norm(rows, axis=2)
    return select.unit(rows[length >= np.median(length, axis=1, keepdims=True)])


def _added(stages: distance.Distances, maps: np.ndarray) -> np.ndarray:
    pieces = [stages.add_on(torch.from_numpy(piece).float()) for piece in np.array_split(maps, len(maps) // 256 + 1)]
    return torch.cat(pieces).numpy()
