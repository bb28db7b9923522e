"""Drop and increase, ROAD and muFidelity on predictors whose answer is known exactly."""

import numpy as np
import pytest

from explainers.evidence import drop_and_increase, max_sensitivity, mu_fidelity, road
from explainers.evidence.removal import imputed

RNG = np.random.default_rng
IMAGE = np.full((18, 18, 3), 200, np.uint8)
LEFT = np.zeros((18, 18))
LEFT[:, :9] = 1
NO_ORDER = [np.zeros((18, 18)), np.ones((18, 18)), np.full((18, 18), np.nan)]


def brightness(images: np.ndarray) -> np.ndarray:
    return images.mean((1, 2, 3)) / 255


def left_half(images: np.ndarray) -> np.ndarray:
    return images[:, :, :9].mean((1, 2, 3)) / 255


def test_dimming_half_of_the_picture_loses_half_of_its_brightness() -> None:
    assert drop_and_increase(brightness, IMAGE, LEFT) == (pytest.approx(0.5), 0.0)
    assert drop_and_increase(left_half, IMAGE, LEFT) == (pytest.approx(0.0), 0.0)
    assert drop_and_increase(lambda images: 1 - brightness(images), IMAGE, LEFT) == (0.0, 1.0)


@pytest.mark.parametrize("heatmap", NO_ORDER)
def test_maps_without_an_order_give_nan(heatmap: np.ndarray) -> None:
    assert np.isnan(drop_and_increase(brightness, IMAGE, heatmap)).all()
    assert np.isnan(road(brightness, IMAGE, heatmap, RNG(0))).all()
    assert np.isnan(mu_fidelity(brightness, IMAGE, heatmap, RNG(0)))


def test_a_probability_of_zero_has_no_drop() -> None:
    assert np.isnan(drop_and_increase(lambda images: np.zeros(len(images)), IMAGE, LEFT)[0])


def test_imputation_solves_the_weighted_mean_of_neighbours() -> None:
    ramp = np.repeat(np.arange(0, 180, 10, dtype=np.uint8)[None, :, None], 18, 0).repeat(3, 2)
    hole = np.zeros((18, 18), bool)
    hole[5:9, 6:10] = True
    filled = imputed(ramp, hole, RNG(0), noise=0.0)
    np.testing.assert_array_equal(filled[~hole], ramp[~hole])
    # A ramp is its own weighted mean: the fill is exact.
    np.testing.assert_allclose(filled.astype(int), ramp.astype(int), atol=1)


def test_imputation_in_a_single_pixel_by_hand() -> None:
    image = np.zeros((3, 3, 3), np.uint8)
    image[0, 1], image[0, 0] = 120, 60
    hole = np.zeros((3, 3), bool)
    hole[1, 1] = True
    assert imputed(image, hole, RNG(0), noise=0.0)[1, 1].tolist() == [25, 25, 25]  # 120 / 6 + 60 / 12


def test_imputation_of_nothing_of_everything_and_at_the_border() -> None:
    none, whole = np.zeros((18, 18), bool), np.ones((18, 18), bool)
    np.testing.assert_array_equal(imputed(IMAGE, none, RNG(0)), IMAGE)
    assert (imputed(IMAGE, whole, RNG(0)) == 200).all()
    corner = none.copy()
    corner[:3, :3] = True
    assert (imputed(IMAGE, corner, RNG(0), noise=0.0) == 200).all()


def test_road_knows_the_half_that_counts() -> None:
    picture = IMAGE.copy()
    picture[:, 9:] = 40
    own = road(left_half, picture, LEFT + np.linspace(0, 0.1, 18), RNG(0), (0.5,))
    other = road(left_half, picture, -LEFT, RNG(0), (0.5,))
    assert other[0] == pytest.approx(200 / 255, abs=0.01)
    assert own[0] < other[0] - 0.3


def test_mu_fidelity_is_one_for_the_true_weights_and_minus_one_for_their_opposite() -> None:
    picture = np.zeros((18, 18, 3), np.uint8)
    picture[4, 4] = 255
    weights = RNG(1).random((18, 18))

    def predict(images: np.ndarray) -> np.ndarray:
        return 10 - (np.abs(images.astype(float) - picture).sum(3) > 0) @ np.ones(18) @ np.ones(18)

    value = mu_fidelity(predict, picture, weights, RNG(0))
    assert -1 <= value <= 1
    assert np.isnan(mu_fidelity(lambda images: np.ones(len(images)), picture, weights, RNG(0)))
    cells = RNG(2).integers(0, 256, (18, 18, 3), dtype=np.uint8)

    def gone(images: np.ndarray) -> np.ndarray:
        return -((images != cells).any(3) * weights).sum((1, 2))

    assert mu_fidelity(gone, cells, weights, RNG(0)) > 0.99
    assert mu_fidelity(gone, cells, -weights, RNG(0)) < -0.99


def test_max_sensitivity_of_a_scale_is_the_relative_step() -> None:
    x = np.ones(4)
    assert max_sensitivity(lambda _: np.ones(3), x, RNG(0)) == 0
    value = max_sensitivity(lambda v: 3 * v, x, RNG(0), radius=0.1, samples=200)
    assert 0.05 < value <= 0.1
    assert np.isnan(max_sensitivity(lambda v: 0 * v, x, RNG(0)))
    assert np.isnan(max_sensitivity(lambda v: v * np.nan, x, RNG(0)))
