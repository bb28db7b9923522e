"""A concept that is made of two others, one layer earlier."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import explainers
import models
from explainers import LocalRun
from explainers.concepts.bank.reload import reload
from explainers.concepts.within import earlier, explain_by, strongest
from explainers.kit.metrics import cosine
from models import ModelHandle
from models.errors import InputError
from tests.explainers.concepts.worlds import COLOURS, block_picture, colours


class Warmth(nn.Module):
    """Sees red, green and blue; then only warm (red and green) and cold (blue); then says which there is more of."""

    def __init__(self) -> None:
        super().__init__()
        self.colours = nn.AvgPool2d(2)
        self.mixed = nn.Sequential(nn.Conv2d(3, 2, 1, bias=False), nn.ReLU(), nn.AvgPool2d(4))
        self.head = nn.Linear(2, 2)
        with torch.no_grad():
            self.mixed[0].weight.copy_(torch.tensor([[1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]])[..., None, None])
            self.head.weight.copy_(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]))
            self.head.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.mixed(self.colours(x)).mean((2, 3)))
        return out


def warmth() -> ModelHandle:
    return models.wrap(
        Warmth().eval(),
        input_size=(3, 32, 32),
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        labels=("warm", "cold"),
        device="cpu",
        name="warmth",
    )


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("blocks"), np.random.default_rng(1)
    for i in range(40):
        Image.fromarray(block_picture(rng, i % 2)).save(root / f"{i:02}.png")
    return root


@pytest.fixture(scope="module")
def within(images: Path) -> Any:
    return explainers.explain("concept_within", warmth(), images=str(images), cls=0, k=2, parts=2)


def test_the_two_colours_of_the_warm_concept_are_found(within: Any) -> None:
    planted = np.array(COLOURS[:2], np.float32)
    assert (within.layer, within.earlier) == ("mixed", "colours")
    close = cosine(planted, within.dictionary)
    assert (close.max(1) > 0.95).all()
    assert sorted(close.argmax(1)) == [0, 1]


def test_parts_and_rest_add_to_the_whole(within: Any) -> None:
    assert within.share.sum() + within.rest == pytest.approx(1, abs=0.01)
    assert (np.diff(within.share) <= 0).all()
    np.testing.assert_allclose(
        within.fitted, within.codes @ within.weights + within.rest * within.target.mean(), rtol=1e-4
    )
    assert within.r2 > 0.5
    assert "the first of 2 parts explains" in within.sentence


def test_crops_are_cut_about_the_strongest_places(images: Path, within: Any) -> None:
    bank = explainers.explain("concepts", warmth(), images=str(images), cls=0, k=2)
    codes = bank.codes[..., within.concept]
    values = codes[tuple(within.cells.T)]
    assert (np.diff(values) <= 0).all()
    assert (values >= bank.threshold[within.concept]).all()
    assert np.bincount(within.cells[:, 0]).max() <= 3
    assert np.array_equal(within.cells, strongest(bank, within.concept))


def test_each_crop_shows_most_of_its_part(within: Any) -> None:
    for part, of in enumerate(within.crop_of):
        order = np.argsort(-within.codes[:, part], kind="stable")[: len(of)]
        assert np.array_equal(within.cells[order, 0], of)


def test_the_fit_is_that_of_a_world_made_so() -> None:
    codes = np.random.default_rng(0).random((50, 3))
    found = explain_by(codes, codes @ np.array([2.0, 0.0, 1.0]) + 0.5)
    np.testing.assert_allclose(found["weights"], [2, 0, 1], atol=1e-8)
    assert found["r2"] == pytest.approx(1)
    assert found["rest"] == pytest.approx(0.5 / found["target"].mean())
    assert explain_by(codes, np.zeros(50))["share"].sum() == 0


def test_the_earlier_layer_is_of_another_shape_and_comes_before() -> None:
    model = warmth()
    assert earlier(model, model.layer("mixed"), None).name == "colours"
    assert earlier(model, model.layer("mixed"), "mixed.1").name == "mixed.1"
    with pytest.raises(InputError, match=r"'mixed' does not come before 'mixed\.1'"):
        earlier(model, model.layer("mixed.1"), "mixed")
    first = colours()
    with pytest.raises(InputError, match=r"No layer comes before 'blocks\.0'"):
        earlier(first, first.layer("blocks.0"), None)
    assert earlier(first, first.layer("blocks.1"), None).name == "blocks.0", "a bank of a later layer"


def test_pictures_are_read_again_and_changed_ones_are_said(tmp_path: Path) -> None:
    rng, model = np.random.default_rng(2), warmth()
    for folder in ("a", "b"):  # the same names twice
        (tmp_path / folder).mkdir()
        for i in range(3):
            Image.fromarray(block_picture(rng, i % 2)).save(tmp_path / folder / f"{i}.png")
    params = explainers.find("concepts").params(images=str(tmp_path), cls=0, k=2)
    bank = explainers.explain("concepts", model, images=str(tmp_path), cls=0, k=2)
    again = reload(model, params, bank, [4, 1])
    assert [each.name for each in again] == [bank.files[4], bank.files[1]]
    Image.fromarray(block_picture(rng, 0)).save(tmp_path / "a" / "0.png")
    with pytest.raises(InputError, match=r"picture a/0\.png of these concepts has changed or is gone"):
        reload(model, params, bank, range(len(bank.files)))
    again = explainers.explain("concepts", model, images=str(tmp_path), cls=0, k=2)  # what Recompute does
    assert len(reload(model, params, again, range(len(again.files)))) == len(again.files)


def test_what_cannot_be_is_said(images: Path) -> None:
    chosen = {"images": str(images), "cls": 0, "k": 2}
    with pytest.raises(InputError, match="The bank has 2 concepts"):
        explainers.explain("concept_within", warmth(), concept=2, **chosen)
    with pytest.raises(InputError, match=r"is active in \d+ places only") as caught:
        explainers.explain("concept_within", warmth(), parts=10, **chosen | {"limit": 2})
    fewer = int(re.search(r"(\d+) places", str(caught.value))[1])
    assert len(explainers.explain("concept_within", warmth(), parts=fewer, **chosen | {"limit": 2}).share) == fewer


def test_evidence_knows_shuffled_crops(within: Any) -> None:
    lens = explainers.find("concept_within")
    fit = lens.evidence(warmth(), None, within, LocalRun(warmth())).scores[0]
    assert fit.value > fit.baselines["crops shuffled"] + 0.3
    assert fit.baselines["crops shuffled"] < 0.15
