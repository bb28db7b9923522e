"""What an error of `models` advises is done here, and helps: an advice that was never tried is worth nothing."""

import io
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from huggingface_hub import try_to_load_from_cache
from PIL import Image
from torch import Tensor, nn

import explainers
import models
from explainers.kit import tail
from models import clip_cards, menagerie, weights
from models.checkpoints.state import tables
from models.errors import InputError, NotReadyError, SeewhyError, StorageError, UnfitError
from models.imagesets import datasets, image_folder, open_upload, sample
from models.imagesets.folder import listed, texts
from models.imagesets.imageset import image_set
from models.menagerie import nets, pool
from models.split import split
from models.training.file import read, write
from tests.explainers.nets import small_cnn


def said(call: Callable[[], object], kind: type[SeewhyError] = InputError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "name", ["efficientnet_lite9", "menagerie_cnm", "timm/resnet5o", "resnet50", "timm/vit_base_16"]
)
def test_near_names_are_those_of_models(name: str) -> None:
    words = said(lambda: models.card(name))
    near = re.search(r"Did you mean (.+?)\?", words)[1].split(" or ")
    assert near
    assert all(models.card(other).labels for other in near)


def test_a_tag_that_is_left_away_names_the_default_weights() -> None:
    assert "leave the tag away" in said(lambda: models.card("timm/resnet18.nothing"))
    assert models.card("timm/resnet18").labels


def test_a_list_that_is_pointed_to_is_there() -> None:
    assert said(lambda: models.card("timm/!?")).endswith("`seewhy models` lists some.")
    assert len(list(models.cards())) > 5


def test_no_model_is_fetched_that_no_hub_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of timm's architectures have no weights: there `--get` would be a wrong advice."""
    bare = next(name for name in timm.list_models() if not timm.get_pretrained_cfg(name).hf_hub_id)
    card = models.card(f"timm/{bare}")
    assert card.remedy.startswith("timm's hub has none for it: train your own")
    assert "--get" not in said(lambda: models.fetch(f"timm/{bare}"), NotReadyError)
    assert (
        models.card("timm/resnet18").remedy.startswith("Run `seewhy models --get timm/resnet18`")
        or models.card("timm/resnet18").ready
    )


def test_where_the_hub_has_no_safetensors_the_other_file_is_fetched(monkeypatch, tmp_path) -> None:
    from huggingface_hub.errors import EntryNotFoundError

    asked = []

    def download(_repo: str, filename: str) -> Path:
        asked.append(filename)
        if filename.endswith(".safetensors"):
            raise NotReadyError("x") from EntryNotFoundError("404")
        return tmp_path

    monkeypatch.setattr(weights, "download", download)
    assert weights.download_first([("r", "model.safetensors"), ("r", "pytorch_model.bin")]) == tmp_path
    assert asked == ["model.safetensors", "pytorch_model.bin"]


def test_the_hubs_folder_copied_from_elsewhere_makes_a_model_ready(monkeypatch, tmp_path) -> None:
    cache, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    repo, commit = "timm/resnet18.a1_in1k", "0" * 40
    words = said(lambda: models.fetch("timm/resnet18.a1_in1k"), NotReadyError)
    folder = re.search(r"copy the folder '(.+?)'", words)[1]
    assert words.endswith(f"into {cache}.")
    snapshot = elsewhere / folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (elsewhere / folder / "refs").mkdir()
    (elsewhere / folder / "refs" / "main").write_text(commit)
    torch.manual_seed(0)
    state = timm.create_model("resnet18").state_dict()
    safetensors.torch.save_file(state, snapshot / "model.safetensors")
    shutil.copytree(elsewhere / folder, cache / folder)
    found = partial(try_to_load_from_cache, cache_dir=cache)  # its default is fixed when it is imported
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", found)
    assert models.card(f"timm/{repo.partition('/')[2]}").ready
    loaded = models.load("timm/resnet18.a1_in1k", "cpu").network.state_dict()
    assert torch.equal(loaded["conv1.weight"], state["conv1.weight"])


