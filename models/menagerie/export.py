"""Write the menagerie to a folder: pictures by class, masks beside them, and the truth about each in one JSON file."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool
from numpy import ndarray
from PIL import Image

from models.errors import InputError, StorageError
from models.menagerie import pool
from models.menagerie.renderer import BADGE_ID, Rendered, check_size, render
from models.menagerie.scenes import WORLD, Scene
from models.menagerie.species import CLASSES, PARTS, SPECIES, VARIANTS

PALETTE = (
    0,
    0,
    0,
    232,
    112,
    88,
    62,
    80,
    140,
    236,
    176,
    62,
    252,
    250,
    246,
    146,
    84,
    140,
    48,
    160,
    158,
    134,
    164,
    70,
    216,
    58,
    58,
)
"""Colours of the indexed masks: background, the parts in order, the badge."""
MOST = 100_000


def folder(name: str) -> str:
    """The folder name of a class."""
    return re.sub(r"\W+", "_", name.casefold())


def export(  # noqa: PLR0913 - one argument an option of the command
    out: Path,
    per_class: int,
    size: int = 128,
    seed: int = 0,
    *,
    world: int = WORLD,
    report: Callable[[float, str], None] = lambda f, n: None,
) -> dict[str, Any]:
    """Write ``OUT/images/CLASS/*.png``, ``OUT/masks/CLASS/*.png`` and ``OUT/truth.json``.

    A mask is an indexed PNG of the picture's size: 0 background, 1.. the parts in the order of ``PARTS``, then the
    badge. Boxes are ``[left, top, right, bottom]`` in pixels, right and bottom exclusive.

    Returns:
        What is in ``truth.json``.

    Raises:
        InputError: a count, size or seed out of range, or no such world.
        StorageError: the folder cannot be written.
    """
    check_size(size)
    if isinstance(per_class, bool) or not isinstance(per_class, int) or not 1 <= per_class <= MOST // len(CLASSES):
        raise InputError(f"{per_class} pictures a class cannot be written: give 1 to {MOST // len(CLASSES)}.")
    chosen = pool.scenes(per_class * len(CLASSES), seed, world=world)
    try:
        files = [_write(out, index, one, size) for index, one in enumerate(_reported(chosen, report))]
        truth = {
            "schema": 1,
            "size": size,
            "seed": seed,
            "world": world,
            "parts": {name: i + 1 for i, name in enumerate(PARTS)},
            "badge": BADGE_ID,
            "classes": _classes(),
            "files": files,
        }
        (out / "truth.json").write_text(json.dumps(truth, indent=1), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"'{out}' cannot be written ({error.strerror}): choose another --out.") from error
    return truth


def _reported(chosen: tuple[Scene, ...], report: Callable[[float, str], None]) -> Iterator[Scene]:
    """The scenes, each reported once it is dealt with."""
    for index, one in enumerate(chosen):
        yield one
        report((index + 1) / len(chosen), f"wrote {index + 1} of {len(chosen)} pictures")


def _write(out: Path, index: int, scene: Scene, size: int) -> dict[str, Any]:
    """Write one picture and its mask; return what is known about it."""
    drawn = render(scene, size)
    name = f"{folder(scene.name)}/{index // len(CLASSES):05d}.png"
    mask = Image.fromarray(drawn.owners)
    mask.putpalette(PALETTE)
    for kind, picture in (("images", Image.fromarray(drawn.image)), ("masks", mask)):
        target = out / kind / name
        target.parent.mkdir(parents=True, exist_ok=True)
        picture.save(target)
    return {
        "image": f"images/{name}",
        "mask": f"masks/{name}",
        "class": scene.name,
        "label": scene.cls,
        "boxes": boxes(drawn),
        "attributes": scene.attributes,
        "scene": scene.to_json(),
    }


def boxes(drawn: Rendered) -> dict[str, list[int]]:
    """The box of every part that is to be seen, and of the whole animal."""
    areas = {part: _box(drawn.mask(part)) for part in PARTS}
    areas["animal"] = _box(np.asarray(drawn.masks.any(axis=0)))
    return {name: box for name, box in areas.items() if box}


def _box(mask: Bool[ndarray, "s s"]) -> list[int]:
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return [int(v) for v in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)] if len(rows) else []


def _classes() -> list[dict[str, Any]]:
    """Each class with the variant of every part."""
    return [
        {
            "name": one.name,
            "family": one.family,
            "folder": folder(one.name),
            "parts": {part: VARIANTS[part][number].name for part, number in zip(PARTS, one.variants, strict=True)},
        }
        for one in SPECIES
    ]
