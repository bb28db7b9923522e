"""Pictures by activation: they excite what was asked for, a judge looks at them, and what breaks is said."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import explainers
import models
from explainers import LocalRun, find
from explainers.activation.climb import imagine
from explainers.kit.canvas import Fourier, Phases, Pixels
from explainers.kit.hooks import record_output
from explainers.kit.visualise import visualise
from models.errors import InputError, UnfitError
from tests.clips import WHY, tiny_clip
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


def test_a_concept_of_a_bank_climbs_along_its_atom(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for at in range(24):  # noise of three strengths, so that there is something to take apart
        noise = rng.normal(128, 20 + 30 * (at % 3), (24, 24, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{at}.png")
    model = small_cnn()
    cls = 3  # what it takes all noise for
    run = LocalRun(model)
    chosen = {"condition": "concept", "target": cls, "bank": str(tmp_path), "prior": "fourier", "steps": 40, "n": 2}
    result = explainers.explain("activation", model, run=run, concept=1, **chosen)
    bank = run.reuse(find("concepts").request("small cnn", find("concepts").params(cls=cls, images=str(tmp_path))))
    maps, layer = [], model.layer(bank.layer)
    with record_output(model.network, layer.name) as seen, torch.no_grad():
        for picture in (result.frames[0], result.images[0]):
            model.network(model.normalise(model.view(picture).pixels[None]))
            maps.append(layer.as_map(seen.taken()).mean((2, 3))[0].numpy())
    assert maps[1] @ bank.dictionary[1] > maps[0] @ bank.dictionary[1]
    assert result.label.startswith(bank.names[1])
    assert (result.probability == -1).all()
    with pytest.raises(InputError, match="The bank has"):
        explainers.explain("activation", model, run=run, concept=49, **chosen)


def test_a_sentence_is_climbed_by_a_network_that_reads_words(tmp_path: Path) -> None:
    pytest.importorskip("open_clip", reason=WHY)
    model = tiny_clip(tmp_path)
    chosen = {"condition": "sentence", "words": "a  dog", "prior": "fourier", "steps": 100, "n": 2}
    result = explainers.explain("activation", model, **chosen)
    assert result.trace[-10:].mean() > result.trace[:10].mean() + 0.1
    assert result.label == "the words 'a dog'"
    with pytest.raises(InputError, match="For a sentence give it as well"):
        explainers.explain("activation", model, **{**chosen, "words": " "})


def test_any_function_can_be_climbed() -> None:
    model = wrapped(Colours())
    made = imagine(model, lambda x: (x[:, 2] - x[:, 0]).mean((1, 2)), prior="fourier", steps=30, n=2)
    red, _, blue = made.images.reshape(-1, 3).mean(0)
    assert blue > red + 10
    lenet = models.load("fashion_lenet", "cpu")
    drawn = imagine(lenet, lambda x: -x.mean((1, 2, 3)), prior="dgn_am", steps=20, n=1)
    assert drawn.trace[-1, 0] > drawn.trace[0, 0]
    with pytest.raises(InputError, match="one number a picture"):
        imagine(model, lambda x: x.mean(), steps=2, n=1)
    with pytest.raises(InputError, match="has no parameter 'speed'"):
        imagine(model, lambda x: x.mean((1, 2, 3)), speed=2)


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
    with pytest.raises(UnfitError, match="reads no words; choose a CLIP"):
        explainers.explain("activation", model, condition="sentence", words="a dog")
    with pytest.raises(InputError, match="knows the same classes"):
        explainers.explain("activation", model, independent="menagerie_cnn", steps=2, n=1)
