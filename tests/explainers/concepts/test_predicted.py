"""Which classes a model sees in a folder: counted, in words where there is nothing to count."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explainers import LocalRun, Request, codec, find, registry
from explainers.concepts.predicted import PredictedClasses, PredictedParams, predicted_classes
from models import ModelHandle
from models.errors import InputError
from tests.explainers.nets import small_cnn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for i in range(21):
        tone = rng.integers(0, 256, (1, 1, 3))
        Image.fromarray((rng.integers(0, 60, (40, 50, 3)) + tone).clip(0, 255).astype(np.uint8)).save(
            tmp_path / f"{i:02}.png"
        )
    (tmp_path / "07.png").write_bytes((tmp_path / "07.png").read_bytes()[:200])
    return tmp_path


def network() -> ModelHandle:
    """One that answers several classes on those pictures: colours decide."""
    model = small_cnn(size=32)
    with torch.no_grad():
        model.network.get_parameter("head.weight").mul_(8)
        model.network.get_parameter("head.bias").zero_()
    return model


def test_first_answers_are_counted_and_damaged_files_passed_over(folder: Path) -> None:
    model = network()
    result = predicted_classes(model, PredictedParams(images=str(folder)), LocalRun(model, 0))
    right: Counter[int] = Counter()
    for path in sorted(folder.glob("*.png")):
        if path.name != "07.png":
            with torch.no_grad():
                right[int(model.network(model.preprocess(path)[None]).argmax())] += 1
    assert len(right) > 1
    assert result.by_class() == dict(right)
    assert list(result.by_class().values()) == sorted(right.values(), reverse=True)
    assert result.looked == 20
    again = codec.unpack(codec.pack(result), PredictedClasses)
    assert again.by_class() == result.by_class()


def test_no_more_are_looked_at_than_wanted(folder: Path) -> None:
    model = network()
    assert predicted_classes(model, PredictedParams(images=str(folder), most=5), LocalRun(model, 0)).looked == 5


def test_a_folder_without_a_readable_picture_is_refused_and_another_is_not(folder: Path, tmp_path: Path) -> None:
    model, damaged = network(), tmp_path / "damaged"
    damaged.mkdir()
    (folder / "07.png").rename(damaged / "07.png")
    with pytest.raises(InputError, match=r"None of these pictures can be read .* choose another folder"):
        predicted_classes(model, PredictedParams(images=str(damaged)), LocalRun(model, 0))
    assert predicted_classes(model, PredictedParams(images=str(folder)), LocalRun(model, 0)).looked == 20


def test_it_is_no_lens_of_the_list_and_what_the_folder_holds_makes_its_key(folder: Path) -> None:
    assert "predicted_classes" not in registry()
    assert find("predicted_classes") is predicted_classes
    before = Request("predicted_classes", "menagerie_cnn", PredictedParams(images=str(folder))).key
    (folder / "00.png").unlink()
    assert Request("predicted_classes", "menagerie_cnn", PredictedParams(images=str(folder))).key != before
