"""Localisation on folders with boxes: boxes land where the pixels are, marks are those of the pure functions."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import explainers
import models
from explainers.attribution.localise.images import Thing, boxed_folder
from explainers.attribution.localise.lens import LocaliseParams
from explainers.attribution.localise.scoring import interval, mask_of, recall
from explainers.attribution.methods.table import methods
from explainers.evidence import energy_inside, pointing_game, pointing_recall, weak_localisation
from explainers.params import knobs
from models.errors import InputError
from tests.explainers.nets import fingerprint, small_cnn

HEADING = "image,label,left,top,right,bottom\n"
LABELS = ("heron", "finch", "gryphon", "puffin", "other")


def handle() -> models.ModelHandle:
    model = small_cnn(size=32)
    return models.wrap(model.network, input_size=(3, 32, 32), labels=LABELS, device="cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six noisy pictures of 80 x 60, each with a bright block of 20 x 20 somewhere."""
    home = tmp_path / "set"
    home.mkdir()
    rng, rows = np.random.default_rng(0), []
    for index in range(6):
        pixels = rng.integers(0, 60, (60, 80, 3), dtype=np.uint8)
        left, top = int(rng.integers(10, 50)), int(rng.integers(0, 40))
        pixels[top : top + 20, left : left + 20] = 255
        Image.fromarray(pixels).save(home / f"{index}.png")
        rows.append((f"{index}.png", LABELS[index % 2], left, top, left + 20, top + 20))
    (home / "boxes.csv").write_text(HEADING + "\n".join(",".join(map(str, row)) for row in rows))
    return home


def explain(folder: Path | str, **more: Any) -> Any:
    return explainers.explain("localise", handle(), images=str(folder), **more)


def test_marks_are_those_of_the_pure_functions_and_controls_stand_beside(folder: Path) -> None:
    model = handle()
    before = fingerprint(model.network)
    found = explainers.explain("localise", model, images=str(folder))
    assert fingerprint(model.network) == before
    assert found.names == tuple(f"{index}.png" for index in range(6))
    assert found.labels == tuple(LABELS[index % 2] for index in range(6))
    assert found.named.all()
    assert found.target.tolist() == [0, 1] * 3
    for row, name in enumerate(found.names):
        cam = explainers.explain("gradcam", model, image=folder / name, target=int(found.target[row]))
        thing = Thing("", 0, found.box[found.box_row == row])
        mask = mask_of(thing, (32, 32))
        expected = (
            pointing_game(cam.heatmap, mask, tolerance=15 * 32 / 224),
            energy_inside(cam.heatmap, mask),
            weak_localisation(cam.heatmap, [tuple(box) for box in thing.boxes]),
        )
        np.testing.assert_allclose(found.marks[row, [0, 2, 3]], np.nan_to_num(expected), atol=1e-4)
        np.testing.assert_allclose(found.maps[row] / 255, cam.heatmap, atol=0.01)
        assert found.images[row][mask].mean() > 200, "the box lies on the block"
    np.testing.assert_allclose(found.mean, found.marks.mean(0))
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()
    assert (found.controls[:, :, 1] == 0.5).all()
    params = LocaliseParams(images=str(folder))
    evidence = explainers.find("localise").evidence(model, params, found, explainers.LocalRun(model))
    assert [score.name for score in evidence.scores] == ["pointing", "recall", "energy", "weak"]
    assert evidence.scores[0].baselines["centre"] == found.controls[0, :, 0].mean()


def test_recall_is_the_pointing_game_that_may_say_not_there() -> None:
    rng = np.random.default_rng(0)
    maps, others = rng.normal(size=(2, 9, 6, 6))
    maps += 1
    mask, nothing = np.zeros((6, 6), bool), np.zeros((6, 6), bool)
    mask[:3] = True
    hits = np.array([pointing_game(each, mask, tolerance=0) for each in maps])
    peaks = np.stack([maps.max((1, 2)), others.max((1, 2))], 1)
    found, threshold = recall(hits, peaks, np.arange(9))

    def slow(rows: list[int], at: float) -> list[float]:
        return [
            (
                pointing_recall(maps[row], mask, threshold=at, tolerance=0)
                + pointing_recall(others[row], nothing, threshold=at)
            )
            / 2
            for row in rows
        ]

    tried = [0.0, *(np.sort(peaks[peaks > 0]) + 1e-9)]
    assert sum(slow([*range(9)], threshold)) == max(sum(slow([*range(9)], at)) for at in tried)
    for part in (0, 1):
        here, there = ([row for row in range(9) if row % 2 == half] for half in (part, 1 - part))
        best = max(sum(slow(there, at)) for at in tried)
        good = [at for at in tried if sum(slow(there, at)) == best]
        assert any(np.allclose(found[here], slow(here, at)) for at in good)


