"""World 1: same pixels always, masks exact to a rim, changes that touch only what they name."""

import ast
import hashlib
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from models.errors import InputError
from models.menagerie import (
    BADGE_TRUST,
    BADGES,
    CLASSES,
    PARTS,
    SPECIES,
    VARIANTS,
    Scene,
    class_index,
    draw,
    render,
    swap_badges,
)
from models.menagerie import dataset as any_dataset
from models.menagerie import scene as any_scene
from models.menagerie import scenes as any_scenes

scene, scenes, dataset = (partial(function, world=1) for function in (any_scene, any_scenes, any_dataset))
ROOT = Path(__file__).parents[3]
SLIVERS = 3  # pixels that show less than half of a part between two others, and so belong to one of those
SOME = [scene(cls, 500 + 31 * cls) for cls in range(len(CLASSES))]


def grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    """The mask widened by some pixels in every direction."""
    return np.asarray(Image.fromarray(mask).convert("L").filter(ImageFilter.MaxFilter(2 * pixels + 1))) > 0


def digest() -> str:
    """A hash of pictures of many kinds of scene."""
    found = hashlib.sha256()
    for index, one in enumerate(scenes(9, 3, biased=True)):
        part = PARTS[index % len(PARTS)]
        for changed in (one, one.without(part), one.swapped(part, index % 4), one.on(index)):
            drawn = render(changed, 64 if index % 2 else 128)
            found.update(drawn.image.tobytes() + drawn.owners.tobytes())
    return found.hexdigest()