def test_every_device_that_is_named_can_be_used() -> None:
    words = said(lambda: weights.device("tpu"))
    named = re.search(r"use (.+)\.$", words)[1].split(" or ")
    assert named[0] == "cpu"
    assert [str(weights.device(name)) for name in named] == named


def test_a_file_that_is_named_is_read(tmp_path: Path) -> None:
    assert "give the path of a .safetensors or .pt file" in said(lambda: models.card(str(tmp_path / "gone.pt")))
    assert "'architecture'" in said(lambda: models.card(str(damaged(tmp_path)))).replace('"', "'")
    torch.save(timm.create_model("test_resnet", num_classes=2).state_dict(), tmp_path / "net.pt")
    (tmp_path / "net.json").write_text('{"architecture": "test_resnet", "label_names": ["a", "b"]}')
    assert models.load(str(tmp_path / "net.pt"), "cpu").card.labels == ("a", "b")


def damaged(folder: Path) -> Path:
    (folder / "damaged.pt").write_bytes(b"PK nothing")
    return folder / "damaged.pt"


def test_a_damaged_file_saved_again_is_read(tmp_path: Path) -> None:
    path = damaged(tmp_path)
    assert "best as .safetensors" in said(lambda: tables(path))
    safetensors.torch.save_file({"a": torch.zeros(1)}, tmp_path / "again.safetensors")
    assert tables(tmp_path / "again.safetensors")[0].tensors.keys() == {"a"}
    torch.save([1, 2], path)
    assert "save model.state_dict()" in said(lambda: tables(path))
    torch.save(nn.Linear(1, 1).state_dict(), path)
    assert tables(path)[0].tensors.keys() == {"weight", "bias"}


def test_a_layer_that_is_listed_can_be_chosen() -> None:
    card = models.card("timm/vit_base_patch16_224")
    listed_names = re.search(r"choose one of: (.+)\.$", said(lambda: card.layer("nothing")))[1].split(", ")
    assert len(listed_names) == 12
    assert all(card.layer(name).name == name for name in listed_names)


class Around(nn.Module):
    """A layer at the top of the network with a path around it: the block itself is the whole network."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.side = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 1, 1)
        self.last, self.head = nn.Conv2d(8, 8, 3, 2, 1), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.head(self.last(x + self.side(x)).mean((2, 3)))


def test_the_layer_that_is_advised_is_another_one_and_can_be_cut() -> None:
    torch.manual_seed(0)
    network, probe = Around().eval(), torch.randn(1, 3, 32, 32)
    advised = re.search(r"choose '(.+)'\.$", said(lambda: split(network, "side", probe)))[1]
    assert advised != "side"
    body, tail = split(network, advised, probe)
    torch.testing.assert_close(tail(body(probe)), network(probe))


def test_the_block_that_is_advised_can_be_cut() -> None:
    torch.manual_seed(0)
    network, probe = timm.create_model("resnet18").eval(), torch.randn(1, 3, 64, 64)
    advised = re.search(r"the block itself \('(.+)'\)", said(lambda: split(network, "layer3.0.conv1", probe)))[1]
    body, tail = split(network, advised, probe)
    torch.testing.assert_close(tail(body(probe)), network(probe), rtol=1e-3, atol=1e-3)


def test_a_layer_that_runs_is_another_layer() -> None:
    model = small_cnn()
    model.network.spare = nn.Conv2d(3, 3, 1)
    probe = torch.randn(1, 3, 64, 64)
    assert said(lambda: split(model.network, "spare", probe)).endswith("choose another layer.")
    assert split(model.network, "stage", probe)


def test_a_class_of_the_range_exists() -> None:
    card = small_cnn().card
    low, high = map(int, re.search(r"from (\d+) to (\d+)", said(lambda: card.check_target(5))).groups())
    assert [card.check_target(low), card.check_target(high)] == [0, 4]


def test_clips_that_are_named_are_known() -> None:
    pytest.importorskip("open_clip")
    words = said(lambda: clip_cards.card("clip/ViT-B-33"))
    for name in re.search(r"it has (.+) and others", words)[1].split(", "):
        assert clip_cards._config(name)
    tags = re.search(r"it has: (.+)\.$", said(lambda: clip_cards.card("clip/ViT-B-32/nothing")))[1].split(", ")
    assert all(clip_cards.card(f"clip/ViT-B-32/{tag}").labels for tag in tags)
    assert "choose one as clip/ViT-B-32" in said(lambda: clip_cards.card("clip/ViT-B-16-SigLIP"))
    assert clip_cards.card("clip/ViT-B-32").labels


class SideBySide(nn.Module):
    """Two ways from the picture to the answer that meet in a number, as in CrossViT: nowhere can it be cut."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(3, 8, 5, 4, 2)
        self.heads = nn.ModuleList([nn.Linear(8, 3), nn.Linear(8, 3)])

    def forward(self, x: Tensor) -> Tensor:
        ways = (self.left(x).relu(), self.right(x).relu())
        return torch.stack([head(way.mean((2, 3))) for head, way in zip(self.heads, ways, strict=True)]).mean(0)


