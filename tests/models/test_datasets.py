"""Data sets of torchvision: read by its classes from folders as it leaves them, fetched only when asked."""

import errno
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from torchvision.datasets import Flowers102

import models
from models.errors import InputError, NotReadyError, StorageError
from models.imagesets import datasets
from models.imagesets.imageset import UNKNOWN, content_digest, image_set, sources
from models.labels import imagenet
from tests.explainers.nets import small_cnn


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEEWHY_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def photo(path: Path, grey: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 36), (grey, grey, grey)).save(path)


def imagenette(root: Path) -> None:
    for wordnet in ("n01440764", "n02979186", "n03888257"):
        photo(root / "imagenette2-320" / "train" / wordnet / f"{wordnet}_1.JPEG")
        photo(root / "imagenette2-320" / "val" / wordnet / f"ILSVRC2012_val_{wordnet}.JPEG")


def pets(root: Path) -> None:
    listed = {"trainval": ("Persian_1", "yorkshire_terrier_12"), "test": ("german_shorthaired_3", "Egyptian_Mau_7")}
    numbers = {"Persian_1": 24, "yorkshire_terrier_12": 37, "german_shorthaired_3": 16, "Egyptian_Mau_7": 12}
    for split, names in listed.items():
        lines = [f"{name} {numbers[name]} 1 1" for name in names]
        for name in names:
            photo(root / "oxford-iiit-pet" / "images" / f"{name}.jpg")
        (root / "oxford-iiit-pet" / "annotations").mkdir(exist_ok=True)
        (root / "oxford-iiit-pet" / "annotations" / f"{split}.txt").write_text("\n".join(lines))


def flowers(root: Path) -> None:
    base = root / "flowers-102"
    for number in range(1, 7):
        photo(base / "jpg" / f"image_{number:05d}.jpg", 10 * number)
    savemat(base / "setid.mat", {"trnid": [1, 2], "valid": [3, 4], "tstid": [5, 6]})
    savemat(base / "imagelabels.mat", {"labels": [54, 1, 29, 54, 54, 2]})  # 54 sunflower, 29 artichoke


