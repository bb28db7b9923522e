"""Champions beside photos and ROC curves: hand-made features, scikit-learn's curve, and labels that mean nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import explainers
from explainers import LocalRun
from explainers.fooling.studies.detect import TITLES, detected
from explainers.fooling.studies.seen import Seen
from explainers.fooling.studies.unlike import compared
from models.errors import InputError, UnfitError
from tests.explainers.fooling.small import asked, folder, net


def seen(features: np.ndarray, labels: list[int], logits: np.ndarray | None = None) -> Seen:
    """What a network of five classes saw."""
    count = len(features)
    logits = np.zeros((count, 5), np.float32) if logits is None else logits
    rng = np.random.default_rng(count)
    return Seen(
        pictures=rng.integers(0, 255, (count, 8, 8, 3), dtype=np.uint8),
        labels=np.array(labels),
        confidence=np.ones(count),
        logits=logits,
        chances=np.full((count, 5), 0.2, np.float32),
        features=np.asarray(features, np.float32),
        plainness=np.tile([4.0, 1.0, 1.5], (count, 1)),
        title="photos by hand",
    )


PHOTOS = seen(np.array([[1, 0], [1, 0], [-1, 0], [-1, 0], [0, 1], [0, -1]]), [0, 0, 1, 1, 2, 3])


def test_likeness_of_a_hand_worked_case() -> None:
    """The mean of the photos is the origin: cosines are plain."""
    champions = seen(np.array([[2, 0], [1, 1], [1, 0], [5, 5]]), [0, 0, 1, 4])
    noise = seen(np.array([[0, 3]]), [-1])
    result = compared(net("judge").card, champions, PHOTOS, noise)
    np.testing.assert_allclose(result.likeness, [1, np.sqrt(0.5), -1], atol=1e-6)
    np.testing.assert_allclose(result.photo_likeness, [1, 1, 1, 1], atol=1e-6)
    np.testing.assert_allclose(result.other_likeness, [-0.5, -0.5, -0.5, -0.5, -0.2, -0.2], atol=1e-6)
    np.testing.assert_allclose(result.random_likeness, [0, 0, 1, -1], atol=1e-6)
    assert (result.compared, result.looked) == (3, 4)
    np.testing.assert_array_equal(result.nearest[2], PHOTOS.pictures[2])


def test_evidence_says_whether_something_of_the_class_is_there() -> None:
    model, lens = net("first"), explainers.find("fooling_unlike")
    noise = seen(np.array([[0, 1], [0, -1]]), [-1, -1])
    for features, word in (([[2, 0], [3, 0.1]], "better than"), ([[-1, 0], [-2, 0]], "worse than")):
        result = compared(model.card, seen(np.array(features), [0, 0]), PHOTOS, noise)
        score = lens.evidence(model, lens.choose(), result, LocalRun(model)).scores[0]
        assert score.verdict.word == word
        assert ("resemble their class more" in score.reading) == (word == "better than")


def test_what_cannot_be_compared_is_said() -> None:
    card, noise = net("judge").card, seen(np.array([[0, 3]]), [-1])
    lonely = seen(np.eye(2), [0, 1])
    with pytest.raises(InputError, match="no two are of one class"):
        compared(card, seen(np.eye(2), [0, 1]), lonely, noise)
    with pytest.raises(InputError, match="Of the 2 champions only 0"):
        compared(card, seen(np.eye(2), [4, 4]), PHOTOS, noise)


def strange(rng: np.random.Generator, count: int, away: float, sure: float) -> Seen:
    """Features about the photos' or away from them, logits as sure as said."""
    logits = rng.normal(0, 0.5, (count, 5)).astype(np.float32)
    logits[:, 1] += sure
    return seen(rng.normal(0, 1, (count, 6)) + away * np.eye(6)[5] * 9, [1] * count, logits)


def test_each_score_finds_what_it_is_made_for_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    photos, noise = strange(rng, 80, 0, 2), strange(rng, 40, 0, 2)
    far = detected(strange(rng, 40, 1, 2), photos, noise, rng)
    area = dict(zip(far.names, far.auroc, strict=True))
    assert area["neighbours"] > 0.9
    assert area["mahalanobis"] > 0.98
    assert 0.3 < area["energy"] < 0.7
    assert ((far.noise_auroc > 0.3) & (far.noise_auroc < 0.7)).all()
    sure = detected(strange(rng, 40, 0, 8), photos, noise, rng)
    area = dict(zip(sure.names, sure.auroc, strict=True))
    assert max(area["energy"], area["max_softmax"]) < 0.05, "surer than photos: less strange"
    assert 0.3 < area["neighbours"] < 0.7


def test_curves_and_areas_are_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    result = detected(strange(rng, 30, 0.2, 3), strange(rng, 60, 0, 2), strange(rng, 20, 0, 2), rng)
    for scores, area, curve, caught in zip(result.scores, result.auroc, result.curves, result.at_five, strict=True):
        assert area == pytest.approx(roc_auc_score(result.fooling, scores))
        photos, fooling = scores[~result.fooling], scores[result.fooling]
        for at in (0, 5, 50, 100):
            best = max(
                (float((fooling >= t).mean()) for t in [*scores, np.inf] if (photos >= t).mean() <= at / 100 + 1e-9),
                default=0.0,
            )
            assert curve[at] == pytest.approx(best)
        assert caught == curve[5]
    assert result.names == tuple(TITLES)


def test_shuffled_labels_are_a_coin_and_the_words_follow_the_area() -> None:
    rng, model, lens = np.random.default_rng(2), net("first"), explainers.find("fooling_detect")
    result = detected(strange(rng, 40, 1, 8), strange(rng, 80, 0, 2), strange(rng, 20, 0, 2), rng)
    scores = {score.name: score for score in lens.evidence(model, lens.choose(), result, LocalRun(model)).scores}
    for score in scores.values():
        assert score.baselines["labels shuffled"] == pytest.approx(0.5, abs=0.03)
    assert scores["mahalanobis"].verdict.word == "better than"
    assert scores["energy"].verdict.word == "worse than"
    assert "this score is fooled as well" in scores["energy"].reading
    nothing = replace(result, fooling=rng.permutation(result.fooling))
    words = [score.reading for score in lens.evidence(model, lens.choose(), nothing, LocalRun(model)).scores]
    assert len(words) == 4


def test_end_to_end_on_a_folder(tmp_path: Path) -> None:
    model, judge, images = net("first"), net("judge", 3), str(folder(tmp_path, 4))
    found = asked("fooling_detect", model, images=images, photos=12)
    assert found.known == 6
    assert int(found.fooling.sum()) == 5
    beside = asked("fooling_unlike", model, (judge,), images=images, photos=12)
    assert beside.by == "judge"
    assert (beside.compared, beside.looked) == (3, 5)
    assert beside.plainness.shape == (5, 3)
    with pytest.raises(InputError, match="No other model on this machine"):
        asked("fooling_unlike", model, images=images)


def test_a_network_without_a_last_layer_is_told() -> None:
    import torch

    import models

    pool = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    model = models.wrap(pool.eval(), input_size=(3, 16, 16), device="cpu", name="pool")
    with pytest.raises(UnfitError, match="does not end in one linear layer"):
        asked("fooling_detect", model)
