"""Class names and the search over them."""

import re
from functools import lru_cache

NONE = ("no classifier",)  # stands for the classes of a network that has none


@lru_cache(maxsize=1)
def imagenet() -> tuple[str, ...]:
    """The 1000 ImageNet-1k class names, in the order of the logits (timm's ``ImageNetInfo``)."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    return tuple(info.index_to_description(index) for index in range(1000))


@lru_cache(maxsize=8)
def of_count(count: int) -> tuple[str, ...]:
    """Names of the classes of a timm model that has so many: ImageNet's, those of its larger sets, or numbers."""
    from timm.data import ImageNetInfo, infer_imagenet_subset

    subset = infer_imagenet_subset({"num_classes": count})
    return (
        imagenet() if count == 1000 else tuple(ImageNetInfo(subset).label_descriptions()) if subset else numbered(count)
    )


def short(name: str) -> str:
    """The first of a class's names: "tench" of "tench, Tinca tinca"."""
    return name.split(",")[0]


def numbered(count: int) -> tuple[str, ...]:
    """Names for classes that came without: ``class 0``, ``class 1``, ..."""
    return tuple(f"class {index}" for index in range(count))


def search(labels: tuple[str, ...], query: str) -> list[int]:
    """Indices of the classes whose name holds every word of ``query``, best first.

    A number finds its class, alone or at the end, as lists show it: "tench (0)". Names with the query as a whole word
    come before names with a word that begins with it, and these before the rest: "cup" finds the cup before the
    cupcake, and the porcupine last.
    """
    text = query.strip().lower()
    words = text.split()
    scored = [(_rank(name.lower(), text), index) for index, name in enumerate(labels) if _holds(name.lower(), words)]
    number = re.search(r"^(?:.*\()?(\d+)\)?$", text)
    exact = [int(number[1])] if number and int(number[1]) < len(labels) else []
    return exact + [index for _, index in sorted(scored) if index not in exact]


def _holds(name: str, words: list[str]) -> bool:
    return all(word in name for word in words)


def _rank(name: str, text: str) -> int:
    if re.search(rf"\b{re.escape(text)}\b", name):
        return 0
    return 1 if re.search(rf"\b{re.escape(text)}", name) else 2


def sides(name: str) -> tuple[str, str]:
    """The two classes of one logit: that a thing is there, and that it is not."""
    return name, f"not {name}"


def fitting(names: tuple[str, ...] | None, count: int | None) -> tuple[str, ...]:
    """The names of a model's classes: those given, else ImageNet's or numbers; none where it has no classifier.

    One name of one logit becomes the two sides of it.
    """
    count = 1000 if count is None else int(count)
    if not count:
        return NONE
    if not names:
        names = imagenet() if count == 1000 else numbered(count)
    return sides(names[0]) if len(names) == 1 else names
