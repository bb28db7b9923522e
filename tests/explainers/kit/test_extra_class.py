"""One class more: the fit against scikit-learn, what the pull keeps, and the copy that answers with it."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from explainers.kit.extra_class import beginning, fit, with_head
from explainers.kit.penultimate import features_and_logits, last_layer
from tests.explainers.nets import fingerprint, photo, small_cnn


def test_the_fit_is_logistic_regression_where_it_begins_at_zero() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 80)
    features = rng.normal(size=(80, 4)) + labels[:, None]
    weight = fit(features, labels, np.zeros((3, 5)), 0.1)
    # The pull holds the bias as well, so it is a feature here; C = 1 / (n pull).
    other = LogisticRegression(C=1 / (80 * 0.1), fit_intercept=False, tol=1e-8, max_iter=1000)
    other.fit(np.concatenate([features, np.ones((80, 1))], 1), labels)
    np.testing.assert_allclose(weight, other.coef_, atol=1e-3)


def test_a_strong_pull_changes_nothing_and_a_weak_one_learns() -> None:
    rng = np.random.default_rng(1)
    start = rng.normal(size=(3, 4))
    features, labels = np.concatenate([rng.normal(size=(30, 3)), rng.normal(size=(30, 3)) + 6]), np.repeat([0, 2], 30)
    np.testing.assert_allclose(fit(features, labels, start, 1e6), start, atol=1e-5)
    weight = fit(features, labels, start, 1e-4)
    guesses = (np.concatenate([features, np.ones((60, 1))], 1) @ weight.T).argmax(1)
    assert (guesses == labels).mean() > 0.95


def test_the_copy_has_one_class_more_and_the_model_stays_as_it_is() -> None:
    model = small_cnn()
    before, layer = fingerprint(model.network), last_layer(model)
    weight = beginning(layer)
    assert weight.shape == (6, 7)
    assert not weight[-1].any()
    weight[-1, -1] = 2.5
    copy = with_head(model, layer, weight, "a fooling image")
    pictures = np.stack([model.view(photo(seed)).pixels for seed in range(2)])
    _, old = features_and_logits(model, pictures, layer)
    _, new = features_and_logits(copy, pictures, last_layer(copy))
    np.testing.assert_allclose(new[:, :5], old, atol=1e-5)
    assert new[:, 5] == pytest.approx(2.5)
    assert copy.card.labels == (*model.card.labels, "a fooling image")
    assert fingerprint(model.network) == before
    assert isinstance(copy.network.get_submodule(layer.name), torch.nn.Linear)
