"""World 2: animals anywhere, of any size, cut by the border, in company; a removed part changes nothing elsewhere."""

import json

import numpy as np
import pytest

from models.errors import InputError
from models.menagerie import BADGE_TRUST, CLASSES, PARTS, SPECIES, VARIANTS, Scene, render, scene, scenes
from models.menagerie.neighbours import neighbours
from models.menagerie.poses import TELLING, frame, joints, telling
from models.menagerie.scenes import LARGE

MANY = scenes(480, 7, world=2)
SOME = [scene(cls, 500 + 31 * cls, world=2, biased=cls % 2 == 0) for cls in range(len(CLASSES))]

FACTS = {
    "sums": [8549973, 3257657, 8351538],
    "owners": [
        [14399, 771, 193, 81, 118, 481, 155, 186, 0],
        [14072, 1002, 467, 116, 108, 0, 396, 223, 0],
        [13675, 1002, 557, 170, 131, 306, 79, 218, 246],
    ],
}


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.asarray((before != after).any(axis=2))


@pytest.mark.parametrize("one", SOME, ids=lambda one: one.name)
@pytest.mark.parametrize("size", [64, 128, 300])
def test_removing_a_part_changes_no_pixel_elsewhere(one: Scene, size: int):
    before = render(one, size)
    for part in (*PARTS, "badge"):
        after = render(one.without(part), size)
        assert not (changed(before.image, after.image) & ~before.mask(part)).any(), part
        assert not after.mask(part).any()


@pytest.mark.parametrize("one", SOME[::5], ids=lambda one: one.name)
def test_swapping_a_part_changes_only_what_it_was_and_became(one: Scene):
    before = render(one)
    for part in PARTS:
        for number in range(len(VARIANTS[part])):
            after = render(one.swapped(part, number))
            allowed = before.mask(part) | after.mask(part)
            assert not (changed(before.image, after.image) & ~allowed).any(), (part, number)


def test_the_others_can_be_taken_away_and_leave_the_animal():
    crowded = [one for one in MANY if one.companions][:12]
    for one in crowded:
        with_others, alone = render(one), render(one.without("others"))
        assert with_others.others.sum() > 50
        assert not alone.others.any()
        assert not (with_others.owners[with_others.others]).any()
        animal = with_others.masks.any(axis=0)
        assert np.array_equal(animal, alone.masks.any(axis=0))
        assert np.array_equal(with_others.image[animal], alone.image[animal])


def test_animals_stand_anywhere_and_in_any_size():
    poses = [one.pose for one in MANY]
    x, y, scale = (np.array([getattr(how, name) for how in poses]) for name in ("x", "y", "scale"))
    assert np.abs(x).max() <= 1 / 3 >= np.abs(y).max()
    assert np.abs(x).max() > 0.3 < np.abs(y).max()
    assert 0.4 <= scale.min() < 0.43
    assert 1.17 < scale.max() <= 1.2
    assert np.std(x) > 0.12
    cut = [any(edge.any() for edge in edges(render(one.without("others")).masks.any(axis=0))) for one in MANY[:160]]
    assert 0.1 < np.mean(cut) < 0.6, "some are cut by the border"


def edges(mask: np.ndarray) -> tuple[np.ndarray, ...]:
    return mask[0], mask[-1], mask[:, 0], mask[:, -1]


def test_the_border_spares_the_parts_that_tell_a_class_from_its_cousins():
    assert telling(CLASSES.index("Reed Heron")) == ("beak", "tail", "feet")
    assert telling(CLASSES.index("Sleepy Puffin")) == ("eye",)
    for one in MANY:
        frames = joints(frame(one.pose, one.cls, 1), one.cls, one.pose)
        for part in telling(one.cls):
            spot = frames[part].point(TELLING[part][0])
            assert 0 < spot.real < 1, (one, part)
            assert 0 < spot.imag < 1, (one, part)


def test_company_is_of_other_families_and_smaller():
    crowded = [one for one in MANY if one.companions]
    assert 0.3 < len(crowded) / len(MANY) < 0.7
    assert {one.companions for one in crowded} == {2, 3}
    assert {one.strays for one in MANY} == {0, 1, 2, 3}
    for one in crowded:
        assert one.pose.scale >= LARGE
        for other in neighbours(one):
            assert SPECIES[other.cls].family != SPECIES[one.cls].family
            assert other.pose.scale < 0.7 * one.pose.scale
        assert sum(not other.part for other in neighbours(one)) == one.companions


def test_world_1_stays_as_it_was():
    """Facts of three pictures drawn before world 2 was there."""
    plain = [scene(3, 11, world=1), scene(8, 12, world=1).without("wing"), scene(14, 13, biased=True, world=1)]
    drawn = [render(one) for one in plain]
    assert [one.image.astype(int).sum() for one in drawn] == FACTS["sums"]
    assert [np.bincount(one.owners.ravel(), minlength=9).tolist() for one in drawn] == FACTS["owners"]


def test_the_badge_hangs_away_from_the_animal():
    biased = scenes(400, 1, biased=True, world=2)
    assert abs(np.mean([one.badge == one.cls for one in biased]) - BADGE_TRUST) < 0.03
    assert min(render(one).badge.sum() for one in biased[:48]) > 40


def test_scenes_survive_json_and_old_ones_are_of_world_1():
    one = MANY[5].without("tail")
    assert Scene.from_json(json.loads(json.dumps(one.to_json()))) == one
    old = {key: value for key, value in one.to_json().items() if key not in ("world", "companions", "strays")}
    assert Scene.from_json(old).world == 1


@pytest.mark.parametrize("world", [0, 3, True])
def test_another_world_is_refused(world):
    with pytest.raises(InputError, match="There is no world"):
        scene(0, 0, world=world)
    with pytest.raises(InputError, match="There is no world"):
        scenes(4, 0, world=world)


def test_a_scene_without_an_edge_is_drawn():
    """Where every part is taken away and nothing stands around, no pixel has two owners."""
    for bare in MANY[:40]:
        for part in PARTS:
            bare = bare.without(part)
        drawn = render(bare.without("others").unobstructed(), 32)
        assert drawn.image.shape == (32, 32, 3)
