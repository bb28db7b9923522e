"""The strategic graph on planted strategies: layout, edges, purity; clusters and their names."""

import importlib.util
from typing import Any

import numpy as np
import pytest

from explainers.kit import clusters, layout
from explainers.kit.importance import shares
from models.errors import InputError, NotReadyError

K = 8


def planted(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Signed shares of `n` images of four strategies, with noise, and the strategy of each."""
    rng = np.random.default_rng(seed)
    strategies = np.full((4, K), -0.1)
    strategies[[0, 0, 1, 1, 2, 3, 3], [3, 7, 1, 2, 5, 6, 4]] = [1.5, 0.5, 1.5, 0.4, 1.5, 1.5, 0.5]
    which = rng.choice(4, n, p=[0.45, 0.3, 0.15, 0.1])
    contributions = strategies[which] * rng.gamma(5, 0.2, (n, 1)) + 0.12 * rng.standard_normal((n, K))
    return contributions, which


CONTRIBUTIONS, WHICH = planted(300)
VECTORS = layout.normalised(CONTRIBUTIONS)
TOP = VECTORS.argmax(1)


def test_normalised_rows_are_signed_shares() -> None:
    np.testing.assert_allclose(np.abs(VECTORS).sum(1), 1)
    np.testing.assert_array_equal(np.sign(VECTORS), np.sign(CONTRIBUTIONS))
    np.testing.assert_array_equal(layout.normalised(np.zeros((2, 3))), 0)


def test_planted_strategies_are_laid_out_apart() -> None:
    positions = layout.layout("tsne", VECTORS)
    assert layout.purity(positions, TOP) >= 0.9
    assert layout.purity(positions, WHICH) >= 0.95
    assert clusters.share_correlation(shares(CONTRIBUTIONS), TOP) >= 0.9


@pytest.mark.parametrize("name", ["tsne", "pca"])
def test_a_layout_repeats_and_follows_a_permutation_exactly(name: str) -> None:
    vectors = np.concatenate([VECTORS[:60], VECTORS[:9], np.zeros((2, K))])
    positions = layout.layout(name, vectors, seed=1)
    order = np.random.default_rng(2).permutation(len(vectors))
    np.testing.assert_array_equal(layout.layout(name, vectors, seed=1), positions)
    np.testing.assert_array_equal(layout.layout(name, vectors[order], seed=1), positions[order])
    np.testing.assert_array_equal(positions[:9], positions[60:69])
    assert np.abs(positions).max() <= 2
    assert np.isfinite(positions).all()


@pytest.mark.parametrize("name", ["tsne", "pca"])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_few_images_have_a_place_too(name: str, n: int) -> None:
    positions = layout.layout(name, VECTORS[:n])
    assert positions.shape == (n, 2)
    assert len(np.unique(positions, axis=0)) == n
    same = layout.layout(name, np.repeat(VECTORS[:1], n, axis=0))
    np.testing.assert_array_equal(same, 0)
    assert layout.layout(name, VECTORS[:n, :1]).shape == (n, 2)


def test_the_plane_of_pca_is_that_of_the_singular_vectors() -> None:
    positions = layout.layout("pca", VECTORS)
    u, s, _ = np.linalg.svd(VECTORS - VECTORS.mean(0), full_matrices=False)
    expected = u[:, :2] * s[:2]
    scale = np.linalg.norm(positions, axis=0) / np.linalg.norm(expected, axis=0)
    assert scale[0] == pytest.approx(scale[1])
    np.testing.assert_allclose(np.abs(positions), np.abs(expected) * scale, atol=1e-9)


def test_bad_layouts_are_said() -> None:
    with pytest.raises(InputError, match="choose one of"):
        layout.layout("mds", VECTORS)
    with pytest.raises(InputError, match="at least one image"):
        layout.layout("pca", VECTORS[:0])
    with pytest.raises(InputError, match="finite"):
        layout.layout("pca", VECTORS * np.nan)


def test_umap_that_is_not_there_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def without(name: str, *rest: Any) -> Any:
        return None if name == "umap" else find(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(NotReadyError, match="pip install umap-learn"):
        layout.layout("umap", VECTORS)


def test_a_new_image_lands_among_its_like() -> None:
    positions = layout.layout("tsne", VECTORS)
    np.testing.assert_allclose(layout.place(VECTORS[7], VECTORS, positions), positions[7], atol=1e-3)
    fresh, which = planted(40, seed=9)
    hits = 0
    for vector, strategy in zip(layout.normalised(fresh), which, strict=True):
        gap = np.linalg.norm(positions - layout.place(vector, VECTORS, positions), axis=1)
        hits += int(WHICH[gap.argmin()] == strategy)
    assert hits >= 38


def test_edges_restated() -> None:
    vectors = VECTORS[:30]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    slow = set()
    for i, row in enumerate(unit @ unit.T):
        for j in [j for j in np.argsort(-row) if j != i][:3]:
            slow.add((min(i, int(j)), max(i, int(j))))
    assert {(int(i), int(j)) for i, j in layout.edges(vectors)} == slow
    assert layout.edges(vectors[:1]).shape == (0, 2)


def test_purity_restated() -> None:
    positions, colours = np.random.default_rng(1).random((40, 2)), np.arange(40) % 3
    slow = []
    for i in range(40):
        gaps = np.linalg.norm(positions - positions[i], axis=1)
        gaps[i] = np.inf
        slow.append(np.mean(colours[np.argsort(gaps)[:5]] == colours[i]))
    assert layout.purity(positions, colours) == pytest.approx(np.mean(slow))
    assert layout.purity(positions[:1], colours[:1]) == 1


def test_clusters_are_the_strategies_and_named_by_their_concepts() -> None:
    labels = clusters.clusters(VECTORS)
    assert labels.max() == 3
    assert (labels == WHICH).mean() > 0.98  # both are numbered by falling size
    assert (np.diff(np.bincount(labels)) <= 0).all()
    share = np.bincount(labels) / 300
    names = clusters.summaries(VECTORS, labels)
    assert names[0] == f"{100 * share[0]:.0f}%: concept 3"
    two = clusters.summaries(np.array([[0.2, 0.5, 0.3, -0.1]] * 3), np.zeros(3, int))
    assert two == ["100%: concept 1 + concept 2"]
    assert names[2] == f"{100 * share[2]:.0f}%: concept 5"
    given = clusters.summaries(VECTORS, labels, list("abcdefgh"))
    assert given[0].endswith(": d")


def test_clusters_follow_a_permutation_and_equal_rows_stay_together() -> None:
    vectors = np.concatenate([VECTORS[:80], VECTORS[:20]])
    labels = clusters.clusters(vectors)
    order = np.random.default_rng(3).permutation(100)
    np.testing.assert_array_equal(clusters.clusters(vectors[order]), labels[order])
    np.testing.assert_array_equal(labels[:20], labels[80:])


def test_one_strategy_is_one_cluster() -> None:
    rng = np.random.default_rng(0)
    alike = layout.normalised(1 + 0.3 * rng.standard_normal((200, 12)))
    assert clusters.clusters(alike).max() == 0
    for n in (1, 2, 3):
        assert clusters.clusters(VECTORS[:n]).shape == (n,)
    assert clusters.clusters(np.repeat(VECTORS[:1], 9, axis=0)).max() == 0
    assert clusters.clusters(np.zeros((5, 3))).max() == 0


def strategies(*means: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Ten images about each mean, and the number of each mean."""
    rng = np.random.default_rng(0)
    vectors = np.concatenate([np.array(mean) + 0.001 * rng.standard_normal((10, len(mean))) for mean in means])
    return vectors, np.repeat(np.arange(len(means)), 10)


def test_clusters_on_the_same_concepts_are_told_apart_by_what_differs() -> None:
    two = clusters.summaries(*strategies((0.6, 0.1, 0.2), (0.6, 0.29, 0.01), (0.1, 0.8, 0.1)))
    assert two[:2] == ["33%: concept 0 (less concept 1)", "33%: concept 0 (more concept 1)"] or two[:2] == [
        "33%: concept 0 (more concept 2)",
        "33%: concept 0 (less concept 2)",
    ]
    three = clusters.summaries(*strategies((0.6, -0.3, 0.0), (0.6, 0.0, 0.0), (0.6, 0.25, 0.0)))
    assert three == [f"33%: concept 0 (concept 1 {share})" for share in ("-30%", "0%", "25%")]


def test_clusters_hardly_apart_are_merged() -> None:
    vectors, labels = strategies((0.6, 0.10, 0.2), (0.6, 0.13, 0.2), (0.1, 0.8, 0.1), (0.6, 0.28, 0.2))
    np.testing.assert_array_equal(clusters.merged(vectors, labels), np.repeat([0, 0, 1, 2], 10))
    lines = clusters.summaries(vectors, clusters.merged(vectors, labels))
    assert len(set(lines)) == len(lines) == 3


def test_no_two_clusters_have_the_same_words() -> None:
    rng = np.random.default_rng(2)
    for k in (2, 3, 5):
        vectors = layout.normalised(rng.gamma(0.5, size=(150, k)))
        lines = clusters.summaries(vectors, clusters.clusters(vectors))
        assert len({line.split(": ")[1] for line in lines}) == len(lines)


def test_nothing_in_favour_is_said() -> None:
    assert clusters.summaries(np.full((4, 3), -1.0), np.zeros(4, int)) == ["100%: no concept in favour"]


def test_important_concepts_are_top_often_enough() -> None:
    top = np.repeat([0, 1, 2], [10, 9, 30])
    np.testing.assert_array_equal(clusters.important(top, 4), [True, False, True, False])
    np.testing.assert_array_equal(clusters.important(top, 4, threshold=9), [True, True, True, False])


def test_share_correlation_restated() -> None:
    top = np.array([0, 0, 1, 2, 2, 2])
    importance = np.array([0.3, 0.2, 0.4, 0.1])
    assert clusters.share_correlation(importance, top) == pytest.approx(
        np.corrcoef(importance, [2 / 6, 1 / 6, 3 / 6, 0])[0, 1]
    )
