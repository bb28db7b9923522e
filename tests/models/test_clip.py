"""CLIP as a classifier: its logits and sentences restated slowly, its cards, and words instead of waiting."""

import json
import sys
import time

import numpy as np
import pytest
import safetensors.torch
import torch
import torch.nn.functional as F
from PIL import Image

import models
from models import clip, clip_cards
from models.errors import InputError, NotReadyError, UnfitError
from tests.clips import LABELS, WHY, clip_file, tiny_clip, towers
from tests.explainers.nets import inputs, small_cnn

open_clip = pytest.importorskip("open_clip", reason=WHY)
KINDS = ("vit", "resnet", "timm")


def spoken(towers, sentences: list[str]) -> torch.Tensor:
    """Sentences by open_clip alone, over the whole context."""
    tokens = open_clip.tokenizer.SimpleTokenizer(context_length=16)(sentences)
    with torch.no_grad():
        return F.normalize(towers.encode_text(tokens), dim=1)


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_scaled_cosines_to_the_names(tmp_path, kind: str) -> None:
    model, theirs = tiny_clip(tmp_path, kind), towers(kind)
    names = spoken(theirs, ["a photo of a cat.", "a photo of a dog.", "a photo of a sofa."])
    x = inputs(model, 2)
    with torch.no_grad():
        wanted = theirs.logit_scale.exp() * F.normalize(theirs.visual(x), dim=1) @ names.T
        torch.testing.assert_close(model.network(x), wanted, rtol=1e-4, atol=1e-5)
    assert model.card.labels == LABELS
    assert model.card.mean == clip_cards.MEAN


def test_sentences_are_the_text_towers_whatever_is_read_beside_them(tmp_path) -> None:
    model = tiny_clip(tmp_path)
    sentences = ["a cat on a sofa", "a dog", "!", "a very long line of words about nothing at all"]
    reader = model.network.__dict__["reader"]
    torch.testing.assert_close(reader(sentences), spoken(towers("vit"), sentences), rtol=1e-4, atol=1e-6)
    one = clip.sentence(model, "a dog")
    torch.testing.assert_close(one, reader(sentences)[1], rtol=1e-4, atol=1e-6)
    assert float(one.norm()) == pytest.approx(1, abs=1e-5)
    assert not one.is_inference()
    with pytest.raises(InputError, match="has 22 tokens and the model reads 16; shorten it"):
        clip.sentence(model, "word " * 20)


def test_the_text_tower_is_no_part_of_what_is_explained(tmp_path) -> None:
    model = tiny_clip(tmp_path)
    assert {name.split(".")[0] for name, _ in model.network.named_parameters()} == {"visual", "names"}
    assert model.nbytes > sum(tensor.nbytes for tensor in towers("vit").text.parameters()), "but it takes memory"
    assert list(model.network.named_parameters())[-1][0] == "names.weight", "the head is what randomisation begins with"


@pytest.mark.parametrize(
    ("kind", "default", "shape", "prefix"),
    [
        ("vit", "visual.transformer.resblocks.1.ln_1", (24, 4, 4), 1),
        ("resnet", "visual.layer4", (256, 2, 2), 0),
        ("timm", "visual.trunk.layer4", None, 0),
    ],
)
def test_layers_of_every_tower(tmp_path, kind: str, default: str, shape, prefix: int) -> None:
    model = tiny_clip(tmp_path, kind)
    layer = model.layer(None)
    assert (layer.name, layer.prefix) == (default, prefix)
    assert layer.main
    assert shape in (None, layer.shape)
    assert sum(layer.main for layer in model.layers()) >= 4
    assert not [layer for layer in model.layers() if layer.name.startswith(("text", "names"))]
    body, tail = model.split("visual.transformer.resblocks.0" if kind == "vit" else default)
    x = inputs(model, 2)
    with torch.no_grad():
        torch.testing.assert_close(tail(body(x)), model.network(x), rtol=1e-4, atol=1e-4)


def test_a_tower_of_timms_transformers_is_read_before_its_class_token_is_all(tmp_path) -> None:
    config = {
        "embed_dim": 8,
        "text_cfg": {"width": 16, "heads": 2, "layers": 1},
        "vision_cfg": {"timm_model_name": "test_vit", "timm_pool": "token", "image_size": 160},
    }
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"")
    path.with_suffix(".json").write_text(json.dumps({"architecture": "clip/mine", "model_cfg": config}))
    layer = models.card(str(path)).layer(None)
    assert layer.name.startswith("visual.trunk.blocks.")
    assert layer.name.endswith(".norm1")
    assert layer.prefix == 1


def test_both_layouts_of_open_clips_names_load(tmp_path) -> None:
    new, old = (models.load(str(clip_file(tmp_path, old=old)), device="cpu") for old in (False, True))
    x = inputs(new, 1)
    with torch.no_grad():
        assert new.network(x).shape == old.network(x).shape == (1, 3)
    theirs = towers("vit", old=True)
    torch.testing.assert_close(clip.sentence(old, "a dog"), spoken(theirs, ["a dog"])[0], rtol=1e-4, atol=1e-6)


