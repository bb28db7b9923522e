"""Changes of one visual characteristic."""

import cv2
import numpy as np
import pytest

from explainers.kit.characteristics import CHARACTERISTICS, IDENTITY, STRENGTHS, bend, denoised, modify
from models import imagesets
from models.errors import InputError

COFFEE = imagesets.sample("coffee").pixels[100:228, 100:260]


@pytest.mark.parametrize("name", CHARACTERISTICS)
def test_identity_is_exact_and_the_papers_strength_is_not(name: str) -> None:
    assert np.array_equal(modify(COFFEE, name, IDENTITY[name]), COFFEE)
    assert not np.array_equal(modify(COFFEE, name), COFFEE)
    assert modify(COFFEE, name).shape == COFFEE.shape


def test_a_grey_picture_has_no_hue_and_no_saturation() -> None:
    grey = np.repeat(COFFEE[:, :, :1], 3, 2)
    for name in ("hue", "saturation"):
        assert np.array_equal(modify(grey, name), grey)


def test_bending_moves_pixels_and_loses_none() -> None:
    bent = bend(COFFEE, STRENGTHS["shape"])
    assert np.array_equal(np.sort(bent.reshape(-1, 3), 0), np.sort(COFFEE.reshape(-1, 3), 0))
    slow = COFFEE.copy()
    for row in range(len(slow)):
        slow[row] = np.roll(slow[row], int(4 * np.sin(np.pi * row * 0.05)), 0)
    for column in range(slow.shape[1]):
        slow[:, column] = np.roll(slow[:, column], int(4 * np.sin(np.pi * column * 0.05)), 0)
    assert np.array_equal(bent, slow)


def test_less_contrast_and_saturation_by_their_definition() -> None:
    flat = modify(COFFEE, "contrast", 0.0)
    assert np.ptp(flat) == 0
    mean = (COFFEE @ [0.2989, 0.587, 0.114]).mean()
    assert float(flat[0, 0, 0]) == pytest.approx(mean, abs=1)
    assert (np.ptp(modify(COFFEE, "saturation", 0.0).astype(int), axis=2) <= 1).all()


def test_an_unknown_characteristic_names_those_there_are() -> None:
    with pytest.raises(InputError, match="hue, saturation, contrast, texture, shape"):
        modify(COFFEE, "smell")


def test_a_picture_is_denoised_once_and_what_is_kept_cannot_be_changed() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (24, 20, 3)).astype(np.uint8)
    denoised.cache_clear()
    first = modify(picture, "texture", 7)
    assert np.array_equal(first, cv2.fastNlMeansDenoisingColored(picture, None, 7, 7, 7, 21))
    wanted = first.copy()
    first[:] = 0
    assert np.array_equal(modify(picture, "texture", 7), wanted)
    assert denoised.cache_info().hits == 1
    other = picture[::-1].copy()
    assert not np.array_equal(modify(other, "texture", 7), wanted)