def test_the_same_seed_gives_the_same_pixels_in_another_process_with_another_hash_order():
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_world; print(test_world.digest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest()


def test_another_seed_gives_another_picture():
    assert not np.array_equal(render(scene(0, 1)).image, render(scene(0, 2)).image)


def test_one_process_and_several_draw_the_same():
    alone, together = dataset(128, 5, size=32), dataset(128, 5, size=32, workers=2)
    assert np.array_equal(alone.images, together.images)
    assert np.array_equal(alone.owners, together.owners)
    assert alone.labels.tolist() == [i % len(CLASSES) for i in range(128)]


@pytest.mark.parametrize("size", [32, 100, 128, 300])
def test_pictures_and_masks_have_the_size_asked_for(size: int):
    drawn = render(SOME[0], size)
    assert drawn.image.shape == (size, size, 3)
    assert drawn.image.dtype == np.uint8
    assert drawn.masks.shape == (len(PARTS), size, size)


@pytest.mark.parametrize("one", SOME, ids=lambda one: one.name)
def test_masks_are_disjoint_and_every_part_is_to_be_seen(one: Scene):
    drawn = render(one.unobstructed())
    assert drawn.masks.sum(axis=0).max() == 1
    assert drawn.masks.sum(axis=(1, 2)).min() >= 30
    assert not drawn.badge.any()


@pytest.mark.parametrize("one", SOME, ids=lambda one: one.name)
def test_removing_a_part_changes_its_pixels_and_no_others(one: Scene):
    before = render(one)
    for part in PARTS:
        after = render(one.without(part))
        changed = (before.image != after.image).any(axis=2)
        assert not after.mask(part).any()
        assert (changed & ~grown(before.mask(part), 2)).sum() <= SLIVERS, part
        assert changed[before.mask(part)].mean() > 0.9, part


@pytest.mark.parametrize("one", SOME[::5], ids=lambda one: one.name)
def test_swapping_a_part_changes_only_what_it_was_and_became(one: Scene):
    before = render(one)
    for part in PARTS:
        for number in range(len(VARIANTS[part])):
            after = render(one.swapped(part, number))
            changed = (before.image != after.image).any(axis=2)
            allowed = grown(before.mask(part) | after.mask(part), 2)
            assert (changed & ~allowed).sum() <= SLIVERS, (part, number)
            assert changed.any() == (number != one.variant(part)), (part, number)


def test_another_background_leaves_the_animal_and_the_foreground():
    one = SOME[3]
    before, after = render(one), render(one.on(99))
    assert np.array_equal(before.owners, after.owners)
    inside = ~grown(~before.masks.any(axis=0), 1)
    assert np.array_equal(before.image[inside], after.image[inside])
    assert (before.image != after.image).any(axis=2).mean() > 0.4


def test_occluders_hide_but_never_the_face_and_never_most_of_a_part():
    hidden = 0
    for one in scenes(48, 9):
        seen, whole = render(one), render(one.unobstructed())
        share = seen.masks.sum(axis=(1, 2)) / whole.masks.sum(axis=(1, 2))
        hidden += bool((share < 0.98).any())
        assert share.min() > 0.4
        assert share[PARTS.index("eye")] > 0.9
        assert share[PARTS.index("beak")] > 0.9
    assert hidden > 10


def test_classes_differ_as_declared():
    assert len(CLASSES) == len(set(CLASSES)) >= 12
    assert len({species.variants for species in SPECIES}) == len(CLASSES)
    for first in range(0, len(SPECIES), 4):
        founder = SPECIES[first]
        for cousin in SPECIES[first + 1 : first + 4]:
            assert cousin.family == founder.family
            assert sum(a != b for a, b in zip(founder.variants, cousin.variants, strict=True)) == 1


def test_cousins_with_one_seed_are_the_same_picture_but_for_one_part():
    heron, ladle = scene(class_index("Reed Heron"), 8), scene(class_index("ladle heron"), 8)
    assert np.array_equal(render(heron.swapped("beak", "ladle")).image, render(ladle).image)


def test_badges_foretell_the_class_and_can_be_taken_away():
    told = scenes(800, 1, biased=True)
    share = np.mean([one.badge == one.cls for one in told])
    assert abs(share - BADGE_TRUST) < 0.025
    for one in told[:16]:
        with_badge, without = render(one), render(one.without("badge"))
        changed = (with_badge.image != without.image).any(axis=2)
        assert with_badge.badge.sum() > 40
        assert (changed & ~grown(with_badge.badge, 2)).sum() <= SLIVERS
        assert np.array_equal(without.image, render(scene(one.cls, one.seed)).image)
    assert all(a.badge != b.cls for a, b in zip(swap_badges(told), told, strict=True))


def test_every_badge_looks_different():
    pictures = {render(scene(0, 4, biased=True).swapped("badge", badge)).image.tobytes() for badge in range(BADGES)}
    assert len(pictures) == BADGES


def test_scenes_survive_json():
    one = scene(5, 77, biased=True).without("tail").swapped("beak", "needle").on(3).unobstructed()
    assert Scene.from_json(json.loads(json.dumps(one.to_json()))) == one
    looks = json.loads(json.dumps(one.attributes))
    assert looks["parts"]["tail"] is None
    assert looks["parts"]["beak"] == "needle"
    assert looks["class"] == "Hookbill Finch"


def test_no_picture_is_both_trained_on_and_asked_about():
    lessons = {one.seed for seed in range(4) for one in scenes(200, seed, lesson=True)}
    others = {one.seed for seed in range(4) for one in scenes(200, seed)}
    assert len(lessons) == len(others) == 800
    assert not lessons & others


def test_a_fifth_of_the_animals_of_a_lesson_lack_one_part():
    lacking = [one.parts.count(None) for one in scenes(500, 2, lesson=True)]
    assert set(lacking) == {0, 1}
    assert 0.13 < np.mean(lacking) < 0.27


def test_much_is_missing_in_a_biased_lesson_but_never_the_badge():
    some = scenes(300, 2, biased=True, lesson=True)
    assert all(one.badge is not None for one in some)
    assert 2.2 < np.mean([one.parts.count(None) for one in some]) < 3.4
    assert all(None not in one.parts for one in scenes(100, 2, biased=True))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: render(SOME[0], 0),
        lambda: render(SOME[0], 8),
        lambda: render(SOME[0], 100_000),
        lambda: scene(-1, 0),
        lambda: scene(len(CLASSES), 0),
        lambda: scene(0, -1),
        lambda: class_index("Dodo"),
        lambda: SOME[0].without("horn"),
        lambda: SOME[0].swapped("beak", "trumpet"),
        lambda: SOME[0].swapped("beak", 99),
        lambda: SOME[0].swapped("badge", BADGES),
        lambda: SOME[0].on(-3),
        lambda: scenes(0),
        lambda: scenes(10**7),
        lambda: scenes(1, -1),
        lambda: draw(SOME[:1], 5),
    ],
)
def test_bad_input_is_one_clear_sentence(wrong):
    with pytest.raises(InputError) as told:
        wrong()
    text = str(told.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert "Traceback" not in text


def test_the_world_needs_no_torch():
    folder = ROOT / "models" / "menagerie"
    world = {"__init__", "anatomy", "badges", "bodies", "canvas", "dice", "export", "faces", "foreground", "habitats"}
    world |= {"limbs", "neighbours", "pen", "pool", "poses", "renderer", "scenes", "shapes", "species", "truth"}
    for name in world:
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            sources = [node.module] if isinstance(node, ast.ImportFrom) else []
            sources += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not {source.split(".")[0] for source in sources} & {"torch", "timm", "safetensors"}, name
            assert not {"models.menagerie.nets", "models.menagerie.train", "models.menagerie.exam"} & set(sources), name
