"""A change within a budget: exact after rounding, a linear network's signs, and random signs beside it."""

from typing import Any

import numpy as np
import pytest

import explainers
from explainers import LocalRun
from explainers.fooling.studies.pixels import chances_of
from models import ModelHandle
from models.errors import InputError
from tests.explainers.fooling.test_gradient import linear_net
from tests.explainers.nets import photo, small_cnn, small_vit


def changed(model: ModelHandle, **chosen: Any) -> Any:
    return explainers.explain("fooling_small_change", model, image=photo(), **chosen)


@pytest.mark.parametrize("method", ["fgsm", "pgd"])
@pytest.mark.parametrize("budget", [1, 3, 64])
def test_the_budget_holds_exactly_for_the_picture_as_it_is_saved(method: str, budget: int) -> None:
    for model in (small_cnn(), small_vit()):
        result = changed(model, method=method, budget=budget, steps=5)
        assert np.abs(result.difference).max() <= budget
        assert result.used == np.abs(result.difference).max() > 0
        assert np.abs(result.noise.astype(int) - result.image).max() <= budget


def test_fgsm_on_a_linear_network_is_the_sign_of_its_weights() -> None:
    model = linear_net()
    result = changed(model, method="fgsm", budget=5)
    weight = model.network[1].weight.detach().numpy()
    away = np.sign(weight[1 - result.target] - weight[result.target]).reshape(3, 12, 12).transpose(1, 2, 0)
    expected = np.clip(result.image.astype(int) + 5 * away, 0, 255)
    np.testing.assert_array_equal(result.changed, expected)


def test_pgd_reaches_the_corner_of_the_box_on_a_linear_network() -> None:
    model = linear_net()
    one, many = (changed(model, method=method, budget=4, steps=12) for method in ("fgsm", "pgd"))
    np.testing.assert_array_equal(one.changed, many.changed)


def test_it_leads_to_a_class_and_away_from_one() -> None:
    model = small_cnn()
    first = int(chances_of(model, model.view(photo()).pixels[None])[0].argmax())
    away = changed(model, budget=16)
    assert (away.target, away.towards) == (first, False)
    assert away.confidence[1] < away.confidence[0]
    to = (first + 1) % 5
    led = changed(model, target=to, budget=16)
    assert led.towards
    assert led.confidence[1] > led.confidence[0]
    assert led.confidence[1] > led.confidence[2], "random signs do less"
    assert led.confidence[1] == pytest.approx(float(chances_of(model, led.changed[None])[0, to]), abs=1e-6)
    with pytest.raises(InputError, match="already; choose another class"):
        changed(model, target=first)


def test_a_network_that_is_sure_is_changed_too() -> None:
    """Where the probability is 1 to seven digits the gradient is tiny, and its sign still counts."""
    model = linear_net(scale=8.0)
    result = changed(model, method="fgsm", budget=2)
    assert max(result.confidence[0], 1 - result.confidence[0]) > 1 - 1e-7
    assert (result.difference != 0).mean() > 0.9


def test_evidence_beats_random_signs_and_gives_the_budget() -> None:
    model = linear_net(scale=0.02)
    result = changed(model, budget=24)
    lens = explainers.find("fooling_small_change")
    led, jpeg, budget = lens.evidence(model, lens.choose(image=photo()), result, LocalRun(model)).scores
    assert led.verdict.word == "better than"
    assert led.value == pytest.approx(1 - result.confidence[1], abs=1e-5)
    assert 0 <= jpeg.value <= 1
    assert budget.value == result.used / 24
