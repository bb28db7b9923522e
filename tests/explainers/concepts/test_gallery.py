"""Many pictures: order, names of classes, damaged files, and the stamp that an answer's address takes in."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from models.imagesets.imageset import UNKNOWN, class_counts, class_of, content_digest, image_set
from models.labels import imagenet
from tests.explainers.concepts.worlds import block_picture, colours


def folder(root: Path, count: int = 3) -> Path:
    rng = np.random.default_rng(0)
    for label, first in (("hot", 0), ("cold", 2), ("elsewhere", 1)):
        (root / label).mkdir()
        for i in range(count):
            Image.fromarray(block_picture(rng, first)).save(root / label / f"{label}{i}.png")
    return root


def test_a_folder_is_read_spread_over_its_classes(tmp_path: Path) -> None:
    found = image_set(str(folder(tmp_path)), colours(), 0)
    read = [picture() for _, picture in found]
    assert [each.label for each in read[:3]] == [1, UNKNOWN, 0]
    assert len(found) == 9
    assert read[0].pixels.shape == (32, 32, 3)


def test_where_not_all_can_be_looked_at_the_class_comes_first(tmp_path: Path) -> None:
    found = image_set(str(folder(tmp_path)), colours(), 0, most=4)
    assert [name for name, _ in found][:3] == ["hot/hot0.png", "hot/hot1.png", "hot/hot2.png"]
    assert len(found) == 4


def test_a_file_that_is_no_picture_is_passed_over_and_named(tmp_path: Path) -> None:
    (folder(tmp_path) / "hot" / "broken.jpg").write_bytes(b"no picture")
    assert [name for name, _ in image_set(str(tmp_path), colours(), 0).skipped] == ["hot/broken.jpg"]


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        image_set(str(tmp_path / "absent"), colours(), 0)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("610", 610),
        ("t-shirt", 610),
        ("n03595614", 610),
        ("T_Shirt", 610),
        ("polo", UNKNOWN),
        ("1000", UNKNOWN),
        ("crane", UNKNOWN),  # the bird or the machine
    ],
)
def test_names_of_folders_mean_classes(name: str, index: int) -> None:
    assert class_of(name, imagenet()) == index


def test_no_name_is_not_the_folder_that_we_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder(tmp_path))
    assert content_digest("") == ""
    with pytest.raises(InputError, match="No images were named"):
        image_set("", colours(), 0)


def test_the_stamp_follows_the_content(tmp_path: Path) -> None:
    before = content_digest(str(folder(tmp_path)))
    assert before == content_digest(str(tmp_path))
    (tmp_path / "hot" / "hot0.png").unlink()
    assert content_digest(str(tmp_path)) != before
    assert content_digest("menagerie") == content_digest(str(tmp_path / "absent")) == ""


def test_the_menagerie_draws_the_family_of_the_class() -> None:
    import models

    found = image_set("menagerie", models.load("menagerie_cnn", "cpu"), 3, most=8)
    read = [picture() for _, picture in found]
    assert {each.label for each in read} == {0, 1, 2, 3}
    assert read[0].owners.shape == read[0].pixels.shape[:2] == (128, 128)


def test_a_folder_says_how_many_images_of_each_class_it_has_without_reading_one(tmp_path: Path) -> None:
    for name, count in (("t-shirt", 3), ("n02123045", 1), ("nonsense", 2)):
        (tmp_path / name).mkdir()
        for index in range(count):
            (tmp_path / name / f"{index}.jpg").write_bytes(b"not read")
    assert list(class_counts(str(tmp_path), imagenet()).items()) == [(610, 3), (281, 1)]
    assert class_counts("menagerie", imagenet()) == {}
