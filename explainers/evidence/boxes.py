"""Where things are, from other people's files: COCO's JSON, Pascal VOC's XML, or a plain CSV table."""

import csv
import io
import json
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
from jaxtyping import Bool

from models.errors import InputError

# What the parsers raise for files that are not what their ending says, hostile ones included.
UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    csv.Error,
    ElementTree.ParseError,
)


@dataclass(frozen=True)
class Box:
    """A labelled rectangle in pixels of the original picture: ``left <= x < right``, ``top <= y < bottom``."""

    label: str
    left: int | float
    top: int | float
    right: int | float
    bottom: int | float

    def mask(self, size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
        """The rectangle as a mask of ``size`` (rows, columns)."""
        inside = np.zeros(size, dtype=bool)
        inside[max(0, round(self.top)) : round(self.bottom), max(0, round(self.left)) : round(self.right)] = True
        return inside


def read_boxes(name: str, text: str) -> dict[str, tuple[Box, ...]]:
    """Boxes by the picture's file name.

    Args:
        name: of the file; its ending says the format: ``.json`` COCO, ``.xml`` VOC, ``.csv`` with a heading
            ``image,label,left,top,right,bottom``.
        text: what it holds.

    Raises:
        InputError: it is not such a file; the text says what was expected.
    """
    readers = {"json": _coco, "xml": _voc, "csv": _csv}
    reader = readers.get(name.rpartition(".")[2].lower())
    if reader is None:
        raise InputError(f"'{name}' is no box file; give COCO .json, VOC .xml or .csv.")
    by_name: dict[str, list[Box]] = {}
    try:
        for picture, box in reader(text):
            if not box.left < box.right or not box.top < box.bottom:
                raise InputError(
                    f"'{name}' has an empty box for '{picture}'; right and bottom must lie beyond left and top."
                )
            by_name.setdefault(picture, []).append(box)
    except UNREADABLE as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"'{name}' does not hold boxes as its ending says ({type(error).__name__}: {error})."
        ) from error
    return {picture: tuple(boxes) for picture, boxes in by_name.items()}


def _coco(text: str) -> list[tuple[str, Box]]:
    written = json.loads(text)
    pictures = {each["id"]: str(each["file_name"]) for each in written["images"]}
    names = {each["id"]: str(each["name"]) for each in written["categories"]}
    boxes = []
    for annotation in written["annotations"]:
        x, y, width, height = (float(value) for value in annotation["bbox"])
        boxes.append(
            (pictures[annotation["image_id"]], Box(names[annotation["category_id"]], x, y, x + width, y + height))
        )
    return boxes


def _voc(text: str) -> list[tuple[str, Box]]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("document types are refused")
    root = ElementTree.fromstring(text)
    boxes = []
    for thing in root.iter("object"):
        # VOC counts pixels from 1 and includes the last one.
        left, top, right, bottom = (float(_text(thing, f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax"))
        boxes.append((_text(root, "filename"), Box(_text(thing, "name"), left - 1, top - 1, right, bottom)))
    return boxes


def _text(element: "ElementTree.Element", path: str) -> str:
    text = element.findtext(path)
    if text is None:
        raise KeyError(path)
    return text.strip()


def _csv(text: str) -> list[tuple[str, Box]]:
    rows = csv.DictReader(io.StringIO(text))
    return [
        (row["image"], Box(row["label"], *(float(row[side]) for side in ("left", "top", "right", "bottom"))))
        for row in rows
    ]
