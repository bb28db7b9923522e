"""Insertion and deletion on predictors whose answer is known exactly."""

import numpy as np
import pytest

from explainers.evidence import insertion_deletion
from explainers.evidence.faithfulness import auc, baseline_image, pixel_ranks, share_to_halve, unordered
from models.errors import InputError

IMAGE = np.full((4, 5, 3), 200, np.uint8)
ORDER = np.arange(20.0).reshape(4, 5)


def brightness(images: np.ndarray) -> np.ndarray:
    """Share of pixels that are still of the photo."""
    return (images[..., 0] == 200).mean((1, 2))


def one_pixel(images: np.ndarray) -> np.ndarray:
    """1 while the last pixel is there."""
    return (images[:, 3, 4, 0] == 200).astype(float)


def test_a_predictor_that_counts_pixels_gives_straight_lines() -> None:
    curves = insertion_deletion(brightness, IMAGE, ORDER, steps=4, baseline="black")
    np.testing.assert_allclose(curves.insertion, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curves.deletion, [1, 0.75, 0.5, 0.25, 0])
    assert curves.insertion_auc == curves.deletion_auc == pytest.approx(0.5)
    assert curves.reason == ""


def test_a_predictor_of_one_pixel_tells_the_good_map_from_the_bad() -> None:
    good = insertion_deletion(one_pixel, IMAGE, ORDER, steps=20, baseline="black")
    bad = insertion_deletion(one_pixel, IMAGE, -ORDER, steps=20, baseline="black")
    # The good map has its pixel in the first of 20 groups: trapezoids give 1 - 1/40 and 1/40.
    assert good.insertion_auc == pytest.approx(1 - 1 / 40)
    assert good.deletion_auc == pytest.approx(1 / 40)
    assert bad.insertion_auc == pytest.approx(1 / 40)
    assert bad.deletion_auc == pytest.approx(1 - 1 / 40)


def test_pictures_shown_are_the_photo_the_baseline_and_those_between() -> None:
    shown = []

    def predict(images: np.ndarray) -> np.ndarray:
        shown.append(images)
        return np.zeros(len(images))

    other = np.full_like(IMAGE, 7)
    curves = insertion_deletion(predict, IMAGE, ORDER, steps=2, baseline=other)
    ends, between = shown
    assert between.shape == (2, 4, 5, 3)
    assert between.dtype == np.uint8
    np.testing.assert_array_equal(ends, [IMAGE, other])
    assert (between[0, 2:] == 200).all()
    assert (between[0, :2] == 7).all()
    np.testing.assert_array_equal(between[0] == 7, between[1] == 200)
    known = insertion_deletion(predict, IMAGE, ORDER, steps=2, baseline=other, ends=(0.9, 0.2))
    assert len(shown) == 3, "ends that are known are not asked for again"
    assert known.insertion.tolist() == [0.2, 0, 0.9]
    assert known.deletion.tolist() == [0.9, 0, 0.2]
    assert curves.insertion.shape == curves.deletion.shape == (3,)


@pytest.mark.parametrize(
    ("heatmap", "reason"),
    [
        (np.zeros((4, 5)), "the same everywhere"),
        (np.full((4, 5), 3.0), "the same everywhere"),
        (np.where(ORDER == 3, np.nan, ORDER), "not numbers"),
        (np.where(ORDER == 3, np.inf, ORDER), "not numbers"),
    ],
)
def test_maps_without_an_order_give_nan_with_a_reason(heatmap: np.ndarray, reason: str) -> None:
    curves = insertion_deletion(brightness, IMAGE, heatmap, steps=4)
    assert np.isnan(curves.insertion_auc)
    assert np.isnan(curves.deletion_auc)
    assert reason in curves.reason


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="equally large"):
        insertion_deletion(brightness, IMAGE, ORDER.T)
    with pytest.raises(InputError, match="at least 2 steps"):
        insertion_deletion(brightness, IMAGE, ORDER, steps=1)
    with pytest.raises(InputError, match="'blur', 'black' or a picture"):
        insertion_deletion(brightness, IMAGE, ORDER, baseline="white")


def test_ranks_are_a_permutation_and_ties_are_taken_in_a_fixed_random_order() -> None:
    ranks = pixel_ranks(ORDER)
    np.testing.assert_array_equal(ranks, 19 - ORDER)
    ties = pixel_ranks(np.zeros((8, 8)))
    assert sorted(ties.ravel()) == list(range(64))
    np.testing.assert_array_equal(ties, pixel_ranks(np.zeros((8, 8))))
    assert not np.array_equal(ties.ravel(), np.arange(64))


@pytest.mark.parametrize(
    ("curve", "share"),
    [([1, 0.5, 0], 0.5), ([1, 0, 0, 0, 0], 0.125), ([0.8, 0.6, 0.2], 0.75), ([1, 0.9, 0.8], 1.0), ([0, 0, 0], 0.0)],
)
def test_share_to_halve_interpolates(curve: list[float], share: float) -> None:
    assert share_to_halve(np.array(curve, float)) == pytest.approx(share)


def test_small_parts() -> None:
    assert auc(np.array([0.0, 1.0, 1.0])) == pytest.approx(0.75)
    assert unordered(np.array([[1.0, 2.0]])) == ""
    assert unordered(np.zeros((0, 0))) != ""
    assert not baseline_image(IMAGE, "black").any()
    assert (baseline_image(IMAGE, "blur") == 200).all(), "a flat picture has nothing to blur"
