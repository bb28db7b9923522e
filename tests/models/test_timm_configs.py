"""What timm's configs ask for reaches the network: our preprocessing is timm's own, on every config that timm has."""

from functools import lru_cache

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config
from torch import nn

import models
from models import ModelHandle, labels
from models.checkpoints.config import FIELDS, config_card
from models.errors import InputError
from models.imagesets.frame import frame

DECIDES = ("input_size", "crop_pct", "crop_mode", "interpolation", "mean", "std")
SIZES = [(300, 500), (411, 240), (97, 53)]  # rows and columns: lying, standing, small and odd


@lru_cache(maxsize=1)
def configs() -> dict[tuple, str]:
    """One pretrained model for each way in which timm prepares pictures."""
    facts = {name: timm.get_pretrained_cfg(name).to_dict() for name in timm.list_pretrained()}
    return {tuple(str(facts[name][key]) for key in DECIDES): name for name in facts}


def handle_of(card: models.ModelCard) -> ModelHandle:
    return ModelHandle(nn.Identity(), card, torch.device("cpu"))


def photo(size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(np.random.default_rng(sum(size)).integers(0, 256, (*size, 3), np.uint8))


def test_our_preprocessing_is_timms_on_every_pretrained_config() -> None:
    assert len(configs()) > 150
    assert {key[2] for key in configs()} == {"center", "squash", "border"}
    for place, name in enumerate(configs().values()):
        image = photo(SIZES[place % len(SIZES)])
        config = timm.get_pretrained_cfg(name).to_dict()
        right = create_transform(**resolve_data_config(pretrained_cfg=config), is_training=False)(image)
        ours = handle_of(models.card(f"timm/{name}")).preprocess(image)
        assert ours.shape == right.shape, name
        assert float((ours - right).abs().max()) < 1e-5, name


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
@pytest.mark.parametrize("crop", [0.9, 1.0, 1.15])
@pytest.mark.parametrize("size", [*SIZES, (64, 63), (2000, 40)])
@pytest.mark.parametrize("window", [(3, 64, 64), (3, 61, 90), (1, 64, 64)])
def test_every_mode_is_timms_at_odd_sizes_and_in_grey(mode: str, crop: float, size, window) -> None:
    mean, std = (0.4, 0.5, 0.6)[: window[0]], (0.2, 0.3, 0.25)[: window[0]]
    config = {"input_size": window, "crop_pct": crop, "crop_mode": mode, "mean": mean, "std": std}
    image = photo(size)
    fed = image if window[0] == 3 else image.convert("L")
    right = create_transform(**resolve_data_config(pretrained_cfg=config), is_training=False)(fed)
    handle = handle_of(config_card(config, "it", name="x", title="x", build=nn.Identity, fill=lambda *_: None))
    torch.testing.assert_close(handle.preprocess(image), right, rtol=0, atol=1e-5)
    assert handle.view(image).pixels.shape == (*window[1:], 3)
    assert np.array_equal(handle.restore(handle.preprocess(image)), handle.view(image).pixels)


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
def test_a_box_lies_where_its_pixels_are_seen(mode: str) -> None:
    pixels = np.zeros((120, 300, 3), np.uint8)
    pixels[30:90, 120:210] = 255
    config = {"input_size": (3, 64, 64), "crop_pct": 0.9, "crop_mode": mode, "mean": (0, 0, 0), "interpolation": "box"}
    handle = handle_of(config_card(config, "it", name="x", title="x", build=nn.Identity, fill=lambda *_: None))
    seen = handle.view(pixels).pixels[..., 0] > 127
    (box,) = handle.frame(pixels.shape).boxes(np.array([[120, 30, 210, 90]], float))
    rows, columns = np.nonzero(seen.any(1))[0], np.nonzero(seen.any(0))[0]
    assert (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) == pytest.approx(tuple(box), abs=1)


def test_what_is_padded_belongs_to_no_box() -> None:
    placed = frame((50, 100), (64, 64), 1.0, "border")
    assert (placed.resized, placed.top, placed.left) == ((32, 64), -16, 0)
    assert placed.boxes(np.array([[-np.inf, -np.inf, np.inf, np.inf]])).tolist() == [[0, 16, 64, 48]]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("crop_mode", "middle", "crop_mode in it cannot be 'middle'; use one of center, squash, border"),
        ("interpolation", "random", "interpolation in it cannot be 'random'; use one of nearest, bilinear"),
        ("crop_pct", 0, r"crop_pct in it must be a number from 0.01 to 10; it is 0\."),
        ("std", (0.2, 0, 0.2), "std in it must be a number from"),
        ("mean", "grey", "mean in it must be a number from 0 to 100; it is 'grey'"),
        ("input_size", (224, 224), r"input_size in it must be 3 whole numbers, as in \[3, 224, 224\]"),
        ("input_size", (3, 224, -1), "input_size in it must be a whole number from 1; it is -1"),
        ("input_size", (5, 224, 224), "has three channels, or one where it is grey; it asks for 5"),
        ("colour_space", "BGR", "it has a field 'colour_space' that timm's pretrained_cfg has not; leave it out"),
    ],
)
def test_a_field_that_cannot_be_honoured_is_refused_by_name(field: str, value: object, words: str) -> None:
    known = {"name": "x", "title": "x", "build": nn.Identity, "fill": lambda *_: None}
    with pytest.raises(InputError, match=words):
        config_card({field: value}, "it", **known)
    remedies = {name: timm.get_pretrained_cfg("resnet18").to_dict()[name] for name in (field,) if name in FIELDS}
    assert config_card(remedies, "it", **known).crop_mode == "center"


def test_classes_are_called_as_timm_calls_them() -> None:
    assert models.card("timm/vit_base_patch16_224.augreg_in21k").labels == labels.of_count(21843)
    assert models.card("timm/convnext_nano.in12k").labels[0] == "benthos"
    assert models.card("timm/resnet18.a1_in1k").labels == labels.imagenet()
    headless = models.card("timm/vit_small_patch14_reg4_dinov2.lvd142m").labels
    assert headless == labels.NONE
