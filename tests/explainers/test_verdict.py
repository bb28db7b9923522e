"""Verdicts: a score against the strongest thing that knows nothing, and a picture by its scores."""

from dataclasses import replace

import numpy as np
import pytest

import explainers
import models
from explainers import Evidence, LocalRun, Request, Score
from models.imagesets import samples

HIGH = Score(name="a", title="A", value=0.5, reading="", baselines={"centre": 0.4, "random map": 0.1})


def test_the_strongest_opponent_decides() -> None:
    assert str(HIGH.verdict) == "better than centre"
    assert str(replace(HIGH, value=0.3).verdict) == "worse than centre"
    assert str(replace(HIGH, value=0.41).verdict) == "no better than centre"


def test_lower_may_be_better() -> None:
    low = replace(HIGH, worst=1.0, best=0.0)
    assert str(low.verdict) == "worse than random map"
    assert str(replace(low, value=0.05).verdict) == "better than random map"


def test_a_difference_within_the_interval_is_none() -> None:
    assert str(replace(HIGH, interval=(0.3, 0.55)).verdict) == "no better than centre"
    assert str(replace(HIGH, interval=(0.35, 0.45)).verdict) == "better than centre"


def test_references_are_no_opponents_and_nothing_is_said_without_a_number() -> None:
    assert str(replace(HIGH, references=("centre",)).verdict) == "better than random map"
    assert str(replace(HIGH, baselines={}).verdict) == "no control"
    assert str(replace(HIGH, value=float("nan")).verdict) == "not measured"
    assert str(replace(HIGH, baselines={"centre": float("nan")}).verdict) == "no control"


@pytest.mark.parametrize(
    ("values", "standing"),
    [
        ((0.9, 0.9, 0.9), "supported"),
        ((0.9, 0.9, 0.1), "mixed"),
        ((0.9, 0.4, 0.4), "not proven"),
        ((0.9, 0.4, 0.1), "misleading"),
        ((np.nan,), "not measured"),
    ],
)
def test_the_whole_follows_from_its_tests(values: tuple[float, ...], standing: str) -> None:
    evidence = Evidence(scores=tuple(replace(HIGH, value=value) for value in values))
    assert evidence.standing == standing
    won = sum(value > 0.42 for value in values)
    if standing not in ("supported", "not measured"):
        assert evidence.sentence.startswith(f"Better than every control in {won} of {len(values)} tests. A: ")


def test_verdicts_on_ten_photos_are_those_of_the_bars() -> None:
    """Written out once more from the numbers alone."""
    model = models.load("menagerie_cnn", "cpu")
    lens = explainers.find("gradcam")
    for sample in samples()[:10]:
        params = lens.choose(image=sample.photo())
        request: Request[Evidence] = lens.request(model.card.name, params).evidence()
        evidence = explainers.answer(model, request, LocalRun(model))
        for score in evidence.scores:
            sign = 1 if score.best > score.worst else -1
            rivals = {name: sign * at for name, at in score.baselines.items() if name != "two random maps"}
            lead = sign * score.value - max(rivals.values())
            slack = max(0.02, (score.interval[1] - score.interval[0]) / 2) if score.interval else 0.02
            word = "no better than" if abs(lead) <= slack else "better than" if lead > 0 else "worse than"
            assert str(score.verdict) == f"{word} {max(rivals, key=rivals.__getitem__)}"
