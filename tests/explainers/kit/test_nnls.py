"""Encoding against scipy's exact solver."""

import numpy as np
import pytest
import torch
from scipy.optimize import nnls as exact

from explainers.kit.nnls import encode


@pytest.mark.parametrize("signed", [False, True])
def test_codes_are_those_of_the_exact_solver(signed: bool) -> None:
    rng = np.random.default_rng(0)
    dictionary = rng.standard_normal((7, 25)) if signed else rng.random((7, 25))
    a = rng.standard_normal((60, 25)) + 0.5
    slow = np.stack([exact(dictionary.T, row)[0] for row in a])
    assert (slow == 0).any()
    np.testing.assert_allclose(encode(a, dictionary), slow, atol=1e-5)


def test_codes_of_a_penalty_meet_its_optimality_conditions() -> None:
    rng = np.random.default_rng(1)
    dictionary, a = rng.random((5, 20)), rng.random((40, 20))
    z = encode(a, dictionary, penalty=0.8)
    slope = (z @ dictionary - a) @ dictionary.T + 0.8
    assert (z == 0).any()
    np.testing.assert_allclose(slope[z > 0], 0, atol=1e-4)
    assert slope[z == 0].min() >= -1e-4


def test_every_row_is_encoded_on_its_own_and_alike() -> None:
    rng = np.random.default_rng(2)
    dictionary, a = rng.random((5, 20)), rng.random((40, 20))
    z = encode(a, dictionary)
    np.testing.assert_array_equal(z, encode(a, dictionary))
    np.testing.assert_allclose(encode(a[7:8], dictionary), z[7:8], atol=1e-5)


def test_torch_and_no_rows_and_a_zero_atom() -> None:
    rng = np.random.default_rng(3)
    dictionary, a = rng.random((5, 20)), rng.random((40, 20))
    dictionary[3] = 0
    z = encode(a, dictionary)
    np.testing.assert_array_equal(z[:, 3], 0)
    np.testing.assert_allclose(encode(torch.from_numpy(a), torch.from_numpy(dictionary)).numpy(), z, atol=1e-9)
    assert encode(a[:0], dictionary).shape == (0, 5)
