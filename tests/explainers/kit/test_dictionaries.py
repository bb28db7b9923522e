"""Every way to learn a dictionary: its promise, its peer, its bad input."""

import warnings

import numpy as np
import pytest
from scipy.optimize import check_grad, nnls
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, FastICA, TruncatedSVD

from explainers.kit.dictionaries import METHODS, Dictionary, filters, fit, sae, suitable
from explainers.kit.dictionaries.base import keep_largest
from models.errors import InputError

RNG = np.random.default_rng(0)
ATOMS = RNG.gamma(0.3, 1, (4, 30))
CODES = RNG.gamma(0.5, 1, (400, 4)) * (RNG.random((400, 4)) < 0.4)
A = CODES @ ATOMS + 0.02 * np.abs(RNG.standard_normal((400, 30)))
UNIT = ATOMS / np.linalg.norm(ATOMS, axis=1, keepdims=True)
SIGNED = A - A.mean(0)


@pytest.fixture(scope="module")
def learnt() -> dict[str, Dictionary]:
    return {name: fit(name, A, 4) for name in METHODS}


def error(learnt: Dictionary, a: np.ndarray) -> float:
    return float(np.linalg.norm(a - learnt.decode(learnt.encode(a))) / np.linalg.norm(a))


@pytest.mark.parametrize("name", METHODS)
def test_each_learns_encodes_and_rebuilds(name: str, learnt: dict[str, Dictionary]) -> None:
    found = learnt[name]
    codes = found.encode(A)
    assert found.method == name
    assert found.k == 4
    assert codes.shape == (400, 4)
    assert (np.abs(codes).max(0) > 0).all()
    assert error(found, A) < error(fit("kmeans", A, 1), A)
    np.testing.assert_array_equal(codes, found.encode(A))
    if name != "kmeans":
        np.testing.assert_allclose(np.linalg.norm(found.atoms, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("name", METHODS)
def test_a_seed_repeats_and_float32_stays(name: str) -> None:
    a = A[:120].astype(np.float32)
    one, two = fit(name, a, 3, seed=5), fit(name, a, 3, seed=5)
    np.testing.assert_array_equal(one.atoms, two.atoms)
    assert one.atoms.dtype == one.encode(a).dtype == one.decode(one.encode(a)).dtype == np.float32


@pytest.mark.parametrize("name", ["nmf", "sparse_nmf", "ica"])
def test_planted_atoms_are_recovered(name: str, learnt: dict[str, Dictionary]) -> None:
    assert np.abs(learnt[name].atoms @ UNIT.T).max(0).min() > 0.98


@pytest.mark.parametrize("name", ["nmf", "sparse_nmf", "semi_nmf", "convex_nmf", "topk_sae"])
def test_codes_that_must_not_be_negative_are_not(name: str, learnt: dict[str, Dictionary]) -> None:
    assert learnt[name].encode(A).min() >= 0


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.signed])
def test_signed_activations_are_taken(name: str) -> None:
    found = fit(name, SIGNED, 4)
    assert error(found, SIGNED) < 0.95
    if name in ("semi_nmf", "pca", "svd", "ica", "rica"):
        assert found.atoms.min() < 0


def test_sparse_nmf_is_sparser_than_nmf_and_meets_its_penalty(learnt: dict[str, Dictionary]) -> None:
    plain, sparse = learnt["nmf"].encode(A), learnt["sparse_nmf"].encode(A)
    assert (sparse == 0).mean() > (plain < 1e-9).mean() + 0.2
    found = learnt["sparse_nmf"]
    slope = (sparse @ found.atoms - A) @ found.atoms.T + found.penalty
    np.testing.assert_allclose(slope[sparse > 0], 0, atol=1e-5)


def test_semi_nmf_comes_near_the_best_of_its_rank() -> None:
    best = np.sqrt((np.linalg.svd(SIGNED, compute_uv=False)[4:] ** 2).sum()) / np.linalg.norm(SIGNED)
    assert 0.999 * best < error(fit("semi_nmf", SIGNED, 5), SIGNED) < 2 * best + 0.05


def test_atoms_of_convex_nmf_are_mixtures_of_the_data(learnt: dict[str, Dictionary]) -> None:
    for atom in learnt["convex_nmf"].atoms:
        assert nnls(A.T, atom)[1] < 1e-6
    assert error(learnt["convex_nmf"], A) < error(learnt["kmeans"], A)


def test_kmeans_is_scikit_learns(learnt: dict[str, Dictionary]) -> None:
    peer = KMeans(4, n_init=2, random_state=0).fit(A)
    codes = learnt["kmeans"].encode(A)
    np.testing.assert_array_equal(codes.argmax(1), peer.predict(A))
    np.testing.assert_array_equal(np.sort(codes, axis=1), np.tile([0, 0, 0, 1.0], (400, 1)))


def test_pca_keeps_the_mean_and_is_scikit_learns(learnt: dict[str, Dictionary]) -> None:
    peer = PCA(4).fit(A)
    found = learnt["pca"]
    np.testing.assert_allclose(found.mean, A.mean(0))
    np.testing.assert_allclose(np.abs(np.diag(found.atoms @ peer.components_.T)), 1)
    np.testing.assert_allclose(found.decode(found.encode(A)), peer.inverse_transform(peer.transform(A)), atol=1e-9)