@pytest.fixture
def any_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torchvision checks the digests of the real label files; ours are small."""
    monkeypatch.setattr(Flowers102, "_file_dict", {k: (n, None) for k, (n, _) in Flowers102._file_dict.items()})


def handle(labels: tuple[str, ...]) -> models.ModelHandle:
    network = small_cnn(classes=len(labels)).network
    return models.wrap(network, input_size=(3, 32, 32), labels=labels, device="cpu")


def labels_of(name: str, labels: tuple[str, ...]) -> dict[str, str]:
    """Label in words of each picture; empty where nothing is said."""
    found = image_set(name, handle(labels), 0)
    told = {}
    for (file, read), label in zip(found.items, found.labels, strict=True):
        picture = read()
        assert picture.label == label
        assert picture.pixels.shape == (32, 32, 3)
        told[Path(file).name] = "" if label == UNKNOWN else labels[label].split(",")[0]
    return told


def test_imagenette_is_read_by_wordnet_id_and_by_name(data: Path) -> None:
    imagenette(data / "imagenette")
    assert sources()["imagenette"].ready
    told = labels_of("imagenette", imagenet())
    assert told["n01440764_1.JPEG"] == "tench"
    assert set(told.values()) == {"tench", "cassette player", "parachute"}
    assert len(told) == 6, "both splits"
    told = labels_of("imagenette", ("golf ball", "chute", "Tinca tinca"))
    assert set(told.values()) == {"chute", "Tinca tinca", ""}


def test_pets_are_matched_with_imagenets_longer_names(data: Path) -> None:
    pets(data / "oxford_pets")
    told = labels_of("oxford_pets", imagenet())
    assert told["Persian_1.jpg"] == "Persian cat"
    assert told["yorkshire_terrier_12.jpg"] == "Yorkshire terrier"
    assert told["german_shorthaired_3.jpg"] == "German short-haired pointer"
    assert told["Egyptian_Mau_7.jpg"] == "", "ImageNet's Egyptian cat is not only this breed"


@pytest.mark.usefixtures("any_digest")
def test_flowers_are_named_where_the_model_knows_them(data: Path) -> None:
    flowers(data / "flowers102")
    told = labels_of("flowers102", ("sunflower", "globe artichoke, artichoke", "daisy"))
    assert sorted(told.values()) == ["", "", "globe artichoke", "sunflower", "sunflower", "sunflower"]


def test_those_of_the_class_come_first_where_not_all_can_be_looked_at(data: Path) -> None:
    imagenette(data / "imagenette")
    wanted = imagenet().index(next(name for name in imagenet() if name.startswith("parachute")))
    found = image_set("imagenette", handle(imagenet()), wanted, most=3)
    assert [label == wanted for label in found.labels] == [True, True, False]


def test_what_is_not_here_is_said_with_the_remedy() -> None:
    known = sources()
    assert list(known) == ["menagerie", "menagerie_biased", "imagenette", "flowers102", "oxford_pets"]
    assert [each.ready for each in known.values()] == [True, True, False, False, False]
    for name in datasets.DATASETS:
        assert known[name].remedy == f"seewhy images --get {name}"
        with pytest.raises(InputError, match=f"not on this machine; get it with `seewhy images --get {name}`"):
            image_set(name, small_cnn(), 0)
        assert content_digest(name) == ""
    with pytest.raises(InputError, match="there are: imagenette"):
        datasets.fetch("imagenet")


def test_a_damaged_data_set_is_said_with_the_remedy(data: Path) -> None:
    (data / "oxford_pets" / "oxford-iiit-pet" / "images").mkdir(parents=True)
    with pytest.raises(InputError, match=r"is damaged .* remove that folder"):
        image_set("oxford_pets", small_cnn(), 0)


def test_offline_is_one_sentence_at_once(data: Path) -> None:
    began = time.monotonic()
    for name in datasets.DATASETS:
        with pytest.raises(NotReadyError, match=f"'{name}' could not be fetched from .*check the connection"):
            datasets.fetch(name)
    assert time.monotonic() - began < 2
    assert not data.exists(), "nothing is left behind"


def fake(monkeypatch: pytest.MonkeyPatch, get: Any) -> None:
    monkeypatch.setattr(datasets, "_reach", lambda _url: None)
    one = replace(datasets.DATASETS["imagenette"], get=get)
    monkeypatch.setattr(datasets, "DATASETS", {"imagenette": one})


def test_it_is_there_only_when_all_of_it_is(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(root: Path) -> None:
        (root / "imagenette2-320" / "train").mkdir(parents=True)
        raise ConnectionResetError("cut")

    fake(monkeypatch, half)
    with pytest.raises(NotReadyError, match="could not be fetched"):
        datasets.fetch("imagenette")
    assert not datasets.find("imagenette").ready

    def whole(root: Path) -> None:
        assert not list(root.iterdir()), "begun anew"
        (root / "imagenette2-320.tgz").write_bytes(b"archive")
        imagenette(root)

    fake(monkeypatch, whole)
    assert datasets.fetch("imagenette").ready
    assert [path.name for path in (data / "imagenette").iterdir()] == ["imagenette2-320"], "the archive is let go"
    assert content_digest("imagenette").startswith("imagenette:")
    fake(monkeypatch, half)
    assert datasets.fetch("imagenette").ready, "what is here is not fetched again"


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_root: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    fake(monkeypatch, full)
    with pytest.raises(StorageError, match="cannot take 342 MB"):
        datasets.fetch("imagenette")


def test_a_damaged_data_set_that_is_removed_and_got_again_is_read(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "oxford_pets" / "oxford-iiit-pet" / "images").mkdir(parents=True)
    with pytest.raises(InputError, match="remove that folder and get it again") as caught:
        image_set("oxford_pets", small_cnn(), 0)
    shutil.rmtree(re.search(r"in '(.+?)' is damaged", str(caught.value))[1])
    monkeypatch.setattr(datasets, "_reach", lambda _url: None)
    monkeypatch.setattr(datasets, "DATASETS", {"oxford_pets": replace(datasets.DATASETS["oxford_pets"], get=pets)})
    datasets.fetch("oxford_pets")
    assert len(image_set("oxford_pets", small_cnn(), 0)) == 4


def test_a_data_set_copied_to_where_it_is_said_is_read(data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    imagenette(elsewhere)
    with pytest.raises(NotReadyError) as caught:
        datasets.fetch("imagenette")
    folder, place = re.search(
        r"copy the folder '(.+)' as torchvision leaves it into '(.+)'", str(caught.value)
    ).groups()
    shutil.copytree(elsewhere / folder, Path(place) / folder)
    assert len(image_set("imagenette", handle(imagenet()), 0)) == 6


def test_another_data_folder_has_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(root: Path) -> None:
        if "full" in str(root):
            raise OSError(errno.ENOSPC, "No space left on device")
        imagenette(root)

    fake(monkeypatch, full)
    monkeypatch.setenv("SEEWHY_DATA", str(tmp_path / "full"))
    with pytest.raises(StorageError, match="name another folder in SEEWHY_DATA"):
        datasets.fetch("imagenette")
    monkeypatch.setenv("SEEWHY_DATA", str(tmp_path / "roomy"))
    assert datasets.fetch("imagenette").ready


def test_a_data_set_without_boxes_names_one_that_has_them(data: Path) -> None:
    with pytest.raises(InputError, match="comes without boxes; choose oxford_pets, menagerie") as caught:
        datasets.DATASETS["imagenette"].boxes()
    other = re.search(r"choose (\w+),", str(caught.value))[1]
    (data / other / datasets.DATASETS[other].folder).mkdir(parents=True)
    assert datasets.DATASETS[other].boxes()


def test_the_data_folder_lies_beside_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert datasets.home() == tmp_path / "data"
    monkeypatch.delenv("SEEWHY_DATA")
    monkeypatch.setenv("SEEWHY_CACHE", str(tmp_path / "kept"))
    assert datasets.home() == tmp_path / "kept-data"
    monkeypatch.delenv("SEEWHY_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(datasets.sys, "platform", "linux")
    assert datasets.home() == tmp_path / "xdg" / "seewhy-data"


def test_pictures_of_a_data_set_reach_the_explainers(data: Path) -> None:
    import explainers

    imagenette(data / "imagenette")
    rng = np.random.default_rng(0)
    for path in (data / "imagenette").rglob("*.JPEG"):
        Image.fromarray(rng.integers(0, 255, (40, 36, 3), dtype=np.uint8)).save(path)
    model = handle(("tench", "parachute"))
    found = explainers.explain("groups", model, images="imagenette", split="class", cls=0, rival=1)
    assert found.counts.tolist() == [2, 2]
