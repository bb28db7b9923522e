"""Learning fooling images: each round restated, champions judged by the network they were evolved on, the control."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import explainers
from explainers import LocalRun
from explainers.fooling.studies.pixels import chances_of
from explainers.fooling.studies.rounds import EXTRA, learnt
from explainers.kit.extra_class import with_head
from explainers.kit.penultimate import features_and_logits, last_layer
from models.errors import InputError
from tests.explainers.fooling.small import EVOLVED as SMALL
from tests.explainers.fooling.small import folder, net
from tests.explainers.nets import fingerprint


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(folder(tmp_path_factory.mktemp("colours")))


def round_of(model: object, images: str, **chosen: object) -> object:
    return explainers.explain("fooling_round", model, **SMALL, images=images, limit=8, **chosen)


def test_a_round_is_learnt_from_all_champions_before_and_judged_with_one_class_more(images: str) -> None:
    model = net("first")
    before = fingerprint(model.network)
    photos = explainers.explain("fooling_photos", model, **SMALL, images=images, limit=8)
    zero, one, two = (round_of(model, images, number=number) for number in range(3))
    archive = explainers.explain("fooling", model, **SMALL)
    np.testing.assert_allclose(zero.confidence, archive.confidence)
    np.testing.assert_array_equal(one.features[: len(zero.features)], zero.features)
    assert len(two.features) == len(zero.features) + 10
    layer = last_layer(model)
    network = with_head(model, layer, learnt(layer, photos, zero.features), EXTRA)
    again = explainers.explain("fooling", network, **SMALL, classes=tuple(range(5)))
    np.testing.assert_allclose(one.confidence, again.confidence, atol=1e-9)
    chances = chances_of(network, again.images)
    np.testing.assert_allclose(chances[np.arange(5), np.arange(5)], one.confidence, atol=1e-6)
    guesses = np.concatenate([photos.test, np.ones((len(photos.test), 1))], 1) @ learnt(layer, photos, zero.features).T
    assert float(one.accuracy) == pytest.approx((guesses.argmax(1) == photos.test_labels).mean())
    assert fingerprint(model.network) == before


def test_the_first_champions_are_recognised_once_they_are_learnt(images: str) -> None:
    """The class more is learnt: the champions that it was learnt from are called so, the photos are not."""
    model = net("first")
    photos = explainers.explain("fooling_photos", model, **SMALL, images=images, limit=8)
    archive = explainers.explain("fooling", model, **SMALL, search="paper")
    layer = last_layer(model)
    features = features_and_logits(model, archive.images, layer)[0]
    weight = learnt(layer, photos, np.repeat(features, 4, 0))

    def called(rows: np.ndarray) -> float:
        return float(((np.concatenate([rows, np.ones((len(rows), 1))], 1) @ weight.T).argmax(1) == 5).mean())

    assert called(features) > 0.7
    assert called(photos.test) < 0.3


def test_rounds_stand_side_by_side_and_the_control_is_measured(images: str) -> None:
    model, lens = net("first"), explainers.find("fooling_retrain")
    chosen = {**SMALL, "images": images, "limit": 8, "rounds": 2}
    result = explainers.explain("fooling_retrain", model, **chosen)
    assert result.confidence.shape == (3, 5)
    np.testing.assert_allclose(result.median, np.median(result.confidence, 1))
    np.testing.assert_allclose(result.confidence[1], round_of(model, images, number=1).confidence)
    assert result.accused[0] == 0
    assert "After 2 rounds" in result.sentence
    harder, kept = lens.evidence(model, lens.choose(**chosen), result, LocalRun(model)).scores
    noise = round_of(model, images, number=1, noise=True)
    assert harder.baselines["random pictures learnt"] == pytest.approx(1 - noise.confidence.mean())
    assert harder.value == pytest.approx(1 - result.confidence[1].mean())
    assert kept.value == result.accuracy[-1]


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    model = net("first")
    with pytest.raises(InputError, match="Retraining needs labelled photos"):
        explainers.explain("fooling_retrain", model, **SMALL)
    (tmp_path / "cats").mkdir()
    (tmp_path / "dogs").mkdir()
    for place in ("cats", "dogs"):
        for number in range(8):
            Image.new("RGB", (32, 32)).save(tmp_path / place / f"{number}.png")
    with pytest.raises(InputError, match="0 train pictures of classes that first knows"):
        explainers.explain("fooling_retrain", model, **SMALL, images=str(tmp_path))
