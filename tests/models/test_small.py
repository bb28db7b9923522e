"""The small networks: what they are trained on, that a training goes on where it stopped, and what ships."""

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import models
from models.errors import InputError
from models.small import data, nets, train


def fashion(place: Path, count: int = 40) -> Path:
    """Files as those of Fashion-MNIST: class c is a bar of brightness in row 2 c."""
    place.mkdir()
    rng = np.random.default_rng(0)
    for images, labels in (data.IDX[:2], data.IDX[2:]):
        classes = np.arange(count, dtype=np.uint8) % 10
        pixels = rng.integers(0, 40, (count, 28, 28)).astype(np.uint8)
        pixels[np.arange(count), 2 * classes] = 255
        with gzip.open(place / images, "wb") as file:
            file.write(np.array([2051, count, 28, 28], ">i4").tobytes() + pixels.tobytes())
        with gzip.open(place / labels, "wb") as file:
            file.write(np.array([2049, count], ">i4").tobytes() + classes.tobytes())
    return place


def colours(place: Path, count: int = 3) -> Path:
    """Folders of pictures, a colour a class."""
    for split in ("train", "test"):
        for name, colour in (("blue", (0, 0, 255)), ("red", (255, 0, 0))):
            (place / split / name).mkdir(parents=True)
            for at in range(count):
                Image.new("RGB", (32, 32), colour).save(place / split / name / f"{at}.png")
    return place


def test_all_ways_to_give_pictures(tmp_path: Path) -> None:
    idx = data.read(fashion(tmp_path / "idx"), (1, 28, 28))
    assert idx.train.images.shape == (40, 28, 28, 1)
    assert (idx.train.images[3, 6] == 255).all()
    folder = colours(tmp_path / "folder")
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for path in folder.rglob("*.png"):
            file.write(path, path.relative_to(folder))
    for place in (folder, packed):
        read = data.read(place, (3, 32, 32))
        assert read.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
        assert read.test.images[0, 0, 0].tolist() == [0, 0, 255]


def test_what_cannot_be_learnt_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no training pictures"):
        data.read(tmp_path / "nowhere", (1, 28, 28))
    with pytest.raises(InputError, match="no two classes"):
        data.read(tmp_path, (1, 28, 28))
    with pytest.raises(InputError, match="28 × 28 pixels and 1 channels are wanted"):
        data.read(colours(tmp_path / "large"), (1, 28, 28))
    broken = fashion(tmp_path / "broken")
    with gzip.open(broken / data.IDX[0], "wb") as file:
        file.write(b"\0" * 16)
    with pytest.raises(InputError, match="is damaged"):
        data.read(broken, (1, 28, 28))
    with pytest.raises(InputError, match="no small network"):
        nets.spec("lenet")
    with pytest.raises(InputError, match=r"written as \.safetensors"):
        train.train("fashion_lenet", source=tmp_path, out=tmp_path / "a.pt", report=lambda *_: None)


class StopError(Exception):
    pass


def test_a_training_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(train.EPOCHS, "fashion_lenet", 3)
    source = fashion(tmp_path / "idx")

    def stop(fraction: float, note: str) -> None:
        if "epoch 2 of" in note:
            raise StopError

    whole, broken = tmp_path / "whole.safetensors", tmp_path / "broken.safetensors"
    facts = train.train("fashion_lenet", source=source, out=whole, report=lambda *_: None)
    with pytest.raises(StopError):
        train.train("fashion_lenet", source=source, out=broken, report=stop)
    with pytest.raises(InputError, match="belongs to another training"):
        train.train("fashion_lenet", source=source, out=broken, seed=1, report=lambda *_: None)
    assert train.train("fashion_lenet", source=source, out=broken, report=lambda *_: None) == facts
    one, other = load_file(whole), load_file(broken)
    assert all(torch.equal(one[name], other[name]) for name in one)
    model = models.load(str(whole), "cpu")
    assert model.card.labels == nets.CLOTHES


@pytest.mark.parametrize("name", [name for name, spec in nets.SPECS.items() if spec.path])
def test_what_ships_says_how_well_it_knows(name: str) -> None:
    model = models.load(name, "cpu")
    assert float(nets.SPECS[name].metadata["accuracy"]) > (0.85 if "fashion" in name else 0.75)
    assert "test pictures named rightly" in model.card.source
    assert nets.SPECS[name].path.stat().st_size < 2_000_000
    assert model.findings.answers == "logits"
