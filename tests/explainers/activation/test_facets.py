"""Facets of a class: clusters of its pictures, drawn one by one, that stay what they began as."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import explainers
import models
from explainers import LocalRun
from explainers.activation.facets import _between, _clustered
from explainers.kit.metrics import cosine
from models.errors import InputError, UnfitError
from tests.explainers.activation.drawn import bags
from tests.explainers.nets import small_cnn


def test_facets_stay_with_their_pictures_and_differ_more_than_codes_by_lot() -> None:
    model, chosen = models.load("fashion_lenet", "cpu"), {"target": 8, "images": str(bags()), "facets": 2, "steps": 40}
    run, lens = LocalRun(model), explainers.registry()["activation_facets"]
    result = explainers.explain("activation_facets", model, run=run, **chosen)
    assert result.images.shape == (2, 4, 28, 28, 3)
    assert result.photos.shape[:2] == (2, 4)
    assert result.share[0] >= result.share[1]
    between, returned = lens.evidence(model, lens.choose(**chosen), result, run).scores
    assert between.value > 2 * between.baselines["groups of pictures begun with codes by lot"]
    assert returned.value > returned.baselines["chance"]
    assert result.probability.min() > 0.5


def test_the_arithmetic_by_hand() -> None:
    codes = np.array([[0.0, 1.0], [0.0, 3.0], [4.0, 1.0], [4.0, 3.0]])
    assert _between(codes, np.array([0, 0, 1, 1])) == pytest.approx(16 / 20)
    assert cosine(np.array([[2.0, 0.1]]), np.array([[0.0, 9.0], [1.0, 0.0]])).argmax(1).tolist() == [1]
    params = explainers.registry()["activation_facets"].choose(facets=2)
    means, labels = _clustered(np.array([[0.0], [0.1], [0.2], [9.0]]), params)
    assert labels.tolist() == [0, 0, 0, 1]
    assert means[:, 0] == pytest.approx([0.1, 9.0])


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    Image.new("RGB", (28, 28)).save(tmp_path / "black.png")
    model = models.load("fashion_lenet", "cpu")
    with pytest.raises(InputError, match="3 facets need 12: choose another class, other images or fewer facets"):
        explainers.explain("activation_facets", model, images=str(tmp_path))
    with pytest.raises(UnfitError, match="There is no generator for small cnn"):
        explainers.explain("activation_facets", small_cnn(), images=str(tmp_path))
