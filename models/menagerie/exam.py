"""How well a network knows the menagerie, asked with pictures that no training sees."""

from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from models.menagerie import nets, pool
from models.menagerie.scenes import Scene
from models.menagerie.truth import Predict

EXAM_SEED = 2_000_000_000
"""Seed of the exam's pictures; trainings and users take smaller ones."""


def papers(count: int, *, biased: bool, seed: int = EXAM_SEED) -> dict[str, tuple[Scene, ...]]:
    """The scenes to name; for a biased network also the same with another class's badge, and without one."""
    fresh = pool.scenes(count, seed, biased=biased)
    if not biased:
        return {"accuracy": fresh}
    return {
        "accuracy": fresh,
        "accuracy_badge_swapped": pool.swap_badges(fresh),
        "accuracy_badge_removed": tuple(replace(one, badge=None) for one in fresh),
    }


def examine(network: nn.Module, chosen: nets.Spec, count: int) -> dict[str, float]:
    """Share of ``count`` fresh scenes that a network names rightly, for each of its papers."""
    predict = nets.predictor(network.eval())
    return {name: score(predict, paper) for name, paper in papers(count, biased=chosen.biased).items()}


def score(predict: Predict, paper: Sequence[Scene]) -> float:
    """Share of scenes that a predictor names rightly."""
    drawn = pool.draw(paper, nets.SIZE)
    return float((predict(drawn.images).argmax(1) == drawn.labels).mean())
