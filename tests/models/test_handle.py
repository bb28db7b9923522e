"""Cards and handles: what the model sees is what timm would have shown it."""

import dataclasses

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config
from torch import nn

import models
from models.card import ModelCard
from models.errors import InputError
from models.handle import as_photo
from models.weights import state_digest
from tests.explainers.nets import SmallCnn, seeded, small_cnn


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(224, 224), (300, 451), (257, 190), (225, 224), (31, 500), (999, 613)])
@pytest.mark.parametrize(
    "name", ["efficientnet_lite0", "efficientnet_lite1", "timm/resnet50", "timm/vit_tiny_patch16_224"]
)
def test_pixels_equal_those_of_timm(name: str, size: tuple[int, int]) -> None:
    card = models.card(name)
    model = models.ModelHandle(nn.Identity(), card, torch.device("cpu"))
    arch = name.removeprefix("timm/") if "/" in name else f"tf_{name}"
    config = resolve_data_config(pretrained_cfg=timm.models.get_pretrained_cfg(arch).to_dict())
    picture = noise(*size)
    theirs = create_transform(**config)(Image.fromarray(picture))
    ours = model.preprocess(picture)
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-6)


def test_a_window_that_is_not_square_is_filled_from_the_nearer_side() -> None:
    card = dataclasses.replace(models.card(models.DEFAULT), input_size=(3, 64, 128), crop_pct=0.9)
    model = models.ModelHandle(nn.Identity(), card, torch.device("cpu"))
    config = {
        "input_size": (3, 64, 128),
        "crop_pct": 0.9,
        "mean": (0.5,) * 3,
        "std": (0.5,) * 3,
        "interpolation": "bicubic",
    }
    for size in ((100, 333), (333, 100), (77, 154)):
        theirs = create_transform(**config)(Image.fromarray(noise(*size)))
        torch.testing.assert_close(model.preprocess(noise(*size)), theirs, rtol=0, atol=2e-6)


def test_restore_undoes_preprocess() -> None:
    model = small_cnn(size=32)
    picture = noise(32, 32)
    np.testing.assert_array_equal(model.restore(model.preprocess(picture)), picture)
    np.testing.assert_array_equal(model.view(picture).pixels, picture)


def test_restore_rounds_and_clips() -> None:
    out = small_cnn().restore(torch.tensor([-3.0, 0.0, 3.0])[:, None, None].expand(3, 1, 1))
    assert out.tolist() == [[[0, 128, 255]]]


def test_pictures_come_as_path_pillow_array_or_photo(tmp_path) -> None:
    pixels = noise(20, 30)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    for given in (tmp_path / "a.png", str(tmp_path / "a.png"), Image.fromarray(pixels), pixels, models.Photo(pixels)):
        np.testing.assert_array_equal(as_photo(given).pixels, pixels)
    with pytest.raises(InputError, match="no file"):
        as_photo(tmp_path / "missing.png")


def test_wrap_keeps_the_network_and_names_what_is_wrong() -> None:
    network = seeded(SmallCnn())
    model = models.wrap(network, input_size=(3, 32, 32), labels=list("abcde"), device="cpu")
    assert model.network is network
    assert model.card.labels == tuple("abcde")
    assert model.digest == state_digest(network) == model.digest
    assert model.nbytes == sum(t.numel() * t.element_size() for t in network.state_dict().values())
    with pytest.raises(InputError, match="5 classes, but 3 labels"):
        models.wrap(network, input_size=(3, 32, 32), labels=list("abc"), device="cpu")
    with pytest.raises(InputError, match=r"logits \(batch, classes\); it gave \(1, 8, 16, 16\)"):
        models.wrap(network.stem, input_size=(3, 32, 32), device="cpu")


def test_digest_changes_with_every_weight() -> None:
    network = seeded(SmallCnn())
    before = state_digest(network)
    with torch.no_grad():
        network.head.bias[0] += 1e-6
    assert state_digest(network) != before


def test_targets_are_checked_with_the_range() -> None:
    card = small_cnn().card
    assert card.check_target(4) == 4
    for target in (-1, 5, 99999):
        with pytest.raises(InputError, match=f"no class {target}: choose one from 0 to 4"):
            card.check_target(target)


def test_a_device_that_is_not_there_is_refused() -> None:
    for device in ("cuda:77", "toaster"):
        with pytest.raises(InputError, match=f"no device '{device}'"):
            models.wrap(seeded(SmallCnn()), input_size=(3, 32, 32), device=device)


def test_card_lists_layers_without_weights() -> None:
    card = models.card("timm/resnet18")
    assert isinstance(card, ModelCard)
    assert card.layer(None).name == "layer4"
    assert card.layer(None).shape == (512, 7, 7)
    assert card.layer("layer1.0").shape == (64, 56, 56)


def test_what_a_grey_network_gets_is_what_pillow_calls_grey() -> None:
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    model = models.wrap(net, input_size=(1, 56, 56), mean=(0.13,), std=(0.31,), device="cpu")
    image = np.random.default_rng(0).integers(0, 255, (56, 56, 3), np.uint8)
    right = (np.asarray(models.Photo(image).pil().convert("L")) / 255 - 0.13) / 0.31
    np.testing.assert_allclose(model.preprocess(image)[0].numpy(), right, atol=1e-5)
    np.testing.assert_allclose(model.normalise(image[None])[0, 0].numpy(), right, atol=1e-5)
    seen = model.view(image).pixels
    assert (seen[..., :1] == seen).all(), "grey for people too"
    assert np.array_equal(model.restore(model.preprocess(image)), seen)


def test_colours_are_given_for_each_channel_or_one_for_all() -> None:
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    with pytest.raises(InputError, match="The network has 1 channels and mean has 3 values; give 1"):
        models.wrap(net, input_size=(1, 8, 8), mean=(0.1, 0.2, 0.3), device="cpu")
    assert models.wrap(net, input_size=(1, 8, 8), mean=(0.1,), device="cpu").card.mean == (0.1,)
    assert models.wrap(net, input_size=(1, 8, 8), device="cpu").card.mean == (0.5,)
