"""How well a network knows the menagerie, asked with pictures that no training sees."""

from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from models.menagerie import nets, pool
from models.menagerie.scenes import WORLD, Scene
from models.menagerie.truth import Predict

EXAM_SEED = 2_000_000_000
"""Seed of the exam's pictures; trainings and users take smaller ones."""


def papers(count: int, *, biased: bool, seed: int = EXAM_SEED, world: int = WORLD) -> dict[str, tuple[Scene, ...]]:
    """The scenes to name, and the same changed.

    Args:
        count: how many.
        biased: with the badge; then also with another class's badge, and without one.
        seed: which ones.
        world: in the second also each animal alone, and those that have company.
    """
    fresh = pool.scenes(count, seed, biased=biased, world=world)
    sheets = {"accuracy": fresh}
    if world > 1:
        sheets["accuracy_alone"] = tuple(one.without("others") for one in fresh)
        sheets["accuracy_in_company"] = tuple(one for one in fresh if one.companions)
    if not biased:
        return sheets
    return {
        **sheets,
        "accuracy_badge_swapped": pool.swap_badges(fresh),
        "accuracy_badge_removed": tuple(replace(one, badge=None) for one in fresh),
    }


def examine(network: nn.Module, chosen: nets.Spec, count: int, *, world: int = WORLD) -> dict[str, float]:
    """Share of ``count`` fresh scenes that a network names rightly, for each of its papers."""
    predict = nets.predictor(network.eval())
    return {
        name: score(predict, paper) for name, paper in papers(count, biased=chosen.biased, world=world).items() if paper
    }


def score(predict: Predict, paper: Sequence[Scene]) -> float:
    """Share of scenes that a predictor names rightly."""
    drawn = pool.draw(paper, nets.SIZE)
    return float((predict(drawn.images).argmax(1) == drawn.labels).mean())
