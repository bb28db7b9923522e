"""Total Sobol indices against closed forms and the estimator restated slowly."""

import numpy as np
import pytest

from explainers.kit.sobol import designs_of, total_indices
from models.errors import InputError


def ishigami(x: np.ndarray) -> np.ndarray:
    x = (2 * x - 1) * np.pi
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_ishigami_is_known_in_closed_form() -> None:
    a, b, pi = 7.0, 0.1, np.pi
    variance = 0.5 + a**2 / 8 + b * pi**4 / 5 + b**2 * pi**8 / 18
    third = b**2 * pi**8 * (1 / 18 - 1 / 50)
    first = 0.5 * (1 + b * pi**4 / 5) ** 2
    expected = np.array([first + third, a**2 / 8, third]) / variance
    np.testing.assert_allclose(total_indices(ishigami, 3, designs=4096), expected, atol=0.005)


@pytest.mark.parametrize("k", [2, 6, 12])
def test_a_linear_function_gives_squares(k: int) -> None:
    c = np.random.default_rng(k).standard_normal(k)
    found = total_indices(lambda x: x @ c + 5, k, designs=1024)
    np.testing.assert_allclose(found, c**2 / (c**2).sum(), atol=0.02)
    rough = total_indices(lambda x: x @ c + 5, k)
    np.testing.assert_allclose(rough, c**2 / (c**2).sum(), atol=0.12)


def test_it_is_the_estimator_of_jansen() -> None:
    first, second = designs_of(3, 64, 5)
    both = np.concatenate([ishigami(first), ishigami(second)])
    slow = []
    for i in range(3):
        total = 0.0
        for a, b in zip(first, second, strict=True):
            mixed = a.copy()
            mixed[i] = b[i]
            total += float(ishigami(a[None])[0] - ishigami(mixed[None])[0]) ** 2
        slow.append(total / 64 / (2 * both.var()))
    np.testing.assert_allclose(total_indices(ishigami, 3, seed=5), slow)


def test_designs_are_scrambled_seeded_and_uncorrelated() -> None:
    first, second = designs_of(10, 100, 0)
    assert first.shape == second.shape == (128, 10)
    assert not np.array_equal(first, designs_of(10, 100, 1)[0])
    np.testing.assert_array_equal(first, designs_of(10, 100, 0)[0])
    between = np.corrcoef(first.T, second.T)[:10, 10:]
    assert np.abs(between).max() < 0.35


def test_a_constant_gives_zeros_and_bad_input_words() -> None:
    np.testing.assert_array_equal(total_indices(lambda x: np.ones(len(x)), 4), 0)
    np.testing.assert_allclose(total_indices(lambda x: x[:, 0], 1, designs=256), 1, atol=0.05)
    with pytest.raises(InputError, match="one variable"):
        total_indices(ishigami, 0)
    with pytest.raises(InputError, match="finite values"):
        total_indices(lambda x: np.full(len(x), np.nan), 2)
