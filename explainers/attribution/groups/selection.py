"""Who is in which group: pictures of a class by the model's answer, of two classes, or of two sources."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from explainers.kinds import Class, Images, LayerName
from explainers.params import Params, knob
from models import ModelHandle
from models.errors import InputError
from models.imagesets.imageset import UNKNOWN, ImageSet, Picture, image_set

FEWEST = 2
SPARE = 4  # in the menagerie a class comes with the three that it is taken for


@dataclass(frozen=True, kw_only=True)
class GroupsParams(Params):
    """What can be chosen."""

    images: str = knob(
        "menagerie",
        kind=Images(),
        help="Where the images come from: menagerie, menagerie_biased, a data set, or a folder.",
        label="Images",
    )
    cls: int = knob(0, kind=Class(), help="The class that is explained in both groups.", label="Class")
    split: Literal["answer", "class", "source"] = knob(
        "answer",
        label="Groups",
        help="answer: images of the class answered rightly and wrongly. class: images of it and of a rival class."
        " source: images of two sources.",
    )
    others: str = knob(
        "",
        kind=Images(),
        help="The second source of images, for groups by source.",
        label="Second source",
        only={"split": ("source",)},
    )
    rival: int | None = knob(
        None,
        kind=Class(),
        help="The class of the second group, for groups by class.",
        label="Rival class",
        only={"split": ("class",)},
    )
    limit: int = knob(100, FEWEST, 2000, "At most so many images a group.", more=True, label="Images a group")
    layer: str | None = knob(
        None, kind=LayerName(), auto="the last map before pooling", help="Where in the network to look", more=True
    )
    count: int = knob(6, 1, 24, "How many channels to list.", more=True, label="Channels")


@dataclass(frozen=True)
class Item:
    """A picture that waits to be read, and whether it is of the second list."""

    name: str
    read: Callable[[], Picture]
    second: bool


@dataclass(frozen=True)
class Selection:
    """The pictures of both groups.

    Attributes:
        titles: of the groups, for people.
        items: the first list, then the second; groups by answer have one list.
        skipped: files that were passed over, and why.
    """

    titles: tuple[str, str]
    items: tuple[Item, ...]
    skipped: tuple[tuple[str, str], ...]


def select(model: ModelHandle, params: GroupsParams) -> Selection:
    """The pictures that the choices name.

    Raises:
        InputError: a choice is missing, or there are no such pictures; the text gives the remedy.
    """
    name = _name(model, params.cls)
    if params.split == "answer":
        titles = (f"images of {name} answered rightly", "those answered wrongly")
        return _joined(titles, _labelled(model, params, params.images, params.cls))
    if params.split == "class":
        if params.rival is None or model.card.check_target(params.rival) == params.cls:
            raise InputError("Groups by class need a second class: choose a rival that is not the class itself.")
        both = (_labelled(model, params, params.images, cls) for cls in (params.cls, params.rival))
        return _joined((f"images of {name}", f"images of {_name(model, params.rival)}"), *both)
    if params.others in ("", params.images):
        raise InputError("Groups by source need a second source of images: give another one as others.")
    both = (_labelled(model, params, source, params.cls) for source in (params.images, params.others))
    return _joined(_sources(params.images, params.others), *both)


def _joined(titles: tuple[str, str], *lists: ImageSet) -> Selection:
    """One list, or two one after the other."""
    items = (Item(name, read, number > 0) for number, images in enumerate(lists) for name, read in images.items)
    return Selection(titles, tuple(items), tuple(entry for images in lists for entry in images.skipped))


def _name(model: ModelHandle, cls: int) -> str:
    return model.card.labels[cls].split(",")[0]


def _sources(one: str, other: str) -> tuple[str, str]:
    """Two sources as people call them: folders by their own names, with so much of the path as tells them apart."""
    first, second = ([part for part in each.replace("\\", "/").split("/") if part] for each in (one, other))
    for count in range(1, max(len(first), len(second)) + 1):
        names = "/".join(first[-count:]), "/".join(second[-count:])
        if names[0] != names[1]:
            return names
    return one, other


def _labelled(model: ModelHandle, params: GroupsParams, images: str, cls: int) -> ImageSet:
    """Pictures labelled as a class; all, for groups by source, where a source says no classes."""
    chosen = image_set(images, model, cls, most=SPARE * params.limit, seed=params.seed)
    every = params.split == "source" and set(chosen.labels) == {UNKNOWN}
    wanted = (item for item, label in zip(chosen.items, chosen.labels, strict=True) if every or label == cls)
    items = tuple(islice(wanted, params.limit))
    if not items:
        raise InputError(
            f"No image in {chosen.title} is labelled {_name(model, cls)} ({cls}); put its images into a folder"
            " of that name, or choose another class."
        )
    return replace(chosen, items=items, labels=())
