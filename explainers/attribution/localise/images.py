"""Pictures in which it is known where things are: a folder with boxes, or the menagerie's animals and badges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, UInt8

from explainers.evidence.boxes import Box, read_boxes
from models import ModelHandle, menagerie
from models.errors import InputError
from models.imagesets.folder import Entry, listed, texts, title
from models.imagesets.imageset import UNKNOWN, class_of
from models.menagerie import nets

ENDINGS = (".json", ".csv", ".xml")
FORMATS = "COCO .json, VOC .xml, or .csv with the heading image,label,left,top,right,bottom"
NAMED = 100


@dataclass(frozen=True)
class Thing:
    """What the boxes of one class hold in one picture.

    Attributes:
        label: as the boxes call it.
        cls: class of the model that this means; `UNKNOWN` for none.
        boxes: left, top, right, bottom of each box in pixels of what the model sees; those outside it are left out.
    """

    label: str
    cls: int
    boxes: Float[np.ndarray, "n 4"]


@dataclass(frozen=True)
class Boxed:
    """A picture as the model sees it, and the things in it."""

    name: str
    pixels: UInt8[np.ndarray, "y x 3"]
    things: tuple[Thing, ...]


@dataclass(frozen=True)
class BoxedSet:
    """Pictures with boxes that wait to be read.

    Attributes:
        title: where they come from, for people.
        items: name -> how to read it; reading raises `InputError` when a file is damaged.
        unboxed: pictures without a box, and how many there are.
        orphans: pictures that boxes name and that are not there, and how many there are.
        skipped: files that could not be read, and why.
    """

    title: str
    items: tuple[tuple[str, Callable[[], Boxed]], ...]
    unboxed: tuple[str, ...] = ()
    unboxed_count: int = 0
    orphans: tuple[str, ...] = ()
    orphan_count: int = 0
    skipped: tuple[tuple[str, str], ...] = ()


def boxed_scenes(model: ModelHandle, count: int, seed: int, *, biased: bool, part: str) -> BoxedSet:
    """Scenes of the menagerie with a box around the whole animal, or around the badge (``part``), from exact masks."""
    if part == "badge" and not biased:
        raise InputError("There is no badge in this world; choose menagerie_biased as images, or the animal.")
    scenes = menagerie.scenes(count, seed, biased=biased, world=nets.world_of(model.card.name))
    items = tuple((f"{one.name} {one.seed}", partial(_drawn, one, model, part)) for one in scenes)
    return BoxedSet("the menagerie", items)


def _drawn(one: menagerie.Scene, model: ModelHandle, part: str) -> Boxed:
    drawn = menagerie.render(one, model.card.input_size[1])
    mask = drawn.badge if part == "badge" else (drawn.owners > 0) & ~drawn.badge
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = [[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]] if rows.size else np.empty((0, 4))
    cls = one.cls if model.card.labels == menagerie.CLASSES else UNKNOWN
    return Boxed(f"{one.name} {one.seed}", drawn.image, (Thing(one.name, cls, np.array(box, dtype=np.float64)),))


def boxed_folder(model: ModelHandle, folder: str, file: str, most: int, notes: str = "") -> BoxedSet:
    """Pictures of a folder that have boxes, at most ``most`` of them, spread evenly.

    Args:
        model: whose view and names count.
        folder: its path.
        file: of the boxes, inside the folder; all that can be read when empty.
        most: pictures at most.
        notes: the folder of the box files, where it is another.

    Raises:
        InputError: no folder, no boxes, boxes that cannot be read, or boxes of other pictures.
    """
    boxes, unread = _boxes(notes or folder, file)
    inside = {entry: name for name, entry in listed(folder).items()}
    place = _places(inside)
    matched: dict[Entry, list[Box]] = {}
    orphans = []
    for name, group in boxes.items():
        entry = next((place[each] for each in _spellings(name) if each in place), None)
        if entry is None:
            orphans.append(name)
        else:
            matched.setdefault(entry, []).extend(group)
    if not matched:
        raise InputError(_strangers(folder, list(boxes), list(inside.values())))
    chosen = sorted(matched, key=lambda entry: entry.path)
    chosen = [chosen[at] for at in np.linspace(0, len(chosen) - 1, min(most, len(chosen))).astype(int)]
    unboxed = [name for entry, name in inside.items() if entry not in matched]
    return BoxedSet(
        title(folder),
        tuple((inside[each], partial(_read, each, inside[each], tuple(matched[each]), model)) for each in chosen),
        tuple(unboxed[:NAMED]),
        len(unboxed),
        tuple(orphans[:NAMED]),
        len(orphans),
        tuple(unread),
    )


def _boxes(folder: str, file: str) -> tuple[dict[str, tuple[Box, ...]], list[tuple[str, str]]]:
    """Boxes by picture; and the files that hold none, of which one that was named may not be."""
    files = texts(folder, ENDINGS, file)
    if not files:
        raise InputError(f"'{folder}' holds no box file; put one beside the pictures: {FORMATS}.")
    boxes: dict[str, tuple[Box, ...]] = {}
    unread: list[tuple[str, str]] = []
    for name, text in files:
        try:
            for picture, group in read_boxes(name, text).items():
                boxes[picture] = (*boxes.get(picture, ()), *group)
        except InputError as error:
            unread.append((name, str(error)))
    if not boxes:
        why = unread[0][1] if unread else f"'{files[0][0]}' holds no box."
        raise InputError(f"{why} Expected: {FORMATS}.")
    return boxes, unread


def _spellings(name: str) -> tuple[str, ...]:
    """What a picture may be called, most exactly first: path, name, and both without the ending (VOC)."""
    path = name.replace("\\", "/").removeprefix("./")
    bare, dot, ending = path.rpartition(".")
    bare = bare if dot and len(ending) <= 5 and "/" not in ending else path
    return path, path.rpartition("/")[2], bare, bare.rpartition("/")[2]


def _places(inside: Mapping[Entry, str]) -> Mapping[str, Entry]:
    """Entries by each of their spellings, where it is of one only; paths inside the folder are."""
    places: dict[str, Entry] = {}
    shared: set[str] = set()
    for entry, path in inside.items():
        for name in set(_spellings(path)):
            shared |= {name} if name in places else set()
            places[name] = entry
    exact = {path: entry for entry, path in inside.items()}
    return {**{name: entry for name, entry in places.items() if name not in shared}, **exact}


def _strangers(folder: str, boxes: list[str], pictures: list[str]) -> str:
    named, held = (", ".join(names[:2]) + (", ..." if len(names) > 2 else "") for names in (boxes, pictures))
    return f"The boxes are of other pictures ({named}) than '{folder}' holds ({held}); give the folder of those."


def _read(entry: Entry, name: str, boxes: tuple[Box, ...], model: ModelHandle) -> Boxed:
    photo = entry.photo()
    frame = model.frame(photo.pixels.shape)
    groups: dict[int, list[Box]] = {}
    for box in boxes:
        groups.setdefault(class_of(box.label, model.card.labels), []).append(box)
    things = []
    for cls, group in groups.items():
        sides = np.array([[box.left, box.top, box.right, box.bottom] for box in group], dtype=np.float64)
        seen = frame.boxes(sides)
        things.append(Thing(group[0].label, cls, seen[((seen[:, 2:] - seen[:, :2]) >= 1).all(1)]))
    return Boxed(name, model.view(photo).pixels, tuple(things))
