"""Figures of explainers over folders: small on the screen, readable on paper, honest about what is where."""

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

import explainers
import models
from dashboard.figures import Look, figures_of
from dashboard.figures.attribution.groups import label, row_of
from dashboard.figures.attribution.localise import outline, picture
from dashboard.figures.raster import thumbnail
from dashboard.figures.style import SIZES
from explainers import codec
from tests.dashboard.test_figures import CAPTION, SMALLEST, sizes

CHOSEN = {
    "localise": {"limit": 9},
    "groups": {"images": "menagerie_biased", "others": "menagerie", "split": "source", "limit": 4, "count": 3},
}
NAMES = {"localise": {"boxes", "marks"}, "groups": {"maps", "channels", "patches", "regions"}}


@lru_cache(maxsize=2)
def result(name: str) -> Any:
    """As a page gets it: packed and unpacked."""
    made = explainers.explain(name, models.load("menagerie_cnn", "cpu"), **CHOSEN[name])
    return codec.unpack(codec.pack(made), type(made))


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize("width", SIZES)
def test_figures_are_small_and_readable_on_paper(name: str, width: Any) -> None:
    assert set(figures_of(result(name), Look())) == NAMES[name]
    for figure in figures_of(result(name), Look()).values():
        assert len(figure.to_json()) < 1_000_000
    for title, figure in figures_of(result(name), Look().for_export(width, CAPTION)).items():
        tree = figure.to_plotly_json()
        tree["layout"].pop("template", None)
        assert min(sizes(json.loads(json.dumps(tree, default=np.ndarray.tolist)))) >= SMALLEST, title
        assert figure.layout.width == SIZES[width][0]
    assert thumbnail(result(name)) is not None


def test_marks_carry_their_interval_and_the_controls() -> None:
    made, figure = result("localise"), figures_of(result("localise"), Look())["marks"]
    own, centre, random = figure.data
    np.testing.assert_allclose(own.y, made.mean)
    np.testing.assert_allclose(own.y + own.error_y.array, made.high)
    np.testing.assert_allclose(centre.y, made.controls[0].mean(0))
    np.testing.assert_allclose(random.y, made.controls[1].mean(0))


def test_boxes_are_drawn_where_they_are_and_only_there() -> None:
    image = np.full((50, 60, 3), 128, np.uint8)
    outline(image, np.array([10.2, 5.0, 30.0, 40.0]))
    changed = (image != 128).any(2)
    assert changed[5, 10:30].all()
    assert changed[39, 10:30].all()
    assert changed[5:40, [10, 11, 28, 29]].all()
    assert not changed[7:38, 12:28].any()
    assert not changed[:5].any()
    assert not changed[:, 30:].any()
    outline(image, np.array([59.0, 49.0, 60.0, 50.0]))
    made = result("localise")
    plain = picture(replace(made, maps=np.zeros_like(made.maps)), 0, Look())
    inside = np.zeros(plain.shape[:2], bool)
    left, top, right, bottom = made.box[made.box_row == 0][0].round().astype(int)
    inside[top:bottom, left:right] = True
    assert (plain[~inside] == made.images[0][~inside]).all(), "an empty map leaves the photo"


def test_groups_say_which_is_which() -> None:
    made, shown = result("groups"), figures_of(result("groups"), Look())
    titles = [note.text for note in shown["maps"].layout.annotations]
    assert titles == ["menagerie_biased (4)", "menagerie (4)", "Difference"]
    assert label(made, 0) == f"channel {made.neurons[0]} ({', '.join(made.names[0])})"
    np.testing.assert_allclose(shown["channels"].data[0].x, made.effect)
    row = row_of(made.crops[0, 1])
    side = made.crops.shape[3]
    assert (row[:, side + 2 : 2 * side + 2] == made.crops[0, 1, 1]).all()
    dense = shown["regions"].data[0].y[made.regions.index("body")]
    assert dense == pytest.approx(made.parts[0, 0] / made.areas[~made.second, 0].mean())
