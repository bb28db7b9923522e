"""Champions before other networks: twins, classes in another order, a stranger restated slowly, and controls."""

import numpy as np
import pytest

import explainers
from explainers import LocalRun
from explainers.fooling.studies.archive import as_fed, random_pictures, same_class
from explainers.fooling.studies.pixels import chances_of
from models.errors import InputError
from tests.explainers.fooling.small import EVOLVED, LABELS, ORDER, asked, net


def test_a_twin_is_fooled_alike_whatever_the_order_of_its_classes() -> None:
    model = net("first")
    result = asked("fooling_transfer", model, (net("twin"), net("turned", order=ORDER)))
    assert result.names == ("first", "twin", "turned")
    for column in (1, 2):
        np.testing.assert_allclose(result.median[:, column], result.median[:, 0], atol=1e-6)
        np.testing.assert_allclose(result.first[:, column], result.first[:, 0])
    assert result.classes[:, 2].tolist() == [ORDER.index(cls) for cls in result.classes[:, 0]]
    assert result.counts.tolist()[:2] == [5, 5]
    assert result.rows[-2:] == ("photos", "random pictures")


def test_a_stranger_restated_one_picture_at_a_time() -> None:
    model, other = net("first"), net("stranger", 3)
    result = asked("fooling_transfer", model, (other,))
    archive = explainers.explain("fooling", model, **EVOLVED)
    hits, chances = [], []
    for row in np.argsort(-archive.confidence, kind="stable"):
        answer = chances_of(other, archive.images[row : row + 1])[0]
        chances.append(answer[row])
        hits.append(answer.argmax() == row)
    assert result.median[0, 1] == pytest.approx(np.median(chances), abs=1e-6)
    assert result.first[0, 1] == pytest.approx(np.mean(hits))
    np.testing.assert_allclose(result.example_chances[0, :, 1], chances, atol=1e-6)
    own = chances_of(model, archive.images)[np.arange(5), np.arange(5)]
    assert result.median[0, 0] == pytest.approx(np.median(own), abs=1e-6)
    np.testing.assert_allclose(own, archive.confidence, atol=1e-6)


def test_evidence_knows_a_twin_from_one_that_loves_one_answer() -> None:
    model = net("first")
    lens = explainers.find("fooling_transfer")
    twin = asked("fooling_transfer", model, (net("twin"),))
    score = lens.evidence(model, lens.choose(), twin, LocalRun(model)).scores[0]
    shuffled = score.baselines["classes shuffled"]
    assert shuffled == pytest.approx(0.2, abs=0.03)
    hits = float((twin.classes[:, 0] == twin.answers[:, 0]).mean())
    assert score.value == pytest.approx(hits)
    dull = net("dull")
    dull.network.head.bias.data[2] += 100
    loved = asked("fooling_transfer", model, (dull,))
    score = lens.evidence(model, lens.choose(), loved, LocalRun(model)).scores[0]
    assert score.value == pytest.approx(0.2), "one of five champions is of the class that it loves"
    assert score.verdict.word == "no better than"


def test_classes_are_the_same_by_name_and_champions_are_fed_as_they_were_evolved() -> None:
    assert same_class(LABELS, (LABELS[4], "other", LABELS[0])).tolist() == [2, -1, -1, -1, 0]
    model, images = net("first"), random_pictures(2, 32, np.random.default_rng(0))
    assert as_fed(model, images, model.card) is images
    assert as_fed(model, random_pictures(2, 24, np.random.default_rng(0)), model.card).shape == (2, 24, 24, 3)
    large = net("large")
    large.card.__dict__["input_size"] = (3, 48, 48)
    assert as_fed(large, images, model.card).shape == (2, 48, 48, 3), "as an opened file"


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(InputError, match="No other model on this machine knows the classes of first"):
        asked("fooling_transfer", net("first"))
    stranger = net("stranger")
    stranger.card.__dict__["labels"] = tuple(f"thing {at}" for at in range(5))
    with pytest.raises(InputError, match="stranger shares no class with first"):
        asked("fooling_transfer", net("first"), (stranger,), others=("stranger",))
    with pytest.raises(InputError, match="There is no model 'nothing'"):
        asked("fooling_transfer", net("first"), others=("nothing",))
