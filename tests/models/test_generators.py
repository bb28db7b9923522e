"""Generators: trained from a seed, resumed where they stopped, written as one file, refused for another classifier."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import models
from models.errors import InputError, UnfitError
from models.generators import file, train
from models.generators.encoder import Encoder
from models.generators.nets import Generator
from models.generators.plan import PLANS, Plan, plan_for
from models.generators.similarity import ssim
from tests.explainers.nets import small_cnn
from tests.models.test_small import fashion


class Stop(Exception):  # noqa: N818 - somebody pressed Ctrl-C
    """What ends a training half-way."""


def quiet(_share: float, _note: str) -> None:
    """Hears everything and says nothing."""


@pytest.fixture(scope="module")
def lenet() -> models.ModelHandle:
    return models.load("fashion_lenet", "cpu")


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fashion(tmp_path_factory.mktemp("bars") / "idx", 200)


@pytest.fixture(scope="module")
def generator(lenet: models.ModelHandle, bars: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("generator") / "g.safetensors"
    train.train(lenet, source=str(bars), out=out, judge=lenet, steps=60, report=quiet)
    return out


def test_it_learns_to_draw_what_was_encoded(lenet: models.ModelHandle, generator: Path) -> None:
    losses = load_file(generator)["record.losses"]
    trained = file.load(generator, lenet)
    pixels = np.zeros((2, 28, 28, 1), np.uint8)
    pixels[0, 4], pixels[1, 14] = 255, 255
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    drawn = trained.generator(Encoder(lenet, trained.about.plan)(x).h)
    assert drawn.shape == x.shape
    assert losses.shape == (2, 4)  # after step 50, and at the end
    assert float((drawn - x).abs().mean()) < float((drawn.flip(0) - x).abs().mean())


def test_a_stopped_training_goes_on_to_the_same_weights(
    lenet: models.ModelHandle, bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "KEEP", 2)
    monkeypatch.setattr(train, "SHOWN", 1)

    def stop(_share: float, note: str) -> None:
        if note.startswith("step 3"):
            raise Stop

    once, twice = tmp_path / "once.safetensors", tmp_path / "twice.safetensors"
    train.train(lenet, source=str(bars), out=once, steps=5, report=quiet)
    with pytest.raises(Stop):
        train.train(lenet, source=str(bars), out=twice, steps=5, report=stop)
    with pytest.raises(InputError, match="belongs to another training"):
        train.train(lenet, source=str(bars), out=twice, steps=6, report=quiet)
    train.train(lenet, source=str(bars), out=twice, steps=5, report=quiet)
    one, other = load_file(once), load_file(twice)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one if "losses" not in key)
    assert not list(tmp_path.glob("*.checkpoint.safetensors"))


def test_bad_input_is_one_sentence(lenet: models.ModelHandle, bars: Path, generator: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"written as \.safetensors"):
        train.train(lenet, source=str(bars), out=tmp_path / "g.pt", report=quiet)
    with pytest.raises(InputError, match="at least one step"):
        train.train(lenet, source=str(bars), out=tmp_path / "g.safetensors", steps=0, report=quiet)
    with pytest.raises(InputError, match="draws for fashion_lenet"):
        file.load(generator, small_cnn())
    (tmp_path / "torn.safetensors").write_bytes(generator.read_bytes()[:2000])
    with pytest.raises(InputError, match="cannot be read as a generator"):
        file.load(tmp_path / "torn.safetensors", lenet)
    with pytest.raises(UnfitError, match="There is no generator for"):
        file.path_of(small_cnn(), None)
    weights = models.card("fashion_lenet").path
    with pytest.raises(InputError, match="is no generator"):
        file.load(weights, lenet)


def test_any_classifier_with_maps_has_a_plan() -> None:
    model = small_cnn()
    plan, names = plan_for(model), [layer.name for layer in model.layers()]
    assert plan.layer == model.layer(None).name
    assert 0 < names.index(plan.lower) < names.index(plan.layer)
    assert all(own.first << len(own.widths) == own.side for own in (plan, *PLANS.values()))


def test_ssim_by_hand() -> None:
    """Of flat pictures only luminance is left: (2ab + C1) / (a^2 + b^2 + C1), to the weight of the last scale."""
    a, b = 0.2, 0.6
    one, other = torch.full((1, 1, 28, 28), a), torch.full((1, 1, 28, 28), b)
    expected = ((2 * a * b + 1e-4) / (a**2 + b**2 + 1e-4)) ** (0.3001 / (0.0448 + 0.2856 + 0.3001))
    assert float(ssim(one, other)) == pytest.approx(expected, rel=1e-4)
    noise = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert ssim(noise, noise).tolist() == pytest.approx([1.0, 1.0], abs=1e-5)
    assert float(ssim(noise[:1], noise[1:])) < 0.3


@pytest.mark.parametrize("path", sorted(file.WEIGHTS.glob("*.safetensors")), ids=lambda path: path.stem)
def test_what_ships_draws_for_its_classifier(path: Path) -> None:
    about = file.About.from_header(file.header(path), path.name)
    trained = file.load(path, models.load(about.base, "cpu"))
    assert trained.judge_title == models.card(about.judge).title
    assert models.card(about.judge).digest == about.judge_sha256
    assert path.stat().st_size < 8_000_000
    assert {"real", "learnt", "diversity", "losses", "start"} <= trained.record.keys()


def test_the_pixels_of_one_place_begin_alike() -> None:
    """Before training nothing that is drawn has a grid of the size of a place."""
    net = Generator(Plan("3", "1", 0, 28, (16, 8)), 12, 3)
    net.exit.bias.data.zero_()
    places = net(torch.randn(2, 12)).detach().view(2, 3, 14, 2, 14, 2)
    assert torch.allclose(places, places[:, :, :, :1, :, :1].expand_as(places), atol=1e-6)
    assert float(places.std()) > 1e-3
