"""Pictures by activation: they excite what was asked for, a judge looks at them, and what breaks is said."""

import numpy as np
import pytest
import torch
from torch import nn

import explainers
import models
from explainers import LocalRun
from explainers.kit.canvas import Fourier, Phases, Pixels
from explainers.kit.visualise import visualise
from models.errors import InputError
from tests.explainers.nets import small_cnn


class Colours(nn.Module):
    """Class 0 is red, class 1 is blue: logits are 8 times the mean of a colour above grey."""

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Conv2d(3, 3, 1, bias=False)
        with torch.no_grad():
            self.map.weight.copy_(torch.eye(3).view(3, 3, 1, 1))

    def forward(self, x):
        mean = self.map(x).mean((2, 3))
        return 8 * torch.stack([mean[:, 0] - mean[:, 2], mean[:, 2] - mean[:, 0]], 1)


def wrapped(network: nn.Module, name: str = "own model") -> models.ModelHandle:
    return models.wrap(network, input_size=(3, 24, 24), labels=["red", "blue"], name=name)


@pytest.mark.parametrize("prior", ["none", "fourier", "maco"])
def test_a_net_that_sees_red_gets_red(prior: str) -> None:
    result = explainers.explain("activation", wrapped(Colours()), prior=prior, steps=60, n=2)
    assert result.trace.shape == (60, 2)
    assert (result.trace[-5:].mean(0) > result.trace[:5].mean(0)).all()
    if prior != "maco":  # a spectrum without a mean cannot change the mean colour
        red, _, blue = result.images.reshape(-1, 3).mean(0)
        assert red > blue + 10
        assert result.probability.min() > 0.6


def test_a_channel_climbs_past_photos_and_noise() -> None:
    model = wrapped(Colours())
    chosen = {"condition": "channel", "layer": "map", "channel": 2, "steps": 60, "n": 2, "prior": "fourier"}
    result = explainers.explain("activation", model, **chosen)
    lens = explainers.registry()["activation"]
    scores = lens.evidence(model, lens.choose(**chosen), result, LocalRun(model)).scores
    assert scores[0].value > max(scores[0].baselines.values())
    assert (result.probability == -1).all()
    assert "channel 2 of map" in result.sentence


def test_a_network_that_took_no_part_judges() -> None:
    model, judge = wrapped(Colours()), wrapped(Colours(), "judge")
    run = LocalRun(model, 0, others={"judge": judge})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "card", lambda name: {"judge": judge.card}[name])
        result = explainers.explain("activation", model, run=run, independent="judge", steps=40, n=2, prior="fourier")
    assert np.allclose(result.independent_probability, result.probability, atol=1e-6)
    assert (result.rank == 0).all()
    assert "agrees on 2 of 2" in result.sentence


def test_shipped_networks_find_their_judge() -> None:
    model = models.load("menagerie_cnn", "cpu")
    result = explainers.explain("activation", model, target=3, steps=4, n=1)
    assert "ViT" in result.judge
    assert 0 <= result.independent_probability[0] <= 1


def test_a_picture_whose_score_breaks_stops_and_the_others_go_on() -> None:
    model, calls = small_cnn(), []

    def score(x: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        values = x.mean((1, 2, 3))
        if len(calls) > 3:
            values = values * torch.where(torch.arange(len(x)) % 2 == 0, float("nan"), 1.0)
        return values

    canvas = Pixels(2, 24, np.random.default_rng(0), torch.device("cpu"))
    made = visualise(model, score, canvas, np.random.default_rng(0), steps=10)
    assert made.broken.tolist() == [True, False]
    assert np.isfinite(made.scores).all()
    assert made.images[1].mean() > made.images[0].mean() + 3


def test_canvases_begin_with_natural_spectra() -> None:
    for kind in (Fourier, Phases):
        pictures = kind(1, 64, np.random.default_rng(0), torch.device("cpu")).pixels().detach().numpy()[0, 0]
        power = np.abs(np.fft.rfft2(pictures - pictures.mean())) ** 2
        assert power[:4, :4].mean() > 20 * power[24:32, 24:32].mean()


def test_bad_input_is_one_sentence() -> None:
    model = small_cnn()
    with pytest.raises(InputError, match="cannot be set against itself"):
        explainers.explain("activation", model, condition="difference", target=1, versus=1)
    with pytest.raises(InputError, match="choose one from 0 to"):
        explainers.explain("activation", model, condition="channel", channel=99_999)
    with pytest.raises(InputError, match="knows the same classes"):
        explainers.explain("activation", model, independent="menagerie_cnn", steps=2, n=1)
