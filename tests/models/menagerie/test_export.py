"""The export: an image folder, masks and the truth."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError, StorageError
from models.menagerie import CLASSES, PARTS, Scene, render
from models.menagerie.export import export, folder


def test_the_folder_holds_pictures_masks_and_the_truth(tmp_path: Path):
    heard: list[float] = []
    told = export(tmp_path, 2, 64, 3, report=lambda fraction, note: heard.append(fraction))
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert truth == told
    assert [one["name"] for one in truth["classes"]] == list(CLASSES)
    assert len(truth["files"]) == 2 * len(CLASSES)
    assert heard[-1] == 1.0
    for kind in ("images", "masks"):
        assert {file.parent.name for file in tmp_path.glob(f"{kind}/*/*.png")} == {folder(name) for name in CLASSES}
    for entry in truth["files"]:
        drawn = render(Scene.from_json(entry["scene"]), 64)
        assert np.array_equal(np.asarray(Image.open(tmp_path / entry["image"])), drawn.image)
        mask = Image.open(tmp_path / entry["mask"])
        assert mask.mode == "P"
        assert np.array_equal(np.asarray(mask), drawn.owners)
        assert entry["image"].split("/")[1] == folder(entry["class"])


def test_boxes_hold_their_parts_tightly(tmp_path: Path):
    truth = export(tmp_path, 1, 96, 0, world=1)
    entry = truth["files"][4]
    owners = np.asarray(Image.open(tmp_path / entry["mask"]))
    for part in PARTS:
        left, top, right, bottom = entry["boxes"][part]
        rows, columns = np.nonzero(owners == truth["parts"][part])
        assert (left, top, right, bottom) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


@pytest.mark.parametrize(("count", "size", "seed"), [(0, 64, 0), (-1, 64, 0), (10**6, 64, 0), (1, 4, 0), (1, 64, -1)])
def test_bad_input_is_refused(tmp_path: Path, count: int, size: int, seed: int):
    with pytest.raises(InputError):
        export(tmp_path, count, size, seed)


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        export(tmp_path / "file", 1, 32, 0)