def test_a_network_without_concepts_has_the_map_that_is_advised() -> None:
    torch.manual_seed(0)
    handle = models.wrap(SideBySide(), input_size=(3, 32, 32), device="cpu")
    assert "choose a heat map, such as Grad-CAM" in said(lambda: tail.pick(handle, None), UnfitError)
    assert explainers.explain("gradcam", handle, image=Image.new("RGB", (32, 32))).cam.shape == (8, 8)


def test_a_network_without_maps_is_told_so_and_has_methods_of_pixels() -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 3))
    torch.manual_seed(0)
    handle = models.wrap(flat, input_size=(3, 32, 32), device="cpu")
    assert "no layer with a map" in said(lambda: tail.pick(handle, None))
    assert "methods of pixels" in handle.findings.remarks[0]
    picture = Image.new("RGB", (32, 32), (9, 90, 200))
    assert explainers.explain("saliency", handle, image=picture, method="saliency").attribution.any()


# --- pictures -----------------------------------------------------------------------------------------------------

SMALL = Image.new("RGB", (20, 10), (9, 90, 200))


@pytest.mark.parametrize(
    ("given", "advice", "instead"),
    [
        (b"", "save it anew", encode(SMALL, "PNG")),
        (b"%PDF-1.7\n" + bytes(100), "save it as PNG, JPEG, HEIC, WebP, GIF, BMP, TIFF or AVIF", encode(SMALL, "AVIF")),
        (encode(SMALL, "PNG")[:45], "save, copy or download it again", encode(SMALL, "PNG")),
        (encode(Image.new("LAB", (4, 4)), "TIFF"), "save it as RGB", encode(SMALL, "TIFF")),
        (
            encode(Image.fromarray(np.full((4, 4), 7e4, np.float32)), "TIFF"),
            "save it as 16-bit",
            encode(Image.fromarray(np.full((4, 4), 60_000, np.uint16)), "TIFF"),
        ),
        (encode(Image.new("L", (1, 500)), "PNG"), "crop it to the part", encode(Image.new("L", (1, 90)), "PNG")),
        (
            encode(Image.new("1", (9000, 8000)), "PNG"),
            "2000 pixels on its longer side",
            encode(Image.new("1", (2000, 1777)), "PNG"),
        ),
        (encode(SMALL, "PNG") + bytes(50_000_000), "make it smaller, or save it as JPEG", encode(SMALL, "JPEG")),
    ],
    ids=["empty", "pdf", "cut", "lab", "values", "strip", "large", "bytes"],
)
def test_a_picture_that_is_made_as_advised_comes_in(given: bytes, advice: str, instead: bytes) -> None:
    assert advice in said(lambda: open_upload(given, "x"))
    assert open_upload(instead, "x").pixels.size


