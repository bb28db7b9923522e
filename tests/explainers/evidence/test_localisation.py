"""Pointing and energy on masks drawn by hand."""

import numpy as np
import pytest

from explainers.evidence import energy_inside, pointing_game

MASK = np.zeros((20, 20), bool)
MASK[5:10, 5:10] = True


def spot(y: int, x: int) -> np.ndarray:
    heatmap = np.zeros((20, 20))
    heatmap[y, x] = 1
    return heatmap


@pytest.mark.parametrize(
    ("y", "x", "tolerance", "hit"),
    [
        (7, 7, 0, 1),
        (5, 9, 0, 1),
        (4, 7, 0, 0),
        (4, 7, 1, 1),
        (12, 7, 3, 1),
        (12, 7, 2, 0),
        (12, 13, 5, 1),
        (12, 13, 4.9, 0),
    ],
)
def test_pointing_game_measures_the_distance_to_the_mask(y: int, x: int, tolerance: float, hit: int) -> None:
    assert pointing_game(spot(y, x), MASK, tolerance=tolerance) == hit


def test_ties_share_the_point() -> None:
    assert pointing_game(spot(7, 7) + spot(0, 0), MASK, tolerance=0) == 0.5


@pytest.mark.parametrize("heatmap", [np.zeros((20, 20)), np.ones((20, 20)), np.full((20, 20), np.nan)])
def test_maps_without_an_order_are_never_a_hit(heatmap: np.ndarray) -> None:
    assert np.isnan(pointing_game(heatmap, MASK))
    assert np.isnan(pointing_game(spot(7, 7), np.zeros_like(MASK)))


def test_energy_is_the_share_of_the_positive_sum() -> None:
    assert energy_inside(3 * spot(7, 7) + spot(0, 0) - 9 * spot(1, 1), MASK) == pytest.approx(0.75)
    assert energy_inside(np.ones((20, 20)), MASK) == pytest.approx(25 / 400)
    assert np.isnan(energy_inside(-np.ones((20, 20)), MASK))
    assert np.isnan(energy_inside(spot(7, 7) * np.nan, MASK))
    assert np.isnan(energy_inside(spot(7, 7), np.zeros_like(MASK)))
