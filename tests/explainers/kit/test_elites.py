"""The archive against a loop over children and classes; polynomial mutation against its density."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from explainers.kit import polynomial
from explainers.kit.elites import Elites
from models.errors import InputError


def slow(confidence: list[float], champions: list[str], children: list[str], table: np.ndarray) -> int:
    """Nguyen et al. 2015: every child against the champion of every class, one after the other."""
    changes = 0
    for cls in range(len(confidence)):
        best = None
        for index in range(len(children)):
            if table[index, cls] > confidence[cls]:
                confidence[cls], best = table[index, cls], children[index]
        if best is not None:
            champions[cls], changes = best, changes + 1
    return changes


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10_000))
def test_every_child_is_compared_with_every_class(seed: int) -> None:
    rng = np.random.default_rng(seed)
    elites: Elites[str] = Elites(6)
    confidence, champions, changes = [0.0] * 6, [""] * 6, 0
    for generation in range(5):
        children = [f"{generation}.{index}" for index in range(7)]
        table = np.round(rng.dirichlet(np.ones(6), 7), 2)  # rounded, so that there are ties
        changes += slow(confidence, champions, children, table)
        elites.tell(children, table)
    assert elites.confidence.tolist() == confidence
    assert [champion or "" for champion in elites.champions] == champions
    assert elites.updates.sum() == changes


def test_one_child_may_take_classes_that_it_is_not_taken_for() -> None:
    elites: Elites[str] = Elites(3)
    taken = elites.tell(["all"], np.array([[0.7, 0.2, 0.1]]))
    assert taken.cells.tolist() == [0, 1, 2]
    taken = elites.tell(["better", "worse"], np.array([[0.6, 0.3, 0.1], [0.5, 0.1, 0.4]]))
    assert taken.cells.tolist() == [1, 2]
    assert taken.children.tolist() == [0, 1]
    assert elites.champions == ["all", "better", "worse"]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="at least one class"):
        Elites(0)
    elites: Elites[str] = Elites(2)
    with pytest.raises(InputError, match="need probabilities of that shape"):
        elites.tell(["a"], np.zeros((1, 3)))
    with pytest.raises(InputError, match="not finite"):
        elites.tell(["a"], np.array([[np.nan, 1.0]]))
    with pytest.raises(InputError, match="no champion yet"):
        elites.champion(0)


def test_steps_follow_the_density_of_deb_and_goyal() -> None:
    eta = 15.0
    steps = polynomial.steps(20_000, np.random.default_rng(0), eta=eta)

    def share_below(d: np.ndarray) -> np.ndarray:  # the integral of (eta + 1) / 2 (1 - |d|) ** eta
        return np.where(d < 0, 0.5 * (1 + d) ** (eta + 1), 1 - 0.5 * (1 - d) ** (eta + 1))

    assert stats.kstest(steps, share_below).pvalue > 0.01
