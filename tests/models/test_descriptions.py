"""What a checkpoint says of itself: honoured whole, or refused by name with a remedy that works."""

import json
import re
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch

import models
from models import ModelHandle, labels
from models.errors import InputError


def keep(folder: Path, about: object, **arguments: object) -> Path:
    """A small network of three classes and its description, as a file of yours."""
    torch.manual_seed(0)
    network = timm.create_model("test_resnet", **{"num_classes": 3, **arguments})
    torch.save(network.state_dict(), folder / "net.pt")
    (folder / "net.json").write_text(json.dumps(about))
    return folder / "net.pt"


def loaded(folder: Path, about: dict, **arguments: object) -> ModelHandle:
    return models.load(str(keep(folder, {"architecture": "test_resnet", **about}, **arguments)), device="cpu")


def test_timms_own_config_is_honoured_whole(tmp_path) -> None:
    """As ``timm.models.save_for_hf`` writes it."""
    about = {
        "num_classes": 3,
        "num_features": 512,
        "global_pool": "max",
        "model_args": {"in_chans": 1},
        "label_names": ["n01", "n02", "n03"],
        "label_descriptions": {"n01": "tench", "n03": "shark"},
        "pretrained_cfg": {
            "input_size": [1, 96, 96],
            "crop_mode": "squash",
            "crop_pct": 0.9,
            "interpolation": "bilinear",
            "mean": [0.4],
            "std": [0.3],
            "tag": "mine",
            "custom_load": False,
            "pool_size": None,
        },
    }
    width = timm.create_model("test_resnet").num_features
    handle = loaded(tmp_path, {**about, "num_features": width}, in_chans=1, global_pool="max")
    card = handle.card
    assert card.labels == ("tench", "n02", "shark")
    assert (card.input_size, card.crop_mode, card.crop_pct) == ((1, 96, 96), "squash", 0.9)
    assert (card.interpolation, card.mean, card.std) == ("bilinear", (0.4,), (0.3,))
    assert handle.network.global_pool.pool_type == "max"
    assert handle.network(handle.preprocess(torch.zeros(50, 60, 3, dtype=torch.uint8).numpy())[None]).shape == (1, 3)


def test_the_older_form_of_timms_config_is_read_too(tmp_path) -> None:
    about = {"num_classes": 3, "input_size": [3, 64, 64], "crop_mode": "border", "labels": ["a", "b", "c"]}
    card = loaded(tmp_path, about).card
    assert (card.labels, card.input_size, card.crop_mode) == (("a", "b", "c"), (3, 64, 64), "border")


def test_the_image_size_of_model_args_is_that_of_the_pictures(tmp_path) -> None:
    torch.manual_seed(0)
    network = timm.create_model("test_vit", num_classes=3, img_size=96)
    torch.save(network.state_dict(), tmp_path / "net.pt")
    about = {"architecture": "test_vit", "num_classes": 3, "model_args": {"img_size": 96}}
    (tmp_path / "net.json").write_text(json.dumps(about))
    assert models.load(str(tmp_path / "net.pt"), "cpu").card.input_size == (3, 96, 96)


def test_a_grey_network_keeps_the_size_that_timm_has_for_its_architecture(tmp_path) -> None:
    about = {"num_classes": 3, "model_args": {"in_chans": 1}}
    usual = timm.get_pretrained_cfg("test_resnet").input_size
    assert loaded(tmp_path, about, in_chans=1).card.input_size == (1, *usual[1:])


def test_colours_of_another_number_of_channels_are_averaged_as_timm_averages_them(tmp_path) -> None:
    about = {"num_classes": 3, "model_args": {"in_chans": 1}, "mean": [0.485, 0.456, 0.406]}
    assert loaded(tmp_path, about, in_chans=1).card.mean == pytest.approx((0.449,))


def test_tables_in_a_header_are_read(tmp_path) -> None:
    path = tmp_path / "net.safetensors"
    header = {
        "format": "pt",
        "architecture": "test_resnet",
        "num_classes": "3",
        "label_names": '["a", "b", "c"]',
        "pretrained_cfg": '{"crop_mode": "squash"}',
    }
    torch.manual_seed(0)
    state = timm.create_model("test_resnet", num_classes=3).state_dict()
    safetensors.torch.save_file(state, path, header)
    card = models.load(str(path), "cpu").card
    assert (card.labels, card.crop_mode) == (("a", "b", "c"), "squash")


