"""Gradient ascent on networks: a linear softmax network's closed form, what is stored, and what cannot be."""

from typing import Any

import numpy as np
import pytest
import torch

import explainers
import models
from explainers import LocalRun
from explainers.fooling.studies.pixels import chances_of, climb_of
from models import ModelHandle, Photo
from models.errors import InputError, UnfitError
from tests.explainers.nets import photo, seeded, small_cnn


def linear_net(side: int = 12, scale: float = 0.05, channels: int = 3) -> ModelHandle:
    """Two classes, one linear layer, no preprocessing beyond the mean of one half."""
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(channels * side * side, 2))
    seeded(network, 1)
    with torch.no_grad():
        network[1].weight.mul_(scale / network[1].weight.std())
    return models.wrap(
        network.eval(),
        input_size=(channels, side, side),
        mean=(0.5,) * channels,
        std=(1.0,) * channels,
        labels=("left", "right"),
        device="cpu",
        name="linear",
    )


def climbed(model: ModelHandle, **chosen: Any) -> Any:
    return explainers.explain("fooling_gradient", model, **chosen)


def test_two_classes_and_one_layer_follow_the_closed_form() -> None:
    """g = p (1 - p) (w1 - w0): each step raises the difference of logits by progress / (p (1 - p))."""
    model = linear_net()
    result = climbed(model, target=1, stop="0.99")
    p = expected = float(result.curve[0])
    for value in result.curve[1:]:
        z = np.log(p / (1 - p)) + min(0.03, 0.1 * (1 - p)) / (p * (1 - p))
        p = 1 / (1 + np.exp(-z))
        assert value == pytest.approx(p, abs=0.01), "rounding to 8 bits moves it a little"
    assert expected < 0.7 < result.confidence
    assert result.confidence >= 0.99
    assert int(result.iterations) == len(result.curve) - 1


@pytest.mark.parametrize("stop", ["majority", "0.9", "0.999"])
def test_it_stops_as_soon_as_it_is_as_sure_as_asked(stop: str) -> None:
    wanted = {"majority": 0.5, "0.9": 0.9, "0.999": 0.999}[stop]
    result = climbed(linear_net(), target=0, stop=stop, start="uniform", seed=3)
    assert result.curve[-1] >= wanted
    assert (result.curve[:-1] < wanted).all()
    assert result.sentence.endswith("confidence.")


@pytest.mark.parametrize("channels", [1, 3])
def test_the_stored_confidence_is_that_of_the_picture(channels: int) -> None:
    model = linear_net(channels=channels)
    result = climbed(model, target=1)
    again = chances_of(model, model.view(Photo(result.image)).pixels[None])[0, 1]
    assert again == pytest.approx(result.confidence, abs=1e-6)
    assert result.curve.max() == pytest.approx(result.confidence, abs=1e-6)
    assert result.image.shape == (12, 12, 3)


def test_the_slope_is_that_of_the_logarithm_by_differences() -> None:
    model = small_cnn()
    x = np.round(np.random.default_rng(0).random((3, 32, 32)) * 255).astype(np.float32) / 255
    p, slope = climb_of(model, x, 2)
    step = np.float32(1 / 255)
    for place in ((0, 3, 4), (2, 30, 1), (1, 16, 16)):
        values = []
        for sign in (1, -1):
            moved = x.copy()
            moved[place] += sign * step
            values.append(np.log(climb_of(model, moved, 2)[0]))
        assert (values[0] - values[1]) / (2 * step) == pytest.approx(slope[place], rel=0.05, abs=2e-3)
    assert p == pytest.approx(
        float(chances_of(model, np.round(x.transpose(1, 2, 0) * 255).astype(np.uint8)[None])[0, 2])
    )


def test_decay_and_clipping_make_it_plainer_and_a_photo_is_where_it_starts() -> None:
    model, start = small_cnn(), photo()
    plain = climbed(model, target=1, start="photo", photo=start, most=10)
    np.testing.assert_array_equal(plain.start, model.view(start).pixels)
    decayed = climbed(model, target=1, start="photo", photo=start, most=10, decay=0.3)
    clipped = climbed(model, target=1, start="photo", photo=start, most=10, small_norm=50.0)
    mean = np.array(model.card.mean) * 255
    assert np.abs(decayed.image - mean).mean() < np.abs(plain.image - mean).mean()
    grey = (np.abs(clipped.image - mean).max(2) < 1).mean()
    assert grey > 0.45 or clipped.curve.argmax() == 0


def test_evidence_stands_beside_noise_and_files() -> None:
    model = linear_net()
    result = climbed(model, target=1)
    lens = explainers.find("fooling_gradient")
    confidence, png, jpeg = lens.evidence(model, lens.choose(), result, LocalRun(model)).scores
    assert confidence.verdict.word == "better than"
    assert png.value == pytest.approx(result.confidence, abs=1e-6)
    assert 0 < jpeg.value <= 1


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(InputError, match="start from a photo give one"):
        climbed(linear_net(), start="photo")
    with pytest.raises(InputError, match="linear has no class 7: choose one from 0 to 1"):
        climbed(linear_net(), target=7)
    flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 2))
    with torch.no_grad():
        flat[1].weight.zero_()
    with pytest.raises(InputError, match="no way up"):
        climbed(models.wrap(flat.eval(), input_size=(3, 4, 4), device="cpu"), target=1)
    one = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 1))
    with pytest.raises(UnfitError, match="answers with one number"):
        climbed(models.wrap(one.eval(), input_size=(3, 4, 4), labels=("cat",), device="cpu"))