def test_a_jpeg_saved_plain_comes_in() -> None:
    data = encode(SMALL, "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    assert "save it as a plain JPEG or PNG" in said(
        lambda: open_upload(data[:at] + data[at:-2] * 200 + b"\xff\xd9", "x")
    )
    assert open_upload(encode(SMALL, "JPEG"), "x").pixels.size


def test_an_array_of_the_shape_that_is_asked_for_is_a_picture() -> None:
    assert "uint8 (height, width, 3)" in said(lambda: models.Photo(np.zeros((4, 4), np.uint8)))
    assert models.Photo(np.zeros((4, 4, 3), np.uint8)).digest


def test_samples_that_are_listed_are_there() -> None:
    names = re.search(r"choose one of: (.+)\.$", said(lambda: sample("nothing")))[1].split(", ")
    assert all(sample(name).pixels.size for name in names)


def test_folders_as_advised_are_read(tmp_path: Path) -> None:
    empty, good = tmp_path / "empty", tmp_path / "good"
    for folder in (empty, good / "cats"):
        folder.mkdir(parents=True)
    (good / "cats" / "a.png").write_bytes(encode(SMALL, "PNG"))
    (good / "boxes.csv").write_text("file,box\n")
    for call in (image_folder, listed):
        assert "give another folder" in said(lambda call=call: call(empty))
        assert "give a folder of pictures" in said(lambda call=call: call(tmp_path / "gone"))
        assert call(good)
    assert "must be at least 1" in said(lambda: image_folder(good, 0))
    assert image_folder(good, 1).labels == ("cats",)
    assert "that ends in .csv" in said(lambda: texts(good, (".csv",), "cats/a.png"))
    assert texts(good, (".csv",), "boxes.csv")


def test_images_that_are_named_are_known() -> None:
    model = models.load("menagerie_cnn", "cpu")
    names = re.search(r"one of (.+)\.$", said(lambda: image_set("", model, 0)))[1].split(", ")
    assert set(names) == {"menagerie", "menagerie_biased", *datasets.DATASETS}
    assert len(image_set(names[0], model, 0, most=4))
    known = re.search(r"there are: (.+)\.$", said(lambda: datasets.find("nothing")))[1].split(", ")
    assert all(datasets.find(name).name == name for name in known)


# --- the menagerie ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "advice", "right"),
    [
        (lambda: pool.scenes(0, 0), "give a count from 1", lambda: pool.scenes(1, 0)),
        (lambda: pool.scenes(1, -1), "give one in that range", lambda: pool.scenes(1, 2**31 - 1)),
        (lambda: menagerie.render(menagerie.scenes(1, 0)[0], 1), "give a side from", lambda: rendered(32)),
        (lambda: nets.spec("nothing"), "use one of menagerie_cnn", lambda: nets.spec("menagerie_cnn")),
        (lambda: pool.scenes(1, 0, world=9), "use one of 1, 2", lambda: pool.scenes(1, 0, world=2)),
        (lambda: menagerie.scenes(1, True), "give one in that range", lambda: menagerie.scenes(1, 1)),
    ],
)
def test_numbers_and_names_as_advised_are_taken(wrong: Callable, advice: str, right: Callable) -> None:
    assert advice in said(wrong)
    assert right()


def rendered(size: int) -> object:
    return menagerie.render(menagerie.scenes(1, 0)[0], size)


def test_a_checkpoint_that_is_deleted_or_written_elsewhere_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "half.safetensors"
    file.write_bytes(b"nothing")
    assert "delete it" in said(lambda: read(file))
    file.unlink()
    write({"a": torch.zeros(1)}, file, {"step": "1"})
    assert read(file)[0] == {"step": "1"}
    blocked = file / "x.safetensors"
    assert "choose another --out" in said(lambda: write({"a": torch.zeros(1)}, blocked, {}), StorageError)
    write({"a": torch.zeros(1)}, tmp_path / "other" / "x.safetensors", {})
    assert (tmp_path / "other" / "x.safetensors").is_file()