def test_a_checkpoint_of_a_training_loop_is_read(tmp_path) -> None:
    path = clip_file(tmp_path)
    right = models.load(str(path), device="cpu")
    state = {f"module.{name}": value for name, value in safetensors.torch.load_file(path).items()}
    torch.save({"epoch": 3, "name": "x", "state_dict": state, "optimizer": {"state": {}}}, path.with_suffix(".pt"))
    wrapped = models.load(str(path.with_suffix(".pt")), device="cpu")
    x = inputs(right, 1)
    with torch.no_grad():
        torch.testing.assert_close(wrapped.network(x), right.network(x))


def test_weights_that_do_not_fit_are_refused(tmp_path) -> None:
    path = clip_file(tmp_path)
    state = safetensors.torch.load_file(path)
    state["visual.conv1.weight"] = torch.zeros(3, 3, 3, 3)
    safetensors.torch.save_file(state, path)
    with pytest.raises(
        InputError, match=r"do not fit this architecture: size mismatch for conv1\.weight.*; correct 'arch"
    ):
        models.load(str(path), device="cpu")
    path.with_suffix(".json").write_text('{"architecture": "clip/tiny", "model_cfg": {"embed_dim": 3}}')
    with pytest.raises(InputError, match="holds embed_dim, vision_cfg and text_cfg"):
        models.card(str(path))


def test_the_digest_knows_the_names_of_the_classes(tmp_path) -> None:
    path = clip_file(tmp_path)
    first = models.card(str(path)).digest
    assert first == models.card(str(path)).digest == models.load(str(path), device="cpu").digest
    clip_file(tmp_path, labels=("cat", "dog", "chair"))
    assert models.card(str(path)).digest != first


def test_names_of_imagenet_by_default(tmp_path) -> None:
    path = clip_file(tmp_path)
    about = json.loads(path.with_suffix(".json").read_text())
    del about["label_names"]
    path.with_suffix(".json").write_text(json.dumps(about))
    model = models.load(str(path), device="cpu")
    assert len(model.card.labels) == 1000
    picture = np.full((40, 50, 3), 90, np.uint8)
    with torch.no_grad():
        logits = model.network(model.preprocess(picture)[None])
    assert len(logits.unique()) > 900


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("clip/ViT-B-33", "open_clip has no model 'ViT-B-33'; it has ViT-B"),
        ("clip/ViT-B-32/nonsense", "no weights 'nonsense' for ViT-B-32; it has: openai"),
        ("clip/ViT-B-16-SigLIP", "needs files beside its weights"),
        ("clip/coca_ViT-B-32", "needs files beside its weights"),
        ("clip/../../etc", "open_clip has no model"),
    ],
)
def test_names_that_are_not_there_are_refused(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        models.card(name)


def test_a_clip_that_is_not_here_says_so_quickly(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    start = time.monotonic()
    for name in ("clip/ViT-B-32", "clip/ViT-B-32/openai"):
        card = models.card(name)
        assert not card.ready
        assert card.digest == ""
        assert card.remedy == "Run `seewhy models --get clip/ViT-B-32/openai` while online."
        with pytest.raises(NotReadyError, match="not on this machine"):
            models.load(name, device="cpu")
    with pytest.raises(NotReadyError, match="could not be fetched"):
        models.fetch("clip/ViT-B-32/openai")
    assert time.monotonic() - start < 3
    assert set(clip_cards.names()) < set(models.names())


def test_without_the_extra_one_sentence_names_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(NotReadyError, match=r"pip install 'seewhy\[clip\]'"):
        models.card("clip/ViT-B-32")


def test_a_model_that_reads_no_words_names_one_that_does() -> None:
    with pytest.raises(UnfitError, match=r"small cnn reads no words; choose a CLIP such as clip/ViT-B-32"):
        clip.sentence(small_cnn(), "a cat")


@pytest.mark.parametrize("mode", ["shortest", "squash"])
def test_pictures_are_prepared_as_open_clip_prepares_them(tmp_path, mode: str) -> None:
    transform = pytest.importorskip("open_clip.transform", reason=WHY)
    path = clip_file(tmp_path)
    about = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**about, "preprocess_cfg": {"resize_mode": mode}}))
    pixels = np.random.default_rng(0).integers(0, 256, (60, 110, 3), np.uint8)
    right = transform.image_transform(32, is_train=False, resize_mode=mode)(Image.fromarray(pixels))
    ours = models.load(str(path), device="cpu").preprocess(pixels)
    torch.testing.assert_close(ours, right, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"resize_mode": "longest"}, "resize_mode of a CLIP cannot be 'longest'; use one of shortest, squash"),
        ({"colour_space": "BGR"}, "A CLIP's description has no field 'colour_space'; use size, mode"),
    ],
)
def test_what_is_not_honoured_is_refused_by_name(tmp_path, given: dict[str, str], words: str) -> None:
    path = clip_file(tmp_path)
    about = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**about, "preprocess_cfg": given}))
    with pytest.raises(InputError, match=words):
        models.card(str(path))
