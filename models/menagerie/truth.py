"""The truth that explanations are held to: what a network's decision really depends on, found by intervention.

The importance of a part is how much the logit of a class falls when the part is taken away or changed for another
variant of it; everything else in the picture stays the same to the pixel. It is measured on the network itself: a part
that tells two classes apart for us may mean nothing to the network, and the other way round. (The single-deletion
truth of FunnyBirds, Hesse et al., ICCV 2023, section 4, with replacements added, so that the answer does not hang on
how the network takes the sight of an animal without the part.)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from models.errors import InputError
from models.menagerie.dice import Dice
from models.menagerie.renderer import render
from models.menagerie.scenes import BADGES, Scene
from models.menagerie.species import CLASSES, PARTS, VARIANTS

Predict = Callable[[UInt8[ndarray, "n s s 3"]], Float[ndarray, "n k"]]
BATCH = 64


@dataclass(frozen=True, slots=True)
class Effect:
    """How much a logit falls when something is taken away, and when it is changed for others of its kind.

    Attributes:
        removal: logit before minus logit after the removal; NaN for what cannot be removed.
        swap: logit before minus mean logit after the swaps; NaN for what cannot be swapped.
        mean: logit before minus mean logit after all of these, one removal beside three swaps by default.
    """

    removal: float
    swap: float
    mean: float


def part_importance(
    predict: Predict, scene: Scene, target: int, *, replacements: int = 3, seed: int = 0
) -> dict[str, float]:
    """How much the target's logit falls, on average, when a part is removed or replaced.

    Args:
        predict: pictures (N, 128, 128, 3) uint8 -> logits (N, K); called with up to ``BATCH`` pictures at a time.
        scene: the picture to explain.
        target: the class whose logit is asked about.
        replacements: how many other variants (or badges, or backgrounds) to try beside the removal.
        seed: which ones.

    Returns:
        Logit before minus mean logit after, for every part the scene shows, ``background`` (replaced only),
        ``badge`` where there is one, and ``others`` (removed only) where there are any. Positive: it speaks for the
        target.

    Raises:
        InputError: a target or a number of replacements out of range.
    """
    return importances(predict, [scene], [target], replacements=replacements, seed=seed)[0]


def importances(
    predict: Predict, scenes: Sequence[Scene], targets: Sequence[int], *, replacements: int = 3, seed: int = 0
) -> list[dict[str, float]]:
    """``part_importance`` of many scenes, with full batches throughout."""
    measured = effects(predict, scenes, targets, replacements=replacements, seed=seed)
    return [{what: effect.mean for what, effect in by_part.items()} for by_part in measured]


def effects(
    predict: Predict, scenes: Sequence[Scene], targets: Sequence[int], *, replacements: int = 3, seed: int = 0
) -> list[dict[str, Effect]]:
    """As ``importances``, with removal and swaps told apart: they agree on most parts, but not on all.

    Raises:
        InputError: a target or a number of replacements out of range.
    """
    if isinstance(replacements, bool) or not isinstance(replacements, int) or not 1 <= replacements <= 64:
        raise InputError(f"{replacements} replacements cannot be averaged: give a number from 1 to 64.")
    for target in targets:
        if not 0 <= target < len(CLASSES):
            raise InputError(f"There is no class {target}: give a whole number from 0 to {len(CLASSES) - 1}.")
    plans = [interventions(scene, replacements, seed) for scene in scenes]
    changed = [after for plan in plans for versions in plan.values() for after in versions]
    logits = _logits(predict, [*scenes, *changed])
    before, after = logits[: len(scenes)], iter(logits[len(scenes) :])
    return [
        {what: _effect(what, first[target] - [next(after)[target] for _ in plan[what]]) for what in plan}
        for plan, target, first in zip(plans, targets, before, strict=True)
    ]


def _effect(what: str, falls: Float[ndarray, "v"]) -> Effect:
    """The falls of the logit in the order of `interventions`: the removal first, but for backgrounds."""
    first = {"background": 0, "others": len(falls)}.get(what, 1)
    removal = float(np.mean(falls[:first])) if first else np.nan
    swap = float(np.mean(falls[first:])) if first < len(falls) else np.nan
    return Effect(removal, swap, float(np.mean(falls)))


def interventions(scene: Scene, replacements: int = 3, seed: int = 0) -> dict[str, list[Scene]]:
    """The scenes to compare with: without each part, with other variants of it, and so on."""
    dice = Dice(seed, 7)
    plan: dict[str, list[Scene]] = {}
    for part in PARTS:
        shown = scene.variant(part)
        others = [number for number in range(len(VARIANTS[part])) if number != shown]
        if shown is not None:
            chosen = _some(others, replacements, dice)
            plan[part] = [scene.without(part), *(scene.swapped(part, number) for number in chosen)]
    plan["background"] = [scene.on(dice.below(2**31)) for _ in range(replacements)]
    if scene.badge is not None:
        others = _some([badge for badge in range(BADGES) if badge != scene.badge], replacements, dice)
        plan["badge"] = [scene.without("badge"), *(scene.swapped("badge", badge) for badge in others)]
    if scene.companions or scene.strays:
        plan["others"] = [scene.without("others")]
    return plan


def _some(numbers: list[int], count: int, dice: Dice) -> list[int]:
    """Up to ``count`` of the numbers, none twice."""
    left = list(numbers)
    return [left.pop(dice.below(len(left))) for _ in range(min(count, len(left)))]


def _logits(predict: Predict, scenes: Sequence[Scene]) -> Float[ndarray, "n k"]:
    """Logits of many scenes, drawn and asked ``BATCH`` at a time so that memory stays small."""
    batches = (scenes[at : at + BATCH] for at in range(0, len(scenes), BATCH))
    return np.concatenate([predict(np.stack([render(one).image for one in batch])) for batch in batches])
