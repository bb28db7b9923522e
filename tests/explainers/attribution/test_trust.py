"""The panel of evidence: three scores, and all of them on demand."""

import numpy as np
import pytest

import explainers
from explainers import Cancelled, LocalRun, find, params_of
from explainers.attribution.evidence.quick import prediction_interval
from tests.explainers.nets import fingerprint, marked, photo, small_cnn

QUICK = ["deletion", "insertion", "randomisation"]
FULL = [*QUICK, "average_drop", "road", "mu_fidelity", "random_logit", "stability", "with_occlusion"]


def evidence_of(model, lens: str, run=None, **chosen):
    params = params_of(find(lens), {"image": photo(), **chosen})
    result = find(lens)(model, params, LocalRun(model))
    return find(lens).evidence(model, params, result, run or LocalRun(model, 3))


@pytest.mark.parametrize(
    ("lens", "method"),
    [("gradcam", "gradcam"), ("gradcam", "counterfactual"), ("gradcam", "eigencam"), ("saliency", "input_x_gradient")],
)
def test_all_evidence_on_demand(lens: str, method: str) -> None:
    model = marked(small_cnn())
    before = fingerprint(model.network)
    where = {"layer": "stem"} if lens == "gradcam" else {}
    scores = {score.name: score for score in evidence_of(model, lens, method=method, full=True, **where).scores}
    assert list(scores) == FULL
    assert all(score.reading.endswith(".") for score in scores.values())
    assert fingerprint(model.network) == before
    if method == "eigencam":
        assert scores["random_logit"].value == pytest.approx(1)
        assert "hardly asks for the class" in scores["random_logit"].reading
    assert np.isfinite(scores["with_occlusion"].value)


def test_three_scores_by_default_and_the_choice_is_part_of_the_request() -> None:
    model = small_cnn()
    assert [score.name for score in evidence_of(model, "gradcam").scores] == QUICK
    keys = set()
    for full in (False, True):
        params = params_of(find("gradcam"), {"image": photo(), "full": full})
        keys.add(explainers.Request("gradcam", "efficientnet_lite0", params).key)
    assert len(keys) == 2


def test_each_test_is_offered_as_soon_as_it_is_known() -> None:
    class Watched(LocalRun):
        def offer(self, known) -> None:
            offered.append([score.name for score in known.scores])

    offered: list[list[str]] = []
    model = small_cnn()
    evidence_of(model, "gradcam", Watched(model, 3), full=True)
    assert offered[:2] == [["randomisation"], QUICK]
    assert [len(names) for names in offered[2:]] == list(range(len(QUICK) + 1, len(FULL) + 1))
    assert offered[-1] == FULL


def test_an_empty_map_says_why_nothing_can_be_measured() -> None:
    model = small_cnn()
    model.network.head.weight.data[0] = -model.network.head.weight.data[0].abs()
    scores = {score.name: score for score in evidence_of(model, "gradcam", target=0, full=True).scores}
    for name in ("deletion", "insertion", "average_drop", "road", "mu_fidelity"):
        assert np.isnan(scores[name].value)
        assert "Cannot be measured" in scores[name].reading


def test_progress_goes_up_and_stops_when_told() -> None:
    model, told = small_cnn(), []
    evidence_of(model, "gradcam", LocalRun(model, 0, lambda fraction, _note: told.append(fraction)), full=True)
    assert told == sorted(told)
    assert told[-1] <= 1

    def stop(fraction: float, _note: str) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        evidence_of(model, "gradcam", LocalRun(model, 0, stop), full=True)


def test_95_percent_of_the_next_random_maps_fall_into_the_interval_of_three() -> None:
    rng = np.random.default_rng(0)
    draws = rng.standard_normal((4000, 4))
    within = [
        low < following < high for *three, following in draws for low, high in [prediction_interval(np.array(three))]
    ]
    assert np.mean(within) == pytest.approx(0.95, abs=0.012)
