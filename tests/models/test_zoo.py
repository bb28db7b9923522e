"""The zoo: cards before weights, loading by position, words instead of waiting."""

import json
import time

import numpy as np
import pytest
import safetensors.torch
import timm
import torch

import models
from models import labels, zoo
from models.errors import InputError, NotReadyError


@pytest.mark.parametrize("size", [0, 1, 2])
def test_the_lites_are_ready_and_load_by_position(size: int) -> None:
    card = models.card(f"efficientnet_lite{size}")
    assert card.ready
    assert card.licence == "Apache-2.0"
    assert len(card.digest) == 64
    assert card.mean == card.std == (0.5, 0.5, 0.5)
    model = models.load(card.name, device="cpu")
    theirs = torch.load(card.path, weights_only=True)
    assert torch.equal(model.network.conv_stem.weight, theirs["_conv_stem.weight"])
    assert torch.equal(model.network.classifier.bias, theirs["_fc.bias"])
    assert torch.equal(model.network.bn2.running_var, theirs["_bn1.running_var"])
    assert not model.network.training
    assert model.layer(None).name == "bn2"


def test_the_default_model_knows_a_cat() -> None:
    model = models.load(models.DEFAULT, device="cpu")
    skimage = pytest.importorskip("skimage.data")
    with torch.inference_mode():
        best = int(model.network(model.preprocess(skimage.chelsea())[None]).argmax())
    assert best in (281, 282, 285)
    assert "cat" in model.card.labels[best].lower()


def test_every_card_can_be_made_without_weights() -> None:
    found = list(models.cards())
    assert [card.name for card in found] == list(models.names())
    for card in found:
        assert card.ready or card.remedy
        assert len(card.labels) > 1 or not card.has_classes
        assert card.input_size[0] in (1, 3)


def test_a_model_that_is_not_here_says_so_quickly(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    start = time.monotonic()
    card = models.card("timm/resnet50")
    assert not card.ready
    assert card.digest == ""
    with pytest.raises(NotReadyError, match=r"timm/resnet50 are not on this machine\. Run `seewhy models --get"):
        models.load("timm/resnet50", device="cpu")
    with pytest.raises(NotReadyError, match="could not be fetched"):
        models.fetch("timm/resnet50")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("efficientnet_lite9", "Did you mean efficientnet_lite"),
        ("timm/resnet5o", "Did you mean timm/resnet50"),
        ("timm/resnet50.nonsense", "no weights 'nonsense'"),
        ("timm/../../etc", "timm has no model"),
        ("missing.safetensors", "no file 'missing.safetensors'"),
    ],
)
def test_unknown_names_are_refused_with_near_ones(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        models.load(name)


def small_resnet() -> torch.nn.Module:
    torch.manual_seed(0)
    return timm.create_model("test_resnet", num_classes=3).eval()


def test_a_checkpoint_of_yours_with_a_description_beside_it(tmp_path) -> None:
    network, path = small_resnet(), tmp_path / "mine.safetensors"
    safetensors.torch.save_file(network.state_dict(), path)
    with pytest.raises(InputError, match=r"Which architecture is 'mine.safetensors'\? Put a file 'mine.json'"):
        models.card(str(path))
    path.with_suffix(".json").write_text(json.dumps({"architecture": "test_resnet", "label_names": ["a", "b", "c"]}))
    model = models.load(str(path), device="cpu")
    assert model.card.labels == ("a", "b", "c")
    x = torch.zeros(1, *model.card.input_size)
    with torch.no_grad():
        torch.testing.assert_close(model.network(x), network(x))


def test_a_pt_file_with_a_labels_file(tmp_path) -> None:
    path = tmp_path / "mine.pt"
    torch.save({"state_dict": small_resnet().state_dict()}, path)
    path.with_suffix(".json").write_text('{"architecture": "test_resnet"}')
    (tmp_path / "labels.txt").write_text("x\ny\n\nz\n")
    assert models.load(str(path), device="cpu").card.labels == ("x", "y", "z")


def test_a_description_inside_the_safetensors_file(tmp_path) -> None:
    path = tmp_path / "mine.safetensors"
    safetensors.torch.save_file(small_resnet().state_dict(), path, {"architecture": "test_resnet", "num_classes": "3"})
    assert models.load(str(path), device="cpu").card.labels == labels.numbered(3)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ('{"architecture": "resnet18", "num_classes": 3}', "do not fit this architecture"),
        ('{"architecture": "no_such_net"}', "timm has no model 'no_such_net'"),
        ("{", "not valid JSON"),
        ("[]", "Which architecture"),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(tmp_path, about: str, words: str) -> None:
    path = tmp_path / "mine.safetensors"
    safetensors.torch.save_file(small_resnet().state_dict(), path)
    path.with_suffix(".json").write_text(about)
    with pytest.raises(InputError, match=words):
        models.load(str(path), device="cpu")


def test_position_check_refuses_another_network(tmp_path) -> None:
    path = tmp_path / "other.safetensors"
    state = {name: tensor for name, tensor in small_resnet().state_dict().items() if "fc" not in name}
    safetensors.torch.save_file(state, path)
    with pytest.raises(InputError, match="not the network it should be"):
        zoo.weights.fill_by_position(small_resnet(), path)


def test_loading_twice_gives_the_same_digest_and_logits() -> None:
    first, second = (models.load(models.DEFAULT, device="cpu") for _ in range(2))
    picture = np.full((50, 60, 3), 90, np.uint8)
    with torch.inference_mode():
        a, b = (model.network(model.preprocess(picture)[None]) for model in (first, second))
    assert torch.equal(a, b)
    assert first.digest == second.digest