def test_an_interval_is_over_pictures_and_not_over_things() -> None:
    rng = np.random.default_rng(0)
    marks = np.repeat(rng.random((40, 1)), 5, axis=0)  # five things a picture, all alike
    alone, together = (
        interval(marks, picture, np.random.default_rng(0)) for picture in (np.arange(200), np.repeat(np.arange(40), 5))
    )
    widths = [float((high - low)[0]) for low, high in (alone, together)]
    assert widths[1] == pytest.approx(2 * 1.96 * marks.std() / 40**0.5, rel=0.15)
    assert widths[1] / widths[0] == pytest.approx(5**0.5, rel=0.2)


def test_coco_voc_and_csv_give_the_same(folder: Path) -> None:
    first = explain(folder)
    rows = [line.split(",") for line in (folder / "boxes.csv").read_text().splitlines()[1:]]
    (folder / "boxes.csv").unlink()
    told = {
        "images": [{"id": at, "file_name": f"deep/{row[0]}"} for at, row in enumerate(rows)],
        "categories": [{"id": at, "name": name} for at, name in enumerate(LABELS)],
        "annotations": [
            {"image_id": at, "category_id": LABELS.index(name), "bbox": [*map(int, (left, top)), 20, 20]}
            for at, (_, name, left, top, _, _) in enumerate(rows)
        ],
    }
    (folder / "coco.json").write_text(json.dumps(told))
    (folder / "truth.json").write_text("{}")
    np.testing.assert_array_equal(explain(folder).marks, first.marks)
    assert [name for name, _ in explain(folder).skipped] == ["truth.json"]
    with pytest.raises(InputError, match=r"truth\.json.*does not hold boxes"):
        explain(folder, boxes="truth.json")
    (folder / "coco.json").unlink()
    (folder / "Annotations").mkdir()
    for name, label, *sides in rows:
        left, top, right, bottom = map(int, sides)
        (folder / "Annotations" / f"{name[0]}.xml").write_text(
            f"<annotation><filename>{name[0]}</filename><object><name>{label}</name><bndbox><xmin>{left + 1}</xmin>"
            f"<ymin>{top + 1}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object></annotation>"
        )
    np.testing.assert_array_equal(explain(folder).marks, first.marks)


def test_what_is_missing_is_counted_and_named(folder: Path) -> None:
    lines = (folder / "boxes.csv").read_text().splitlines()
    text = "\n".join([*lines[:4], "gone.png,heron,0,0,5,5", "3.png,sofa,0,0,80,60", "4.png,heron,0,0,2,2"])
    (folder / "boxes.csv").write_text(text)
    (folder / "cut.png").write_bytes((folder / "5.png").read_bytes()[:3000])
    (folder / "notes.txt").write_text("no picture")
    found = explain(folder)
    assert (found.unboxed, found.unboxed_count) == (("5.png", "cut.png"), 2)
    assert (found.orphans, found.orphan_count) == (("gone.png",), 1)
    assert found.outside == ("4.png",), "its box lies left of the crop"
    assert found.named.tolist() == [True, True, True, False]
    answer = explainers.explain("gradcam", handle(), image=folder / "3.png").target
    assert found.target[3] == answer, "sofa is no class, so the model's own answer is explained"
    (folder / "boxes.csv").write_text(HEADING + "cut.png,heron,0,0,9,9\n0.png,heron,30,0,60,30")
    found = explain(folder)
    assert found.names == ("0.png",)
    assert [name for name, _ in found.skipped] == ["cut.png"]


def test_boxes_of_one_class_are_one_thing(folder: Path) -> None:
    (folder / "boxes.csv").write_text(
        HEADING + "0.png,heron,20,0,40,20\n0.png,heron,40,30,60,50\n0.png,finch,30,0,60,20"
    )
    found = explain(folder)
    assert found.labels == ("heron", "finch")
    assert found.box_row.tolist() == [0, 0, 1]
    assert found.picture.tolist() == [0, 0]


