"""Maps that know nothing."""

import numpy as np

from explainers.evidence import centre_map, moved_map, random_map


def test_random_maps_are_seeded_smooth_and_cover_the_picture() -> None:
    first, second = (random_map(np.random.default_rng(0), (60, 80)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape == (60, 80)
    assert first.dtype == np.float32
    assert 0 <= first.min() < first.max() <= 1
    assert np.abs(np.diff(first, axis=0)).max() < 0.25
    assert not np.array_equal(first, random_map(np.random.default_rng(1), (60, 80)))


def test_a_moved_map_has_the_same_values_in_another_place() -> None:
    heatmap = np.zeros((40, 40), np.float32)
    heatmap[:8, :8] = np.random.default_rng(0).random((8, 8))
    for seed in range(10):
        moved = moved_map(np.random.default_rng(seed), heatmap)
        np.testing.assert_array_equal(np.sort(moved, axis=None), np.sort(heatmap, axis=None))
        assert not np.array_equal(moved, heatmap)


def test_centre_map_is_largest_in_the_middle_and_symmetric() -> None:
    centre = centre_map((5, 7))
    assert centre[2, 3] == centre.max() == 1
    np.testing.assert_allclose(centre, centre[::-1, ::-1])
    np.testing.assert_allclose(centre[0, 3], np.exp(-2), rtol=1e-6)
