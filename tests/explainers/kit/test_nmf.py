"""NMF: against the formula restated slowly, against scikit-learn, and on planted dictionaries."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import NMF

from explainers.kit import nmf
from explainers.kit.nndsvd import singular_pairs, start
from explainers.kit.nnls import sweep
from models.errors import InputError


def planted(n: int, c: int, k: int, seed: int = 0, noise: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    """Activations of `k` sparse non-negative atoms, each in use on a part of the rows, and the unit atoms."""
    rng = np.random.default_rng(seed)
    atoms = rng.gamma(0.3, 1, (k, c))
    codes = rng.gamma(0.5, 1, (n, k)) * (rng.random((n, k)) < 0.4)
    a = codes @ atoms + noise * np.abs(rng.standard_normal((n, c)))
    return a, atoms / np.linalg.norm(atoms, axis=1, keepdims=True)


def error(a: np.ndarray, codes: np.ndarray, dictionary: np.ndarray) -> float:
    return float(np.linalg.norm(a - codes @ dictionary) / np.linalg.norm(a))


def test_a_sweep_is_the_additive_formula_and_never_raises_the_loss() -> None:
    rng = np.random.default_rng(0)
    a, d, z = rng.random((30, 12)), rng.random((4, 12)), rng.random((4, 30))
    slow = z.copy()
    for j in range(4):
        for i in range(30):
            c, b = d[j] @ a[i], d @ d.T
            slow[j, i] = max(0.0, slow[j, i] + (c - sum(b[j, m] * slow[m, i] for m in range(4))) / b[j, j])
    before = np.linalg.norm(a - z.T @ d)
    sweep(z, d @ a.T, d @ d.T)
    np.testing.assert_allclose(z, slow, rtol=1e-9)
    assert np.linalg.norm(a - z.T @ d) < before


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [5, 12])
def test_planted_atoms_are_recovered(k: int, dtype: type) -> None:
    a, atoms = planted(1500, 96, k)
    codes, dictionary = nmf.factorize(a.astype(dtype), k)
    assert codes.dtype == dictionary.dtype == dtype
    assert (dictionary @ atoms.T).max(0).min() >= 0.99


@pytest.mark.parametrize("kind", ["uniform", "sparse"])
def test_at_least_as_close_as_scikit_learn_with_no_dead_atom(kind: str) -> None:
    rng = np.random.default_rng(3)
    a = rng.random((900, 80))
    if kind == "sparse":
        a = (rng.standard_normal((900, 20)) @ rng.standard_normal((20, 80)) - 3).clip(0)
    peer = NMF(15, init="nndsvda", random_state=0, max_iter=100, tol=0)
    codes = peer.fit_transform(a)
    found = nmf.factorise(a, 15)
    assert found.error <= 1.002 * error(a, codes, peer.components_)
    assert (found.codes.max(0) > 0).all()
    assert (found.codes >= 0).all()
    assert (found.dictionary >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(found.dictionary, axis=1), 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_reported_error_is_that_of_the_residual_and_never_rises(dtype: type) -> None:
    a = planted(400, 50, 6)[0].astype(dtype)
    found = nmf.factorise(a, 4)
    assert found.error == pytest.approx(error(a, found.codes, found.dictionary), rel=1e-3)
    assert (np.diff(found.errors) <= 0).all()
    assert found.iterations == len(found.errors)


def test_it_stops_at_the_target_when_settled_or_at_the_limit() -> None:
    a = planted(300, 40, 5)[0]
    target = nmf.factorise(a, 5, settings=nmf.Settings(target=0.2))
    assert target.stop == "target"
    assert target.error <= 0.2
    assert nmf.factorise(a, 5).stop == "settled"
    short = nmf.factorise(a, 5, settings=nmf.Settings(iterations=3))
    assert (short.stop, short.iterations) == ("iterations", 3)


def test_the_same_seed_gives_the_same_arrays_and_the_input_stays() -> None:
    a = planted(300, 40, 5)[0]
    kept = a.copy()
    one, two = nmf.factorize(a, 5, seed=4), nmf.factorize(a, 5, seed=4)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    np.testing.assert_array_equal(a, kept)


def test_torch_gives_what_numpy_gives() -> None:
    a = planted(300, 40, 5)[0]
    codes, dictionary = nmf.factorize(torch.from_numpy(a), 5)
    expected = nmf.factorize(a, 5)
    np.testing.assert_allclose(codes.numpy(), expected[0], atol=1e-8)
    np.testing.assert_allclose(dictionary.numpy(), expected[1], atol=1e-8)


def test_scale_of_the_data_goes_into_the_codes() -> None:
    a = planted(200, 30, 4)[0]
    codes, dictionary = nmf.factorize(a, 4)
    big, same = nmf.factorize(a * 1e20, 4)
    np.testing.assert_allclose(same, dictionary, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(big, codes * 1e20, rtol=1e-5, atol=1e12)


def test_singular_pairs_are_those_of_the_full_decomposition() -> None:
    a = planted(200, 40, 6, noise=0.01)[0]
    u, s, v = singular_pairs(a, 4, np.random.default_rng(0))
    np.testing.assert_allclose(s, np.linalg.svd(a, compute_uv=False)[:4], rtol=1e-6)
    np.testing.assert_allclose(u @ a, s[:, None] * v, atol=1e-3 * s[0])


def test_the_start_takes_the_stronger_half_of_each_pair_and_holds_no_zero() -> None:
    a = planted(60, 20, 4)[0]
    first = start(a, 4, np.random.default_rng(0))
    u, s, v = singular_pairs(a, 4, np.random.default_rng(0))
    for j in range(4):
        halves = [(np.maximum(sign * u[j], 0), np.maximum(sign * v[j], 0)) for sign in (1, -1)]
        z, d = max(halves, key=lambda pair: np.linalg.norm(pair[0]) * np.linalg.norm(pair[1]))
        scale = np.sqrt(s[j] * np.linalg.norm(z) * np.linalg.norm(d))
        z, d = z / np.linalg.norm(z) * scale, d / np.linalg.norm(d) * scale
        np.testing.assert_allclose(first.z[j], np.where(z <= 1e-6 * a.mean(), a.mean(), z), rtol=1e-6)
        np.testing.assert_allclose(first.d[j], np.where(d <= 1e-6 * a.mean(), a.mean(), d), rtol=1e-6)


@pytest.mark.parametrize(
    ("n", "c", "rank", "k"), [(50, 20, 1, 3), (50, 20, 2, 6), (50, 6, 6, 10), (4, 30, 4, 4), (5, 1, 1, 3)]
)
def test_few_directions_and_many_concepts_end_without_a_dead_atom(n: int, c: int, rank: int, k: int) -> None:
    rng = np.random.default_rng(1)
    a = rng.random((n, rank)) @ rng.random((rank, c))
    found = nmf.factorise(a, k)
    assert found.error < 0.02
    assert (found.codes.max(0) > 0).all()
    assert np.isfinite(found.dictionary).all()
    np.testing.assert_allclose(np.linalg.norm(found.dictionary, axis=1), 1)


def test_a_dead_atom_is_set_at_the_row_that_is_explained_worst() -> None:
    a = planted(200, 30, 4, noise=0)[0]
    search = nmf._Search(a, 4, np.random.default_rng(0))
    for _ in range(5):
        search.round()
    search.z_best[2] = 0
    search.finish()
    assert search.revived == 1
    assert search.z_best[2].max() > 0


def test_rows_of_zeros_get_codes_of_zero() -> None:
    a = planted(100, 20, 3)[0]
    a[::7] = 0
    codes, _ = nmf.factorize(a, 3)
    np.testing.assert_allclose(codes[::7], 0, atol=1e-6)


@pytest.mark.parametrize(
    ("a", "k", "words"),
    [
        (np.zeros((9, 4)), 2, "All activations are zero"),
        (np.ones((9, 4)), 2, "ask for k = 1"),
        (np.ones((9, 4)), 10, "10 concepts cannot be found in 9 activations"),
        (np.ones((9, 4)), 0, "must be 1 or more"),
        (-np.eye(9), 2, "use semi-NMF"),
        (np.full((9, 4), np.nan), 2, "not finite"),
    ],
)
def test_what_cannot_be_factorised_is_said(a: np.ndarray, k: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        nmf.factorize(a, k)
    with pytest.raises(InputError, match=words):
        nmf.factorize(torch.from_numpy(a), k)


def test_one_concept_of_a_constant_is_the_constant() -> None:
    codes, dictionary = nmf.factorize(np.full((9, 4), 3.0), 1)
    np.testing.assert_allclose(codes @ dictionary, 3, rtol=1e-6)
