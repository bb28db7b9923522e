"""The answers that come with Seewhy are those of today's weights, and of nothing else."""

import numpy as np
import pytest

import models
from dashboard.engine.shipped import path_of, shipped
from explainers.calibration.lens import Calibration, calibration
from explainers.calibration.trust import BLIND

NET = "menagerie_cnn"


@pytest.fixture(scope="module")
def table() -> Calibration:
    answer = shipped(calibration.request(NET, calibration.choose()))
    assert answer is not None, "`python -m tests.benchmarks.docs_numbers menagerie_cnn` after the weights have changed"
    return answer.result


def test_the_page_opens_on_a_table_of_every_method(table: Calibration) -> None:
    assert len(table.methods) + len(table.unfit) >= 25
    assert len(table.truth) == calibration.params().scenes
    assert np.isfinite(table.mean).all()


def test_whoever_knows_nothing_of_the_network_stands_at_nothing(table: Calibration) -> None:
    for name in BLIND:
        assert table.mark(name, "trust") == pytest.approx(0, abs=0.02), name
    assert table.mark("oracle", "trust") == pytest.approx(1, abs=0.02)
    assert table.mark(table.names[table.methods[0]], "trust") > 0.5


@pytest.mark.parametrize("other", [{"scenes": 95}, {"seed": 1}, {"world": 1}], ids=str)
def test_it_answers_no_other_question(other: dict[str, int]) -> None:
    assert shipped(calibration.request(NET, calibration.choose(**other))) is None


def test_it_is_not_shown_for_other_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    request = calibration.request(NET, calibration.choose())
    assert path_of(request).is_file()
    another = models.card("menagerie_vit")
    monkeypatch.setattr("dashboard.engine.shipped.models.card", lambda _name: another)
    assert shipped(request) is None
