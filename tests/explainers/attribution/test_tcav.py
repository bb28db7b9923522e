"""TCAV against its definition on nets whose derivative is known, and against what the menagerie plants."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import explainers
import models
from explainers import LocalRun
from explainers.attribution.tcav.directions import apart, direction, share_up
from models.errors import InputError


class Linear(nn.Module):
    """Channels are the mean colours of a picture; logit 0 is 2 red - 1 green, logit 1 is blue."""

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Conv2d(3, 3, 1, bias=False)
        self.head = nn.Linear(3, 2, bias=False)
        with torch.no_grad():
            self.map.weight.copy_(torch.eye(3).view(3, 3, 1, 1))
            self.head.weight.copy_(torch.tensor([[2.0, -1.0, 0.0], [0.0, 0.0, 1.0]]))

    def forward(self, x):
        return self.head(self.map(x).mean((2, 3)))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Noise, and noise with more of one colour."""
    root, rng, places = tmp_path_factory.mktemp("tcav"), np.random.default_rng(0), {}
    for name, channel in (("plain", None), ("reddish", 0), ("greenish", 1)):
        (root / name).mkdir()
        for at in range(24):
            pixels = rng.integers(60, 140, 3) + rng.integers(-20, 20, (12, 12, 3))
            if channel is not None:
                pixels[..., channel] += 90
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / f"{at:02}.png")
        places[name] = str(root / name)
    return places


def ask(folders: dict[str, str], concept: str, **chosen: object):
    look = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
    model = models.wrap(Linear(), input_size=(3, 12, 12), labels=["warm", "blue"], **look)
    given = {"concept": folders[concept], "others": folders["plain"], "images": folders["reddish"], "layer": "map"}
    return model, explainers.explain("tcav", model, **given, **chosen)


@pytest.mark.parametrize(("concept", "share"), [("reddish", 1.0), ("greenish", 0.0)])
def test_a_linear_net_goes_the_way_of_its_weights(folders: dict[str, str], concept: str, share: float) -> None:
    model, result = ask(folders, concept)
    assert (result.scores == share).all()
    assert result.accuracy.mean() > 0.9
    # The derivative is the head's weight for every picture, so all slopes are equal.
    assert np.allclose(result.slopes, result.slopes[0])
    assert (result.slopes[0] > 0) == (share == 1.0)
    lens = explainers.registry()["tcav"]
    scores = {score.name: score for score in lens.evidence(model, lens.choose(), result, LocalRun(model)).scores}
    assert scores["accuracy"].value > scores["accuracy"].baselines["random directions"] + 0.2


def test_pictures_like_the_others_are_no_concept(folders: dict[str, str]) -> None:
    _, result = ask(folders, "plain")
    assert abs(result.accuracy.mean() - 0.5) < 0.25
    assert result.p > 0.01


def test_the_direction_is_the_normal_of_the_plane() -> None:
    rng = np.random.default_rng(1)
    others = rng.normal(0, 1, (300, 6))
    shift = np.array([3.0, 0, 0, -3.0, 0, 0])
    learnt = direction(others[:150] + shift, others[150:], rng)
    assert np.linalg.norm(learnt.vector) == pytest.approx(1)
    assert learnt.vector @ shift / np.linalg.norm(shift) > 0.95
    assert learnt.accuracy > 0.95


def test_the_score_counts_signs() -> None:
    slopes = np.array([[1.0, 0.0], [-1.0, 5.0], [2.0, -9.0], [0.0, 1.0]])
    assert share_up(slopes, np.array([1.0, 0.0])) == 0.5
    assert apart(np.ones(5), np.ones(5)) == 1.0
    assert apart(np.ones(5), np.zeros(5)) < 0.01


def test_too_few_pictures_are_refused(folders: dict[str, str], tmp_path: Path) -> None:
    Image.new("RGB", (12, 12)).save(tmp_path / "0.png")
    with pytest.raises(InputError, match="6 or more"):
        ask({**folders, "reddish": str(tmp_path)}, "reddish")
    for at in range(1, 6):
        Image.new("RGB", (12, 12), (40 * at, 0, 0)).save(tmp_path / f"{at}.png")
    assert len(ask({**folders, "reddish": str(tmp_path)}, "reddish")[1].scores)


def test_another_class_or_other_images_are_taken(folders: dict[str, str], tmp_path: Path) -> None:
    for at in range(6):
        Image.new("RGB", (12, 12), (0, 0, 100 + at)).save(tmp_path / f"{at}.png")
    blue = {**folders, "greenish": folders["reddish"], "reddish": str(tmp_path)}
    with pytest.raises(InputError, match="takes none of these pictures for warm; choose another class or other images"):
        ask(blue, "greenish")
    assert len(ask(blue, "greenish", cls=1)[1].scores)
    assert len(ask(folders, "reddish")[1].scores)
