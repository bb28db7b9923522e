"""How prototypes and weights are learnt, against definitions written out slowly."""

from itertools import permutations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from explainers.prototypes.boxes import box
from explainers.prototypes.learn import distance, head, select
from explainers.prototypes.learn.head import Scores


def blobs(rng: np.random.Generator, count: int = 240, classes: int = 3, width: int = 12) -> Scores:
    labels = rng.integers(classes, size=count)
    middles = rng.normal(size=(classes, width))
    return Scores((middles[labels] + rng.normal(size=(count, width))).astype(np.float64), labels)


def objective(scores: Scores, weight: np.ndarray, penalty: float) -> float:
    spread = scores.similarity.std(0)
    return head.cross_entropy(scores.similarity @ weight.T, scores.labels) + penalty * np.abs(weight * spread).sum()


def test_fista_finds_the_least_of_what_it_minimises() -> None:
    scores = blobs(np.random.default_rng(0))
    weight = head.fit(scores, 3, 0.01)
    spread = scores.similarity.std(0)
    # scikit-learn's C is 1 / (n x penalty) on the same scaled similarities.
    peer = LogisticRegression(
        l1_ratio=1.0, C=1 / (0.01 * len(scores.labels)), solver="saga", fit_intercept=False, max_iter=20_000, tol=1e-8
    ).fit(scores.similarity / spread, scores.labels)
    assert objective(scores, weight, 0.01) == pytest.approx(objective(scores, peer.coef_ / spread, 0.01), rel=1e-4)
    assert 0 < (weight == 0).mean() < 1


def test_a_scoring_sheet_has_own_weights_only_and_none_negative() -> None:
    scores = blobs(np.random.default_rng(1))
    allowed = np.arange(12) % 3 == np.arange(3)[:, None]
    weight = head.fit(scores, 3, 1e-3, allowed=allowed)
    assert (weight >= 0).all()
    assert not weight[~allowed].any()
    assert weight.any()


def test_the_penalty_is_chosen_by_validation() -> None:
    rng = np.random.default_rng(2)
    scores = blobs(rng, 400)
    train, validation = (Scores(scores.similarity[half], scores.labels[half]) for half in (slice(200), slice(200, 400)))
    weight, penalty = head.choose(train, validation, 3)
    assert penalty in head.PENALTIES
    losses = [
        head.cross_entropy(validation.similarity @ head.fit(train, 3, p).T, validation.labels) for p in head.PENALTIES
    ]
    chosen = head.cross_entropy(validation.similarity @ weight.T, validation.labels)
    assert chosen == pytest.approx(min(losses), abs=2e-3)


def test_the_push_takes_the_best_patches_no_two_from_one_picture() -> None:
    rng = np.random.default_rng(3)
    maps = rng.normal(size=(4, 5, 2, 3)).astype(np.float32)
    wanted = rng.normal(size=(3, 5)).astype(np.float32)
    chosen = select.push(maps, wanted, select.cosine)

    def near(image: int, at: int) -> float:
        rows = maps[image].reshape(5, -1).T
        return float((select.unit(rows) @ select.unit(wanted[[at]])[0]).max())

    best = max(permutations(range(4), 3), key=lambda images: sum(near(image, at) for at, image in enumerate(images)))
    assert tuple(chosen.image) == best
    for image, (row, column), vector in zip(chosen.image, chosen.cell, chosen.vector, strict=True):
        assert np.array_equal(vector, maps[image, :, row, column])


def test_k_means_finds_planted_directions() -> None:
    rng = np.random.default_rng(4)
    truth = np.linalg.qr(rng.normal(size=(8, 8)))[0][:4]
    rows = select.unit(truth[rng.integers(4, size=600)] + 0.1 * rng.normal(size=(600, 8)))
    centres = select.centres(rows, 4, rng)
    assert (truth @ centres.T).max(1) == pytest.approx(1, abs=0.02)


def test_the_cost_of_the_first_stage_is_the_papers() -> None:
    generator = torch.Generator().manual_seed(0)
    owner = np.array([0, 0, 1, 1])
    model = distance.Distances(6, owner, generator)
    maps, labels = torch.rand(3, 6, 2, 2, generator=generator), torch.tensor([0, 1, 1])
    loss, logits = distance.cost(model, maps, labels)
    z = model.add_on(maps).detach()
    cross = cluster = separation = 0.0
    for row in range(3):
        least = []
        for prototype in model.prototypes.detach():
            least.append(min(float(((z[row, :, y, x] - prototype) ** 2).sum()) for y in range(2) for x in range(2)))
        similar = [np.log((d + 1) / (d + 1e-4)) for d in least]
        scores = np.array([sum(s if owner[j] == cls else -0.5 * s for j, s in enumerate(similar)) for cls in (0, 1)])
        assert logits[row].detach().numpy() == pytest.approx(scores, rel=1e-4)
        cross += float(-scores[labels[row]] + np.log(np.exp(scores).sum())) / 3
        cluster += min(d for d, own in zip(least, owner, strict=True) if own == labels[row]) / 3
        separation += min(d for d, own in zip(least, owner, strict=True) if own != labels[row]) / 3
    assert float(loss.detach()) == pytest.approx(cross + 0.8 * cluster - 0.08 * separation, rel=1e-4)


def test_a_box_holds_the_peak_and_only_its_own_region() -> None:
    similarity = np.zeros((8, 8), np.float32)
    similarity[1, 1], similarity[6, 6] = 1.0, 0.99
    y0, x0, y1, x1 = box(similarity, (1, 1), (128, 128))
    assert y0 <= 24 <= y1
    assert x0 <= 24 <= x1
    assert y1 < 64
    assert x1 < 64
