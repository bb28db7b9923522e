"""Importance of concepts: every method against the closed form of a linear tail, and on a curved one."""

from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest

from explainers.kit.importance import (
    METHODS,
    ConceptHead,
    closed_form,
    importance,
    linear,
    prevalence,
    reliability,
    shares,
)
from explainers.kit.importance.sampling import subsets
from models.errors import InputError

RNG = np.random.default_rng(0)
DICTIONARY, WEIGHT = RNG.random((6, 15)), RNG.standard_normal(15)
LINEAR = linear(DICTIONARY, WEIGHT, 0.7)
MAPS = RNG.random((4, 3, 3, 6)) * (RNG.random((4, 3, 3, 6)) < 0.7)
WIDE = linear(RNG.random((13, 15)), WEIGHT, 0.7)
WIDE_CODES = RNG.random((3, 2, 2, 13))


def curved(k: int = 5) -> ConceptHead:
    """`y = tanh(u . s) + u_0 u_1`, on the sum over positions."""
    s = np.linspace(-0.6, 0.8, k)

    def logit(codes: np.ndarray) -> np.ndarray:
        u = codes.reshape(len(codes), -1, k).sum(1)
        return np.tanh(u @ s) + u[:, 0] * u[:, 1]

    def gradient(codes: np.ndarray) -> np.ndarray:
        u = codes.reshape(len(codes), -1, k).sum(1)
        slope = (1 - np.tanh(u @ s) ** 2)[:, None] * s
        slope[:, 0] += u[:, 1]
        slope[:, 1] += u[:, 0]
        return np.broadcast_to(slope.reshape(len(codes), *[1] * (codes.ndim - 2), k), codes.shape)

    return ConceptHead(logit, gradient)


def test_contributions_are_what_the_layer_adds_up() -> None:
    contributions = closed_form(LINEAR, MAPS)
    pooled = (MAPS @ DICTIONARY).mean((1, 2))
    np.testing.assert_allclose(contributions.sum(1) + 0.7, pooled @ WEIGHT + 0.7)
    np.testing.assert_allclose(LINEAR.logit(MAPS), pooled @ WEIGHT + 0.7)
    slow = [[MAPS[n, ..., i].mean() * (DICTIONARY[i] @ WEIGHT) for i in range(6)] for n in range(4)]
    np.testing.assert_allclose(contributions, slow)


@pytest.mark.parametrize("name", ["auto", "closed", "gradient_input", "integrated", "occlusion", "shapley"])
@pytest.mark.parametrize(("tail", "codes"), [(LINEAR, MAPS), (WIDE, WIDE_CODES)], ids=["few", "many"])
def test_a_linear_tail_has_one_answer(name: str, tail: ConceptHead, codes: np.ndarray) -> None:
    np.testing.assert_allclose(importance(name, tail, codes), closed_form(tail, codes), atol=1e-10)


def test_a_linear_tail_gives_the_gradient_methods_their_known_values() -> None:
    s = np.broadcast_to(DICTIONARY @ WEIGHT, (4, 6))
    np.testing.assert_allclose(importance("gradient", LINEAR, MAPS), s)
    np.testing.assert_allclose(importance("smoothgrad", LINEAR, MAPS), s)
    np.testing.assert_allclose(importance("vargrad", LINEAR, MAPS), 0, atol=1e-20)
    np.testing.assert_array_equal(importance("tcav", LINEAR, MAPS), np.sign(s))


def test_rise_of_a_linear_tail_is_affine_in_the_contributions() -> None:
    c = closed_form(LINEAR, MAPS)
    np.testing.assert_allclose(importance("rise", LINEAR, MAPS), c / 2 + c.sum(1, keepdims=True) / 2 + 0.7)


def test_sampled_rise_keeps_the_order_of_the_contributions() -> None:
    c, scores = closed_form(WIDE, WIDE_CODES), importance("rise", WIDE, WIDE_CODES, seed=1)
    assert min(np.corrcoef(x, y)[0, 1] for x, y in zip(c, scores, strict=True)) > 0.9


@pytest.mark.parametrize("name", ["sobol", "hsic"])
def test_sign_blind_methods_follow_the_squares_and_are_lent_the_sign(name: str) -> None:
    c = closed_form(LINEAR, MAPS)
    raw = METHODS[name].score(LINEAR, MAPS, 0)
    square = c**2 / (c**2).sum(1, keepdims=True)
    assert raw.min() >= 0
    assert min(np.corrcoef(x, y)[0, 1] for x, y in zip(raw, square, strict=True)) > 0.9
    if name == "sobol":
        np.testing.assert_allclose(raw, square, atol=0.15)
    np.testing.assert_allclose(importance(name, LINEAR, MAPS), raw * np.sign(c))


def test_hsic_is_the_trace_of_centred_kernels() -> None:
    from scipy.stats import qmc

    points = qmc.Sobol(6, rng=np.random.default_rng(3)).random_base2(8)
    answers = np.array([LINEAR.logit(MAPS[1:2] * point)[0] for point in points])

    def kernel(x: np.ndarray) -> np.ndarray:
        gaps = np.array([[abs(p - q) for q in x] for p in x])
        return np.exp(-(gaps**2) / (2 * np.median(gaps[gaps > 0]) ** 2))

    h = np.eye(256) - 1 / 256
    slow = [np.trace(kernel(column) @ h @ kernel(answers) @ h) / 255**2 for column in points.T]
    np.testing.assert_allclose(METHODS["hsic"].score(LINEAR, MAPS[1:2], 3)[0], slow, rtol=1e-6)