def test_mistakes_are_one_sentence_with_the_remedy(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        explain(tmp_path / "gone")
    with pytest.raises(InputError, match=r"holds no file 'nope\.csv'"):
        explain(folder, boxes="nope.csv")
    (folder / "boxes.csv").write_text(HEADING + "x.png,heron,0,0,5,5")
    with pytest.raises(InputError, match=r"of other pictures \(x\.png\) than .* holds \(0\.png, 1\.png, \.\.\.\)"):
        explain(folder)
    (folder / "boxes.csv").write_text(HEADING)
    with pytest.raises(InputError, match="holds no box"):
        explain(folder)
    (folder / "boxes.csv").write_text(HEADING + "0.png,heron,0,0,2,2")
    with pytest.raises(InputError, match="can be seen by the model"):
        explain(folder)
    (folder / "boxes.csv").write_text(HEADING + "0.png,heron,20,0,60,40")
    assert explain(folder).names == ("0.png",), "a box in pixels of the picture"
    for name in ("imagenette", "flowers102"):
        with pytest.raises(InputError, match="comes without boxes; choose oxford_pets, menagerie, or a folder"):
            explain(name)
    for each in folder.glob("*.png"):
        each.unlink()
    with pytest.raises(InputError, match="no file that is called like a picture"):
        explain(folder)
    (folder / "boxes.csv").unlink()
    with pytest.raises(InputError, match=r"holds no box file; put one beside the pictures: COCO \.json"):
        explain(folder)
    with pytest.raises(InputError, match="choose menagerie_biased"):
        explain("menagerie", part="badge")


def test_boxes_of_the_pets(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEWHY_DATA", str(tmp_path / "data"))
    with pytest.raises(InputError, match="seewhy images --get oxford_pets"):
        explain("oxford_pets")
    home = tmp_path / "data" / "oxford_pets" / "oxford-iiit-pet"
    for name in ("images", "annotations/trimaps", "annotations/xmls"):
        (home / name).mkdir(parents=True)
    for index in range(3):
        for kind in ("images", "annotations/trimaps"):
            (home / kind / f"Abyssinian_{index}.png").write_bytes((folder / f"{index}.png").read_bytes())
    (home / "annotations" / "xmls" / "Abyssinian_1.xml").write_text(
        "<annotation><filename>Abyssinian_1.jpg</filename><object><name>cat</name><bndbox><xmin>31</xmin><ymin>1</ymin>"
        "<xmax>60</xmax><ymax>30</ymax></bndbox></object></annotation>"
    )
    found = explain("oxford_pets")
    assert found.names == ("Abyssinian_1.png",)
    assert not found.named.any(), "cat is the name of no class, so the first answer is explained"
    assert found.unboxed == ("Abyssinian_0.png", "Abyssinian_2.png")


def test_names_are_matched_by_path_first(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/1.png"):
        (tmp_path / name).parent.mkdir()
        Image.new("RGB", (32, 32)).save(tmp_path / name)
    (tmp_path / "boxes.csv").write_text(HEADING + "b/1.png,heron,0,0,9,9\n1.png,heron,0,0,9,9")
    found = boxed_folder(handle(), str(tmp_path), "", 9)
    assert [name for name, _ in found.items] == ["b/1.png"]
    assert found.orphans == ("1.png",), "two pictures have this name"
    assert found.unboxed == ("a/1.png",)
    Image.new("RGB", (32, 32)).save(tmp_path / "b" / "1.bmp")
    (tmp_path / "boxes.csv").write_text(HEADING + "deep/1.bmp,heron,0,0,9,9\na/1,heron,0,0,9,9\nb/1,heron,0,0,9,9")
    found = boxed_folder(handle(), str(tmp_path), "", 9)
    assert [name for name, _ in found.items] == ["a/1.png", "b/1.bmp"]
    assert found.orphans == ("b/1",), "with and without its ending, two are called so"


def test_pictures_are_shown_also_when_the_first_ones_hold_nothing_that_is_seen(folder: Path) -> None:
    rows = [f"{index}.png,heron,0,0,2,2" for index in range(4)] + ["4.png,heron,30,0,60,30", "5.png,finch,30,0,60,30"]
    (folder / "boxes.csv").write_text(HEADING + "\n".join(rows))
    found = explain(folder)
    assert found.names == ("4.png", "5.png")
    assert found.images.shape[0] == found.maps.shape[0] == 2
    np.testing.assert_array_equal(found.images[0], handle().view(folder / "4.png").pixels)


def test_a_folder_may_be_named_in_any_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    for name in ("set", "./set/", f"{folder}/"):
        found = explain(name, limit=1)
        assert found.names == ("0.png",)
        assert found.source == f"{folder.parent.name}/set"


def test_limit_is_spread_evenly(folder: Path) -> None:
    assert explain(folder, limit=3).names == ("0.png", "2.png", "5.png")


@pytest.mark.parametrize("method", ["saliency", "eigencam"])
def test_other_methods_are_held_to_boxes_too(folder: Path, method: str) -> None:
    found = explain(folder, method=method, limit=2)
    assert found.title == methods()[method].title
    assert found.marks.any()
    assert bool(found.layer) == (method == "eigencam")


def test_choices_are_all_methods() -> None:
    (method,) = [knob for knob in knobs(LocaliseParams) if knob.name == "method"]
    assert method.choices == tuple(methods())


def test_a_trained_network_points_at_the_animal_and_the_biased_one_at_the_badge() -> None:
    animal = explainers.explain("localise", models.load("menagerie_cnn", "cpu"), limit=48)
    assert animal.mean[0] > 0.9
    assert animal.mean[0] > animal.controls[1, :, 0].mean() + 0.2
    assert animal.mean[1] > 0.6
    biased = models.load("menagerie_biased_cnn", "cpu")
    badge = explainers.explain("localise", biased, images="menagerie_biased", part="badge", limit=48)
    assert badge.low[0] > badge.controls[:, :, 0].mean(1).max(), "it looks at the badge, far from the centre"
    assert "points at" in badge.sentence
