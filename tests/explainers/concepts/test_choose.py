"""How many concepts: planted sizes are found, and the rule is what it says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import explainers
from explainers import params_of
from explainers.concepts.bank.rank_selection import Tried, both, halved, halves, sizes, try_sizes
from explainers.kit.metrics import matched
from explainers.params import read
from tests.explainers.concepts.worlds import block_picture, colours


def planted(k: int, seed: int, noise: float = 0.1) -> np.ndarray:
    """Sparse mixtures of k sparse directions in 48 channels, float32 (40, 16, 48)."""
    rng = np.random.default_rng(seed)
    atoms = rng.random((k, 48)) * (rng.random((k, 48)) < 0.3)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    a = rng.gamma(1.0, 1.0, (40, 16, k)) * (rng.random((40, 16, k)) < 0.3) @ atoms
    return (a + noise * a.std() * np.abs(rng.normal(size=a.shape))).astype(np.float32)


@pytest.mark.parametrize("k", [3, 6, 10])
@pytest.mark.parametrize("noise", [0.02, 0.2])
def test_the_planted_size_is_chosen(k: int, noise: float) -> None:
    tried = try_sizes("nmf", planted(k, seed=k, noise=noise), 0, lambda _share, _note: None)
    assert tried.best == k
    at = tried.k.tolist().index(k)
    assert tried.stability[at] > 0.95
    assert tried.error[at] < tried.error[at - 1] - 0.02


def test_of_near_equal_sizes_the_smallest_is_taken() -> None:
    def best(stability: list[float], error: list[float]) -> int:
        return Tried(np.array([2, 4, 6]), np.array(stability), np.array(error)).best

    assert best([1.0, 1.0, 0.5], [0.5, 0.1, 0.0]) == 4
    assert best([0.99, 1.0, 0.5], [0.1, 0.1, 0.0]) == 2
    assert best([1.0, 0.6, 0.9], [0.9, 0.6, 0.1]) == 6
    assert best([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]) == 2


def test_sizes_stay_within_the_data() -> None:
    assert sizes("nmf", np.zeros((40, 16, 48), np.float32))[-1] == 20
    assert sizes("nmf", np.zeros((40, 16, 9), np.float32))[-1] == 8
    assert sizes("nmf", np.zeros((6, 1, 48), np.float32)) == (2, 3)
    assert sizes("pca", np.zeros((2, 1, 48), np.float32)) == (1,)


def test_halves_are_apart_and_constant_ones_give_nothing() -> None:
    rows = np.arange(40 * 16 * 2, dtype=np.float32).reshape(40, 16, 2)
    one, two = halved(rows, 0)
    assert not set(one[:, 0]) & set(two[:, 0])
    assert len(one) + len(two) == 40 * 16
    assert both("nmf", [np.ones((9, 4), np.float32)] * 2, 2, 0) is None
    assert halves("nmf", np.ones((9, 2, 4), np.float32), 2, 0) == 0
    pairs = [both("nmf", halved(planted(3, 0), split), 3, 0) for split in (0, 1, 2)]
    cosines = [matched(one.atoms, other.atoms)[1].mean() for one, other in pairs]
    assert len(set(cosines)) == 3, "each split is another"
    assert halves("nmf", planted(3, 0), 3, 0) == pytest.approx(np.mean(cosines), abs=1e-9)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("blocks"), np.random.default_rng(1)
    for i in range(24):
        Image.fromarray(block_picture(rng, i % 2)).save(root / f"{i:02}.png")
    return root


def test_a_bank_of_open_size_chooses_and_tells_what_it_tried(images: Path) -> None:
    open_size: Any = explainers.explain("concepts", colours(), images=str(images), cls=0, k=None)
    assert len(open_size.names) == 3
    assert open_size.tried_k.tolist() == [2, 3]
    assert len(open_size.tried_stability) == len(open_size.tried_error) == 2
    given: Any = explainers.explain("concepts", colours(), images=str(images), cls=0, k=3)
    assert np.array_equal(given.dictionary, open_size.dictionary)
    assert given.tried_k.size == given.tried_stability.size == given.tried_error.size == 0


def test_every_lens_of_the_bank_works_with_an_open_size(images: Path) -> None:
    chosen = {"images": str(images), "cls": 0, "k": None}
    made: Any = explainers.explain("concept_explain", colours(), image=images / "00.png", **chosen)
    assert len(made.importance) == 3
    lens = explainers.find("concepts")
    bank = explainers.explain("concepts", colours(), **chosen)
    params = params_of(lens, chosen)
    assert lens.evidence(colours(), params, bank, explainers.LocalRun(colours())).scores


def test_auto_is_said_on_the_command_line() -> None:
    assert read(explainers.find("concepts").params, {"k": "auto"}) == {"k": None}
