"""Where a photo lies in what a model sees: boxes must land where their pixels land."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.imagesets.frame import frame
from models.imagesets.photo import Photo
from tests.explainers.nets import small_cnn


def test_boxes_by_hand() -> None:
    placed = frame((100, 200), (50, 50), 1.0)
    assert placed.resized == (50, 100)
    assert (placed.top, placed.left) == (0, 25)
    # Halved, then 25 columns less; the second lies left of what is seen; the third is cut on both sides.
    boxes = np.array([[100, 20, 120, 60], [0, 0, 40, 40], [0, 0, 200, 100]], float)
    assert placed.boxes(boxes).tolist() == [[25, 10, 35, 30], [0, 0, 0, 20], [0, 0, 50, 50]]


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(20, 90),
    width=st.integers(20, 90),
    y=st.floats(0.1, 0.6),
    x=st.floats(0.1, 0.6),
    crop=st.sampled_from([1.0, 0.875]),
)
def test_a_bright_box_is_seen_where_its_box_says(height: int, width: int, y: float, x: float, crop: float) -> None:
    model = small_cnn(size=64)
    object.__setattr__(model.card, "crop_pct", crop)
    top, left, bottom, right = int(y * height), int(x * width), int((y + 0.3) * height), int((x + 0.3) * width)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[top:bottom, left:right] = 255
    seen = model.view(Photo(pixels)).pixels[..., 0] > 127
    (box,) = model.frame(pixels.shape).boxes(np.array([[left, top, right, bottom]], float))
    if not seen.any():
        assert box[2] - box[0] < 2 or box[3] - box[1] < 2
        return
    rows, columns = np.nonzero(seen.any(1))[0], np.nonzero(seen.any(0))[0]
    found = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    scale = 64 / crop / min(height, width)
    assert found == pytest.approx(tuple(box), abs=1.01 + scale / 2)


def test_infinite_boxes_are_the_whole_window() -> None:
    assert frame((10, 10), (5, 5), 1.0).boxes(np.array([[-np.inf, -np.inf, np.inf, np.inf]])).tolist() == [[0, 0, 5, 5]]