def test_shapley_of_a_curved_tail_is_the_definition() -> None:
    tail, codes = curved(), np.random.default_rng(4).random((1, 2, 5))
    slow = np.zeros(5)
    for i in range(5):
        others = [j for j in range(5) if j != i]
        for size in range(5):
            for chosen in combinations(others, size):
                mask = np.zeros(5)
                mask[list(chosen)] = 1
                low = tail.logit(codes * mask)[0]
                mask[i] = 1
                weight = factorial(size) * factorial(4 - size) / factorial(5)
                slow[i] += weight * (tail.logit(codes * mask)[0] - low)
    np.testing.assert_allclose(importance("shapley", tail, codes)[0], slow)


def test_sampled_shapley_is_complete_and_near_the_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    tail, codes = curved(), np.random.default_rng(5).random((3, 2, 5))
    exact = importance("shapley", tail, codes)
    monkeypatch.setattr("explainers.kit.importance.sampling.EXACT", 0)
    sampled = importance("shapley", tail, codes, seed=2)
    np.testing.assert_allclose(sampled.sum(1), tail.logit(codes) - tail.logit(codes * 0))
    np.testing.assert_allclose(sampled, exact, atol=0.05)
    orders = list(permutations(range(5)))
    assert len(orders) == 120  # more than are sampled, so the two above are not the same sum


def test_integrated_gradients_of_a_curved_tail_are_complete() -> None:
    tail, codes = curved(), np.random.default_rng(6).random((3, 2, 5))
    np.testing.assert_allclose(
        importance("integrated", tail, codes).sum(1), tail.logit(codes) - tail.logit(codes * 0), atol=1e-3
    )


def test_occlusion_and_gradient_restated() -> None:
    tail, codes = curved(), np.random.default_rng(7).random((2, 2, 5))
    fall, slope = importance("occlusion", tail, codes), importance("gradient", tail, codes)
    for n in range(2):
        for i in range(5):
            gone, more = codes[n : n + 1].copy(), codes[n : n + 1].copy()
            gone[..., i] = 0
            more[..., i] += 1e-6
            assert fall[n, i] == pytest.approx((tail.logit(codes[n : n + 1]) - tail.logit(gone))[0])
            assert slope[n, i] == pytest.approx((tail.logit(more) - tail.logit(codes[n : n + 1]))[0] / 1e-6, rel=1e-3)


def test_noise_shows_where_the_gradient_varies() -> None:
    tail, codes = curved(), np.random.default_rng(8).random((2, 2, 5))
    spread = METHODS["vargrad"].score(tail, codes, 0)
    assert (spread > 0).all()
    smooth = importance("smoothgrad", tail, codes, seed=1)
    assert not np.array_equal(smooth, importance("smoothgrad", tail, codes, seed=2))
    np.testing.assert_allclose(smooth, importance("gradient", tail, codes), atol=0.5)


@pytest.mark.parametrize("name", METHODS)
def test_pooled_rows_are_taken_too_and_a_seed_repeats(name: str) -> None:
    codes = MAPS.mean((1, 2))
    one, two = (importance(name, LINEAR, codes, seed=3) for _ in range(2))
    assert one.shape == (4, 6)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_allclose(one, importance(name, LINEAR, MAPS, seed=3), atol=0.2 if name == "smoothgrad" else 1e-9)


@pytest.mark.parametrize("name", METHODS)
def test_one_concept_that_is_absent_gives_zeros_or_the_slope(name: str) -> None:
    tail, codes = linear(DICTIONARY[:1], WEIGHT), np.zeros((2, 4, 1))
    scores = importance(name, tail, codes)
    assert scores.shape == (2, 1)
    assert np.isfinite(scores).all()


def test_auto_samples_behind_a_curved_tail_and_closed_says_so() -> None:
    tail, codes = curved(), np.random.default_rng(9).random((2, 2, 5))
    np.testing.assert_array_equal(importance("auto", tail, codes), importance("sobol", tail, codes))
    with pytest.raises(InputError, match="not linear"):
        importance("closed", tail, codes)
    with pytest.raises(InputError, match="choose auto"):
        importance("lime", tail, codes)


def test_all_subsets_and_sampled_ones_are_balanced() -> None:
    assert len({tuple(row) for row in subsets(4, 0)}) == 16
    np.testing.assert_array_equal(subsets(30, 0).mean(0), 0.5)


def test_shares_prevalence_and_reliability() -> None:
    c = np.array([[3.0, 1.0, -1.0], [1.0, 2.0, 0.0]])
    np.testing.assert_allclose(shares(c), np.array([4, 3, -1]) / 6)
    np.testing.assert_allclose(shares(np.array([[1.0, -1.0]])), [0.5, -0.5])
    np.testing.assert_array_equal(shares(np.zeros((2, 3))), 0)
    top = np.array([0, 0, 2, 0])
    np.testing.assert_allclose(prevalence(top, 3), [0.75, 0, 0.25])
    share, count = reliability(top, np.array([True, False, True, True]), 3)
    np.testing.assert_allclose(share, [2 / 3, 0, 1])
    np.testing.assert_array_equal(count, [3, 0, 1])