def test_svd_is_scikit_learns_and_the_best_of_its_rank(learnt: dict[str, Dictionary]) -> None:
    peer = TruncatedSVD(4, n_iter=7, random_state=0).fit(A)
    np.testing.assert_allclose(learnt["svd"].encode(A), peer.transform(A), atol=1e-9)
    tail = np.linalg.svd(A, compute_uv=False)[4:]
    assert error(learnt["svd"], A) == pytest.approx(np.linalg.norm(tail) / np.linalg.norm(A), rel=1e-3)


def test_ica_is_scikit_learns_with_unit_atoms(learnt: dict[str, Dictionary]) -> None:
    peer = FastICA(4, whiten="unit-variance", random_state=0, max_iter=500, tol=1e-3).fit(A)
    found = learnt["ica"]
    np.testing.assert_allclose(found.decode(found.encode(A)), peer.inverse_transform(peer.transform(A)), atol=1e-9)
    lengths = np.linalg.norm(peer.mixing_, axis=0)
    np.testing.assert_allclose(found.encode(A), peer.transform(A) * lengths, atol=1e-9)


def test_the_loss_of_rica_restated_and_its_gradient() -> None:
    x = SIGNED[:40, :7] / 3
    spread, flat = x.T @ x / 40, np.random.default_rng(1).standard_normal(21)
    w = flat.reshape(3, 7) / np.linalg.norm(flat.reshape(3, 7), axis=1, keepdims=True)
    slow = np.mean([5 * ((w.T @ w @ row - row) ** 2).sum() + np.sqrt((w @ row) ** 2 + 1e-4).sum() for row in x])
    assert filters.loss(flat, x, spread)[0] == pytest.approx(slow)
    gap = check_grad(lambda v: filters.loss(v, x, spread)[0], lambda v: filters.loss(v, x, spread)[1], flat)
    assert gap < 1e-4


def test_rica_may_have_more_atoms_than_channels() -> None:
    found = fit("rica", SIGNED[:, :3] + 0, 6)
    assert found.atoms.shape == (6, 3)


def test_the_autoencoder_follows_its_gradient_and_keeps_few() -> None:
    rng = np.random.default_rng(2)
    parts = [rng.standard_normal((5, 7)), rng.standard_normal((5, 7)), rng.standard_normal(5)]
    x = rng.standard_normal((20, 7))
    slopes = sae.gradients(parts, x, 2)[2]

    def loss() -> float:
        return float((sae.gradients(parts, x, 2)[1] ** 2).sum(1).mean())

    for part, slope in zip(parts, slopes, strict=True):
        for index in list(np.ndindex(part.shape))[:6]:
            part[index] += 1e-6
            high = loss()
            part[index] -= 2e-6
            low = loss()
            part[index] += 1e-6
            assert slope[index] == pytest.approx((high - low) / 2e-6, abs=1e-4)


def test_the_autoencoder_keeps_its_largest_codes(learnt: dict[str, Dictionary]) -> None:
    assert learnt["topk_sae"].active == 1
    assert ((learnt["topk_sae"].encode(A) > 0).sum(1) <= 1).all()
    np.testing.assert_array_equal(keep_largest(np.array([[1.0, 3, 3, 2]]), 2), [[0, 3, 3, 0]])


def test_ica_that_does_not_settle_says_so_without_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explainers.kit.dictionaries.spectral.ITERATIONS", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not fit("ica", A, 4).converged


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("a", "k", "words"),
    [(np.zeros((9, 4)), 2, "are zero"), (np.ones((9, 4)), 2, "k = 1"), (A[:3], 4, "4 concepts cannot be found in 3")],
)
def test_bad_activations_are_said(name: str, a: np.ndarray, k: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        fit(name, a, k)


def test_other_bad_input_is_said(learnt: dict[str, Dictionary]) -> None:
    with pytest.raises(InputError, match="choose one of nmf"):
        fit("lda", A, 2)
    for name in ("nmf", "sparse_nmf"):
        with pytest.raises(InputError, match="use semi-NMF"):
            fit(name, SIGNED, 2)
    for name in ("pca", "svd", "ica"):
        with pytest.raises(InputError, match="at most 3 concepts"):
            fit(name, A[:, :3], 4)
    for name in ("pca", "ica", "rica", "topk_sae"):
        with pytest.raises(InputError, match="nothing varies"):
            fit(name, np.ones((9, 4)), 1)
    with pytest.raises(InputError, match="same model and layer"):
        learnt["nmf"].encode(A[:, :5])


@pytest.mark.parametrize("name", METHODS)
def test_one_concept_and_as_many_as_rows(name: str) -> None:
    rows = A[:6]
    for k in (1, 6):
        found = fit(name, rows, k)
        assert np.isfinite(found.decode(found.encode(rows))).all()


def test_signed_activations_turn_nmf_into_semi_nmf() -> None:
    assert suitable("nmf", -0.1) == "semi_nmf"
    assert suitable("nmf", 0.0) == "nmf"
    assert suitable("pca", -0.1) == "pca"


def test_equal_rows_give_kmeans_fewer_centres_without_a_warning() -> None:
    a = np.repeat(A[:2], 3, axis=0)
    found = fit("kmeans", a, 4)
    assert error(found, a) < 1e-9


@pytest.mark.parametrize("name", ["nmf", "sparse_nmf", "semi_nmf", "convex_nmf", "rica", "topk_sae"])
def test_learning_can_be_stopped_between_rounds(name: str) -> None:
    rng, beats = np.random.default_rng(0), []

    def third() -> None:
        beats.append(1)
        if len(beats) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fit(name, rng.random((200, 12)), 4, on_round=third)
    assert len(beats) == 3
