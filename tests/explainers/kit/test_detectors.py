"""Scores of strangeness, the area under the ROC curve, and plainness: closed forms, loops, scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from explainers.kit import detectors
from explainers.kit.penultimate import features_and_logits, last_layer
from explainers.kit.plainness import entropy, png_bytes, zlib_bytes
from explainers.kit.predict import logits_of
from models.errors import InputError, UnfitError
from tests.explainers.nets import photo, small_cnn, small_vit


def test_energy_and_softmax_are_those_of_loops() -> None:
    logits = np.random.default_rng(0).normal(size=(5, 4)) * 3
    for row, free, sure in zip(logits, detectors.energy(logits), detectors.max_softmax(logits), strict=True):
        total = sum(np.exp(z) for z in row)
        assert free == pytest.approx(-np.log(total))
        assert sure == pytest.approx(-max(np.exp(z) / total for z in row))


def test_the_kth_neighbour_is_found_on_the_unit_sphere() -> None:
    known = np.array([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]])
    far = detectors.nearest(np.array([[5.0, 0.0]]), known, 2)
    assert far == pytest.approx(np.sqrt(2))
    assert detectors.nearest(np.array([[5.0, 0.0]]), known, 9) == pytest.approx(2.0), "the farthest of three"


def test_mahalanobis_whitens_and_takes_the_nearest_class() -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat([2, 7], 4000)
    scale = np.array([1.0, 5.0, 0.5])
    known = rng.normal(size=(8000, 3)) * scale + np.where(labels[:, None] == 2, 0.0, 20.0)
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 5, 0], [20, 20, 21]], float)
    np.testing.assert_allclose(detectors.mahalanobis(points, known, labels), [0, 1, 1, 4], atol=0.3)


def test_the_area_is_scikit_learns_and_its_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(2)
    scores, strange = np.round(rng.normal(size=60), 1), rng.random(60) < 0.4
    area, (low, high) = detectors.auroc(scores, strange)
    assert area == pytest.approx(roc_auc_score(strange, scores))
    assert low < area < high
    covered = 0
    for _ in range(300):
        one, two = rng.normal(1, 1, 40), rng.normal(0, 1, 40)
        _, (low, high) = detectors.auroc(np.concatenate([one, two]), np.arange(80) < 40)
        covered += low <= 0.76025 <= high  # Phi(1 / sqrt 2)
    assert 0.9 <= covered / 300 <= 0.99
    with pytest.raises(InputError, match="two pictures or more on each side"):
        detectors.auroc(np.arange(3.0), np.array([True, False, False]))


def test_likeness_is_seen_from_the_centre() -> None:
    centre = np.array([10.0, 10.0])
    known = centre + np.array([[1.0, 0.0], [0.0, 1.0], [-2.0, 0.0]])
    np.testing.assert_allclose(detectors.likeness(centre + np.array([[3.0, 0.0]]), known, centre), [[1, 0, -1]])


def test_plainness_of_one_colour_two_colours_and_noise() -> None:
    flat = np.full((32, 32, 3), 7, np.uint8)
    halves = flat.copy()
    halves[:16] = 200
    noise = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert entropy(flat) == 0
    assert entropy(halves) == pytest.approx(1.0)
    assert 7.9 < entropy(noise) <= 8
    for packed in (png_bytes, zlib_bytes):
        assert packed(flat) < packed(halves) < 0.2
        assert 2.9 < packed(noise) < 3.2
    slope = np.broadcast_to(np.arange(256, dtype=np.uint8)[None, :, None], (64, 256, 3)).copy()
    assert png_bytes(slope + np.arange(64, dtype=np.uint8)[:, None, None]) < 0.1, "neighbours are predicted"


@pytest.mark.parametrize("make", [small_cnn, small_vit])
def test_what_the_last_layer_reads_gives_the_logits(make: object) -> None:
    model = make()
    pictures = np.stack([model.view(photo(seed)).pixels for seed in range(3)])
    layer = last_layer(model)
    features, logits = features_and_logits(model, pictures, layer)
    np.testing.assert_allclose(logits, logits_of(model, pictures).numpy(), atol=1e-6)
    again = torch.nn.functional.linear(torch.from_numpy(features), layer.module.weight, layer.module.bias)
    np.testing.assert_allclose(again.detach().numpy(), logits, atol=1e-5)
    assert features_and_logits(model, pictures[:0], layer)[0].shape == (0, features.shape[1])


def test_a_network_without_a_last_layer_is_told() -> None:
    import models

    pool = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    with pytest.raises(UnfitError, match="does not end in one linear layer"):
        last_layer(models.wrap(pool.eval(), input_size=(3, 16, 16), device="cpu"))
