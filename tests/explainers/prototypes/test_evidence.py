"""Evidence of prototypes against its definitions written out slowly, and on a network that is right by construction."""

import numpy as np
import pytest
from scipy.stats import t as students_t

import explainers
import models
from explainers import LocalRun, find, params_of
from explainers.prototypes.evidence import agreement, parts
from explainers.prototypes.evidence.parts import Places


@pytest.fixture
def places() -> Places:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 60, (9, 7, 2))
    points[rng.random((9, 7)) < 0.3] = np.nan
    peaks = points[:, [0, 3]] + rng.normal(0, 6, (9, 2, 2))
    return Places(
        peaks=np.clip(np.nan_to_num(peaks, nan=5.0), 0, 59),
        noisy=rng.uniform(0, 60, (9, 2, 2)),
        points=points,
        animal=rng.random((9, 60, 60)) < 0.4,
        relevant=rng.random((9, 2)) < 0.8,
    )


def lies_in(peak: np.ndarray, point: np.ndarray) -> bool:
    half = 72 / 224 * 60 / 2
    return bool(abs(peak[0] - point[0]) <= half and abs(peak[1] - point[1]) <= half)  # NaN is never near


def test_consistency_is_that_of_eval_proto_p_net(places: Places) -> None:
    consistent = []
    for prototype in range(2):
        shares = []
        for part in range(7):
            cases = [n for n in range(9) if places.relevant[n, prototype] and np.isfinite(places.points[n, part, 0])]
            hits = [lies_in(places.peaks[n, prototype], places.points[n, part]) for n in cases]
            shares.append(np.mean(hits) if hits else 0)
        consistent.append(max(shares) >= 0.8)
    assert parts.consistency(places.peaks, places) == np.mean(consistent)


def test_stability_asks_whether_noise_changes_the_parts(places: Places) -> None:
    kept = []
    for prototype in range(2):
        cases = [n for n in range(9) if places.relevant[n, prototype]]
        same = []
        for n in cases:
            before, after = (
                [lies_in(peaks[n, prototype], point) for point in places.points[n]]
                for peaks in (places.peaks, places.noisy)
            )
            same.append(before == after)
        kept.append(np.mean(same))
    assert parts.stability(places.peaks, places.noisy, places) == pytest.approx(np.mean(kept))
    assert parts.stability(places.peaks, places.peaks, places) == 1


def test_pointing_counts_places_on_the_animal(places: Places) -> None:
    hits = [
        places.animal[n, int(places.peaks[n, j, 0]), int(places.peaks[n, j, 1])]
        for n in range(9)
        for j in range(2)
        if places.relevant[n, j]
    ]
    assert parts.pointing(places.peaks, places) == pytest.approx(np.mean(hits))


def test_the_middle_of_the_strongest_cell_in_pixels() -> None:
    maps = np.zeros((1, 2, 4, 8), np.float32)
    maps[0, 0, 3, 7] = maps[0, 1, 0, 2] = 1
    assert parts.pixels(maps, 64).tolist() == [[[56.0, 60.0], [8.0, 20.0]]]


def test_middles_of_parts_are_means_of_their_pixels() -> None:
    owners = np.zeros((1, 6, 6), np.uint8)
    owners[0, 1:3, 2:6] = 2
    points = parts.middles(owners)
    assert points[0, 1].tolist() == [1.5, 3.5]
    assert np.isnan(points[0, [0, 2, 3, 4, 5, 6]]).all()


def test_agreement_is_welchs_test() -> None:
    rng = np.random.default_rng(1)
    train = rng.normal(0, 1, (12, 5, 30))
    test = rng.normal(0, 2, (9, 5, 30)) + np.where(np.arange(30) < 10, 4, 0)
    test[:, 2] = 0  # never varies: not tested
    agree = []
    for i in (0, 1, 3, 4):
        for j in range(30):
            a, b = train[:, i, j], test[:, i, j]
            va, vb = a.var(ddof=1) / 12, b.var(ddof=1) / 9
            freedom = (va + vb) ** 2 / (va**2 / 11 + vb**2 / 8)
            statistic = abs(a.mean() - b.mean()) / np.sqrt(va + vb)
            agree.append(2 * students_t.sf(statistic, freedom) >= 0.05)
    assert agreement.agreeing(train, test) == pytest.approx(np.mean(agree))
    assert np.isnan(agreement.agreeing(np.zeros((3, 5, 2)), np.zeros((3, 5, 2))))


def test_shipped_prototypes_do_better_than_places_by_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PICTURES", 3)
    model, lens = models.load("menagerie_prototypes", "cpu"), find("prototype_gallery")
    params = params_of(lens, {"limit": 2, "reasons": 3})
    result = explainers.explain("prototype_gallery", model, limit=2, reasons=3)
    measured = {score.name: score for score in lens.evidence(model, params, result, LocalRun(model)).scores}
    assert set(measured) == {"purity", "accuracy", "agreement", "consistency", "stability", "pointing"}
    for name in ("purity", "accuracy", "consistency", "stability", "pointing"):
        assert measured[name].verdict.word == "better than", measured[name].reading
