"""The truth: exact for a network whose needs are known."""

import numpy as np
import pytest

from models.errors import InputError
from models.menagerie import PARTS, render, scene, scenes
from models.menagerie.truth import BATCH, effects, importances, interventions, part_importance

ONE = scene(0, 21, biased=True, world=1).unobstructed()
PLAIN = render(ONE).image


def watching(part: str):
    """A network whose logit 0 falls by the share of the part's pixels that differ from the plain picture's."""
    mask = render(ONE).mask(part)

    def predict(images: np.ndarray) -> np.ndarray:
        assert images.dtype == np.uint8
        assert len(images) <= BATCH
        same = (images == PLAIN).all(axis=3)[:, mask].mean(axis=1)
        logits = np.zeros((len(images), 16))
        logits[:, 0] = 2.0 * same
        return logits

    return predict


@pytest.mark.parametrize("part", [*PARTS, "badge"])
def test_what_the_network_watches_comes_first(part: str):
    told = part_importance(watching(part), ONE, 0, replacements=1)
    assert set(told) == {*PARTS, "background", "badge"}
    assert max(told, key=lambda name: told[name]) == part
    assert told[part] > 0.6


def test_other_classes_than_the_watching_one_need_nothing():
    assert set(part_importance(watching("eye"), ONE, 1, replacements=1).values()) == {0.0}


def test_importance_is_the_logit_before_minus_the_mean_after():
    def predict(images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), -1)[:, :: 3 * 128].astype(float)

    told = part_importance(predict, ONE, 9, replacements=2, seed=4)
    before = predict(PLAIN[None])[0, 9]
    for what, versions in interventions(ONE, 2, 4).items():
        after = [predict(render(one).image[None])[0, 9] for one in versions]
        assert told[what] == pytest.approx(before - np.mean(after))


def test_interventions_remove_once_and_replace_by_different_variants():
    plan = interventions(ONE, 3, 0)
    for part in PARTS:
        shown = [one.variant(part) for one in plan[part]]
        assert shown[0] is None
        assert len(set(shown)) == 4
        assert ONE.variant(part) not in shown
    assert len({one.background for one in plan["background"]} - {ONE.background}) == 3
    assert plan["badge"][0].badge is None
    assert plan == interventions(ONE, 3, 0)
    assert plan != interventions(ONE, 3, 1)


def test_removed_parts_and_missing_badges_are_not_asked_about():
    told = part_importance(watching("eye"), scene(0, 21, world=1).without("tail").unobstructed(), 0)
    assert set(told) == {*PARTS, "background"} - {"tail"}


def test_many_scenes_at_once_give_what_each_gives_alone():
    others = [ONE, scene(3, 5, world=1), scene(7, 6, world=1).without("wing")]
    predict = watching("body")
    together = importances(predict, others, [0, 0, 0], replacements=1)
    assert together == [part_importance(predict, one, 0, replacements=1) for one in others]


@pytest.mark.parametrize(("target", "replacements"), [(-1, 3), (16, 3), (0, 0), (0, 1000)])
def test_bad_input_is_refused(target: int, replacements: int):
    with pytest.raises(InputError):
        part_importance(watching("eye"), ONE, target, replacements=replacements)


def test_removal_and_swap_are_told_apart():
    def predict(images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), -1)[:, :: 3 * 128].astype(float)

    plan, before = interventions(ONE, 2, 4), predict(PLAIN[None])[0, 9]
    measured = effects(predict, [ONE], [9], replacements=2, seed=4)[0]
    for part in (*PARTS, "badge"):
        first, *rest = (before - predict(render(one).image[None])[0, 9] for one in plan[part])
        assert measured[part].removal == pytest.approx(first)
        assert measured[part].swap == pytest.approx(np.mean(rest))
    assert np.isnan(measured["background"].removal)


def test_others_are_removed_only():
    crowded = next(one for one in scenes(64, 3, world=2) if one.companions)
    measured = effects(lambda images: images.mean((1, 2, 3))[:, None] * np.ones(16), [crowded], [0])[0]
    assert np.isfinite(measured["others"].removal)
    assert measured["others"].mean == measured["others"].removal
    assert np.isnan(measured["others"].swap)
