"""Boxes from other people's files, and what is measured with them."""

import json

import numpy as np
import pytest

from explainers.evidence import Box, pointing_recall, read_boxes, weak_localisation
from explainers.evidence.localisation import iou, largest_blob
from models.errors import InputError

CAT = {"a.jpg": (Box("cat", 2, 3, 6, 8),)}
COCO = json.dumps(
    {
        "images": [{"id": 7, "file_name": "a.jpg"}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"image_id": 7, "category_id": 1, "bbox": [2, 3, 4, 5]}],
    }
)
VOC = """<annotation><filename>a.jpg</filename><object><name> cat </name><bndbox><xmin>3</xmin><ymin>4</ymin>
<xmax>6</xmax><ymax>8</ymax></bndbox></object></annotation>"""
CSV = "image,label,left,top,right,bottom\na.jpg,cat,2,3,6,8\n"


@pytest.mark.parametrize(("name", "text"), [("b.json", COCO), ("b.xml", VOC), ("b.CSV", CSV)])
def test_three_formats_say_the_same(name: str, text: str) -> None:
    assert read_boxes(name, text) == CAT


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("b.txt", CSV, "no box file; give COCO"),
        ("b.json", "{", "does not hold boxes"),
        ("b.json", '{"images": []}', "does not hold boxes"),
        ("b.json", "[1]", "does not hold boxes"),
        ("b.xml", "<a>", "does not hold boxes"),
        ("b.xml", "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", "document types are refused"),
        ("b.csv", "image,label\na,b\n", "does not hold boxes"),
        ("b.csv", CSV.replace("6", "six"), "does not hold boxes"),
        ("b.csv", CSV.replace("6,8", "1,8"), "empty box for 'a.jpg'"),
    ],
)
def test_files_that_do_not_match_are_one_sentence(name: str, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_boxes(name, text)


def test_a_box_is_a_mask_cut_at_the_border() -> None:
    mask = Box("x", -3, 1, 2, 99).mask((4, 5))
    assert mask.sum() == 2 * 3
    assert mask[1:, :2].all()


def test_largest_blob_at_15_percent_of_the_maximum() -> None:
    heatmap = np.zeros((10, 12))
    heatmap[1, 1] = 1.0
    heatmap[4:8, 5:11] = 0.15
    heatmap[9, 0:12] = 0.14
    assert largest_blob(heatmap) == (5, 4, 11, 8)
    for empty in (np.zeros((4, 4)), np.ones((4, 4)), -np.eye(4), np.full((4, 4), np.nan)):
        assert largest_blob(empty) is None


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1),
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3),
        ((0, 0, 1, 1), (1, 1, 2, 2), 0),
        ((0, 0, 0, 0),) * 2 + (0,),
    ],
)
def test_iou_by_hand(a: tuple, b: tuple, value: float) -> None:
    assert iou(a, b) == pytest.approx(value)


def test_weak_localisation_needs_more_than_half() -> None:
    heatmap = np.zeros((10, 10))
    heatmap[2:6, 2:6] = 1
    assert weak_localisation(heatmap, [(2, 2, 6, 6)]) == 1
    assert weak_localisation(heatmap, [(2, 2, 6, 10)]) == 0, "exactly one half is not enough"
    assert weak_localisation(heatmap, [(2, 2, 6, 10), (2, 2, 6, 9)]) == 1
    assert np.isnan(weak_localisation(heatmap, []))
    assert np.isnan(weak_localisation(np.zeros((10, 10)), [(2, 2, 6, 6)]))


def test_recall_may_say_not_there() -> None:
    heatmap, mask, nothing = np.zeros((10, 10)), np.zeros((10, 10), bool), np.zeros((10, 10), bool)
    heatmap[2, 2], mask[2, 2] = 1, True
    for there, threshold, value in ((mask, 0.5, 1), (mask, 2, 0), (nothing, 0.5, 0), (nothing, 2, 1)):
        assert pointing_recall(heatmap, there, threshold=threshold, tolerance=0) == value
    assert pointing_recall(np.ones((10, 10)), mask, threshold=0.5) == 0, "a constant map is never a hit"
    assert np.isnan(pointing_recall(heatmap * np.nan, mask, threshold=0.5))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deep.json", "[" * 200_000),
        (
            "huge.json",
            '{"images":[{"id":1,"file_name":"a"}],"categories":[{"id":1,"name":"b"}],"annotations":'
            '[{"image_id":1,"category_id":1,"bbox":[1' + "0" * 400 + ",1,1,1]}]}",
        ),
        ("wide.csv", "image,label,left,top,right,bottom\n" + "x" * 200_000 + ",a,0,0,1,1"),
        ("short.csv", "image,label,left,top,right,bottom\na.png"),
    ],
)
def test_hostile_box_files_are_one_sentence(name: str, text: str) -> None:
    with pytest.raises(InputError, match="does not hold boxes as its ending says"):
        read_boxes(name, text)
