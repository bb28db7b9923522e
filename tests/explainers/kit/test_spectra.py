"""MACO: magnitudes stay, phases climb, the model is left alone."""

import numpy as np
import torch

from explainers.kit.canvas import COLOURS, magnitudes
from explainers.kit.maco import SIDE, imagine
from tests.explainers.nets import fingerprint, small_cnn


def test_magnitudes_fall_with_frequency() -> None:
    size = magnitudes(SIDE)
    assert size.shape == (3, SIDE, SIDE // 2 + 1)
    assert size[0, 1, 1] > 5 * size[0, SIDE // 2, SIDE // 2]


def test_the_score_climbs_and_the_same_seed_gives_the_same_picture() -> None:
    model = small_cnn()
    before = fingerprint(model.network)

    def score(x: torch.Tensor) -> torch.Tensor:
        return model.network(x)[:, 0]

    found = [imagine(model, score, np.random.default_rng(0), steps=24) for _ in range(2)]
    assert found[0].scores[-4:].mean() > found[0].scores[:4].mean()
    assert np.array_equal(found[0].image, found[1].image)
    assert found[0].image.shape == (SIDE, SIDE, 3)
    assert 0 <= found[0].alpha.min() <= found[0].alpha.max() == 1
    assert fingerprint(model.network) == before


def test_the_colour_space_can_be_left_again() -> None:
    assert np.linalg.cond(COLOURS) < 20