def test_null_is_not_said(tmp_path) -> None:
    about = {"num_classes": None, "label_names": ["a", "b", "c"], "pretrained_cfg": {"crop_mode": None}}
    assert loaded(tmp_path, about).card.labels == ("a", "b", "c")
    assert loaded(tmp_path, {"num_classes": 3}).card.labels == labels.numbered(3)


def test_another_description_makes_other_answers(tmp_path) -> None:
    cards = [loaded(tmp_path, {"num_classes": 3, "crop_mode": mode}).card for mode in ("center", "squash")]
    assert cards[0].digest == cards[1].digest, "the same weights"
    assert cards[0].about != cards[1].about


RIGHT = {"num_classes": 3}


@pytest.mark.parametrize(
    ("about", "words", "remedy"),
    [
        (
            {"num_classes": 3, "label_names": ["a", "b"]},
            r"says num_classes 3 and there are 2 names of classes; name each class once, or leave the names out",
            {"num_classes": 3, "label_names": ["a", "b", "c"]},
        ),
        ({"num_classes": "ten"}, "num_classes in 'net.json' must be a whole number from 0; it is 'ten'", RIGHT),
        ({"num_classes": 2.5}, "must be a whole number", RIGHT),
        ({"num_classes": True}, "must be a whole number", RIGHT),
        ({**RIGHT, "label_names": "abc"}, r"label_names in 'net.json' must be a list of names", RIGHT),
        ({**RIGHT, "label_names": [["a"]]}, r"label_names in 'net.json' must be a list of names", RIGHT),
        ({**RIGHT, "label_names": ["a", "b", "c"], "label_descriptions": ["x"]}, "must be a table", RIGHT),
        ({**RIGHT, "pretrained_cfg": "squash"}, "pretrained_cfg in 'net.json' must be a table", RIGHT),
        ({**RIGHT, "colour_space": "BGR"}, "has a field 'colour_space' that neither timm's", RIGHT),
        ({**RIGHT, "pretrained_cfg": {"resize_mode": "x"}}, "has a field 'resize_mode' that timm's", RIGHT),
        ({**RIGHT, "model_args": {"wings": 2}}, r"timm cannot make test_resnet as 'net.json' describes it", RIGHT),
        ({**RIGHT, "model_args": {"checkpoint_path": "/x"}}, "has 'checkpoint_path' in model_args", RIGHT),
        ({**RIGHT, "model_args": {"in_chans": 5}}, "has three channels, or one where it is grey", RIGHT),
        ({**RIGHT, "num_features": 7}, "says num_features 7 and test_resnet has", RIGHT),
        ({**RIGHT, "label_offset": 1}, "has a label_offset; save the network without", RIGHT),
    ],
)
def test_what_cannot_be_honoured_is_refused_in_words_that_help(tmp_path, about: dict, words: str, remedy: dict) -> None:
    with pytest.raises(InputError, match=words):
        loaded(tmp_path, about)
    assert len(loaded(tmp_path, remedy).card.labels) == 3


@pytest.mark.parametrize("names", [b"a\nb\n", b"a\nb\nc\nd\n"])
def test_a_list_of_names_of_the_wrong_length_is_refused(tmp_path, names: bytes) -> None:
    (tmp_path / "labels.txt").write_bytes(names)
    with pytest.raises(InputError, match="names of classes; name each class once"):
        loaded(tmp_path, {"num_classes": 3})


def test_a_list_of_names_in_any_letters_is_read(tmp_path) -> None:
    (tmp_path / "labels.txt").write_bytes(b"\xef\xbb\xbfkuh\nk\xe4se\r\nschaf\n")
    assert loaded(tmp_path, {"num_classes": 3}).card.labels == ("kuh", "k�se", "schaf")


def test_a_near_architecture_that_is_named_can_be_written(tmp_path) -> None:
    with pytest.raises(InputError, match=r"timm has no model 'test_resnett'\. Did you mean") as caught:
        models.load(str(keep(tmp_path, {"architecture": "test_resnett", "num_classes": 3})), "cpu")
    near = re.search(r"Did you mean (\S+?)[ ?]", str(caught.value))[1]
    assert near == "timm/test_resnet"
    assert loaded(tmp_path, {"architecture": near, "num_classes": 3}).card.labels == labels.numbered(3)
