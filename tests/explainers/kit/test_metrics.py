"""Metrics against their formulas restated slowly, closed forms and scipy."""

from itertools import permutations

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.stats import pearsonr
from sklearn.metrics import r2_score

from explainers.kit import metrics
from explainers.kit.importance import closed_form, linear
from models.errors import InputError

RNG = np.random.default_rng(0)
A, B = RNG.random((50, 6)), RNG.random((40, 6)) + 0.3


def test_reconstruction() -> None:
    rebuilt = A + 0.1 * RNG.standard_normal(A.shape)
    assert metrics.relative_l2(A, rebuilt) == pytest.approx(np.sqrt(((A - rebuilt) ** 2).sum() / (A**2).sum()))
    assert metrics.r2(A, rebuilt) == pytest.approx(r2_score(A, rebuilt, multioutput="variance_weighted"))
    assert metrics.r2(A, np.tile(A.mean(0), (50, 1))) == pytest.approx(0)
    zeros = np.zeros((3, 2))
    assert metrics.relative_l2(zeros, zeros) == 0
    assert metrics.relative_l2(zeros, zeros + 1) == 1
    assert metrics.r2(zeros + 2, zeros + 2) == 1
    assert metrics.r2(zeros + 2, zeros) == 0


def test_hoyer_from_one_code_to_all_alike() -> None:
    assert metrics.hoyer(np.eye(4)) == pytest.approx(1)
    assert metrics.hoyer(np.ones((3, 4))) == pytest.approx(0)
    row = np.array([[3.0, 1.0, 0.0, 0.0]])
    assert metrics.hoyer(row) == pytest.approx((2 - 4 / np.sqrt(10)) / 1)
    assert metrics.hoyer(np.concatenate([row, row * 0])) == metrics.hoyer(row)
    assert metrics.hoyer(np.zeros((3, 4))) == 0
    assert metrics.hoyer(np.ones((3, 1))) == 1


def test_dead_codes_are_counted() -> None:
    codes = np.eye(5)[:, :4]
    codes[:, 2] = 0
    assert metrics.dead(codes) == 1


def test_matching_is_the_best_of_all_permutations() -> None:
    one, two = RNG.standard_normal((5, 8)), RNG.standard_normal((5, 8))
    similarity = [[x @ y / np.linalg.norm(x) / np.linalg.norm(y) for y in two] for x in one]
    best = max(np.mean([similarity[i][p[i]] for i in range(5)]) for p in permutations(range(5)))
    pairs, cosines = metrics.matched(one, two)
    assert cosines.mean() == pytest.approx(best)
    np.testing.assert_allclose(cosines, [similarity[i][j] for i, j in pairs])
    assert metrics.stability([one, two]) == pytest.approx(best)


def test_stability_is_blind_to_order_and_scale() -> None:
    one = RNG.random((5, 8))
    assert metrics.stability([one, one[[3, 1, 0, 4, 2]] * 7, one]) == pytest.approx(1)
    with pytest.raises(InputError, match="two or more"):
        metrics.stability([one])
    assert metrics.cosine(np.zeros((1, 8)), one).max() == 0


def test_frechet_against_the_matrix_root() -> None:
    one, two = np.cov(A.T), np.cov(B.T)
    slow = ((A.mean(0) - B.mean(0)) ** 2).sum() + np.trace(one + two - 2 * np.real(sqrtm(one @ two)))
    assert metrics.frechet(A, B) == pytest.approx(slow)
    assert metrics.frechet(A, A) == pytest.approx(0, abs=1e-6)
    assert metrics.frechet(A, A + 0.5) == pytest.approx(6 * 0.25)
    assert metrics.frechet(A[:3], A[:3, :] * 2) >= 0
    assert metrics.frechet(A[:, :1], A[:, :1] * 2) == pytest.approx(A[:, 0].mean() ** 2 + A[:, 0].var(ddof=1), rel=1e-9)
    with pytest.raises(InputError, match="two activations"):
        metrics.frechet(A[:1], B)


DICTIONARY, WEIGHT = RNG.random((5, 9)), RNG.standard_normal(9)
TAIL = linear(DICTIONARY, WEIGHT, 0.5)
MAPS = RNG.random((3, 2, 2, 5))
C = closed_form(TAIL, MAPS)


def test_curves_restated_and_of_a_linear_tail() -> None:
    falls, rises = metrics.deletion(TAIL.logit, MAPS, C), metrics.insertion(TAIL.logit, MAPS, C)
    assert falls.shape == rises.shape == (3, 6)
    for n in range(3):
        order = sorted(range(5), key=lambda i: -C[n, i])
        for step in range(6):
            gone, kept = MAPS[n : n + 1].copy(), np.zeros_like(MAPS[n : n + 1])
            gone[..., order[:step]] = 0
            kept[..., order[:step]] = MAPS[n : n + 1][..., order[:step]]
            assert falls[n, step] == pytest.approx(TAIL.logit(gone)[0])
            assert rises[n, step] == pytest.approx(TAIL.logit(kept)[0])
    np.testing.assert_allclose(rises, 0.5 + np.cumsum(np.c_[np.zeros(3), -np.sort(-C, axis=1)], axis=1))
    np.testing.assert_allclose(falls[:, 0], TAIL.logit(MAPS))
    np.testing.assert_allclose(falls[:, -1], 0.5)


def test_no_order_beats_that_of_the_contributions() -> None:
    best = metrics.area(metrics.insertion(TAIL.logit, MAPS, C))
    worst = metrics.area(metrics.deletion(TAIL.logit, MAPS, C))
    for _ in range(20):
        other = RNG.standard_normal(C.shape)
        assert (metrics.area(metrics.insertion(TAIL.logit, MAPS, other)) <= best + 1e-12).all()
        assert (metrics.area(metrics.deletion(TAIL.logit, MAPS, other)) >= worst - 1e-12).all()


def test_area_of_a_straight_line_is_its_middle() -> None:
    np.testing.assert_allclose(metrics.area(np.array([np.linspace(0, 4, 9), np.ones(9)])), [2, 1])


def test_mu_fidelity_is_one_for_the_truth_and_less_for_chance() -> None:
    np.testing.assert_allclose(metrics.mu_fidelity(TAIL.logit, MAPS, C), 1)
    np.testing.assert_allclose(metrics.mu_fidelity(TAIL.logit, MAPS, -C), -1)
    chance = [metrics.mu_fidelity(TAIL.logit, MAPS, RNG.standard_normal(C.shape)).mean() for _ in range(20)]
    assert abs(np.mean(chance)) < 0.35
    np.testing.assert_array_equal(metrics.mu_fidelity(TAIL.logit, MAPS, C * 0), 0)
    one = linear(DICTIONARY[:1], WEIGHT)
    np.testing.assert_array_equal(metrics.mu_fidelity(one.logit, MAPS[..., :1], C[:, :1]), 0)


def test_pearson_is_scipys() -> None:
    x, y = RNG.random(20), RNG.random(20)
    assert metrics.pearson(x, y) == pytest.approx(pearsonr(x, y)[0])
    assert metrics.pearson(x, np.ones(20)) == 0


def test_logits_before_and_after() -> None:
    one, two = np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([[2.0, 1.0], [3.0, 0.0]])
    assert metrics.logit_gap(one, two) == 0.5
    assert metrics.agreement(one, two) == 0.5
