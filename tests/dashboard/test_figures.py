"""Figures without a browser: small, readable on paper, honest in their colours."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.figures import Look, figures_of
from dashboard.figures.attribution import map as figures
from dashboard.figures.overlay import surroundings
from dashboard.figures.paint import blend, paint, paint_signed, smooth
from dashboard.figures.raster import SIDE, thumbnail
from dashboard.figures.scores import lay_below, score_curves
from dashboard.figures.style import HEAT, PAPER, POINT, SHOWS, SIZES
from dashboard.figures.tiles import tiles
from dashboard.server.theme import THEME
from explainers import Evidence
from models import Photo
from models.imagesets.frame import Frame, frame
from tests.dashboard.results import SCORE, result
from tests.dashboard.test_server import contrast

WIDTHS = tuple(SIZES)
SMALLEST = 7 * POINT - 1e-6
CAPTION = "Grad-CAM, efficientnet_lite0, layer bn2; weights 0123456789ab, seed 0; Seewhy 0.1.0."


def every(look: Look) -> dict[str, go.Figure]:
    made = result()
    drawn = {**figures_of(made, look), "curves": score_curves(SCORE, look)}
    if look.export:
        drawn["strip"] = lay_below(figures.overlay(made, look), Evidence(scores=(SCORE, SCORE)), look)
    return drawn


def sizes(tree: Any, inside: str = "") -> Iterator[float]:
    """Every font size that a figure's JSON names."""
    for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        if name == "size" and "font" in inside:
            yield value
        yield from sizes(value, inside if isinstance(name, int) else name)


@pytest.mark.parametrize("show", SHOWS)
def test_what_the_browser_gets_is_below_a_megabyte(show: Any) -> None:
    for name, figure in every(Look(show=show)).items():
        assert len(figure.to_json()) < 1_000_000, name


@pytest.mark.parametrize("width", WIDTHS)
def test_no_font_on_paper_is_below_seven_points(width: Any) -> None:
    for name, figure in every(Look().for_export(width, CAPTION)).items():
        tree = figure.to_plotly_json()
        tree["layout"].pop("template", None)
        found = list(sizes(json.loads(json.dumps(tree, default=np.ndarray.tolist))))
        assert found, name
        assert min(found) >= SMALLEST, name
        assert figure.layout.width == SIZES[width][0]


@pytest.mark.parametrize("width", WIDTHS)
def test_paper_says_the_finding_and_the_method(width: Any) -> None:
    figure = figures.overlay(result(), Look(dark=True).for_export(width, CAPTION))
    texts = [note.text.replace("<br>", " ") for note in figure.layout.annotations]
    assert texts == [result().sentence.replace("*", ""), CAPTION]
    assert figure.layout.paper_bgcolor == PAPER


@pytest.mark.parametrize("dark", [False, True])
def test_colours_of_figures_can_be_told_from_their_ground(dark: bool) -> None:
    look = Look(dark=dark)
    ground = str(THEME[f"theme.{'dark' if dark else 'light'}.backgroundColor"])
    assert contrast(look.ink, ground) >= 7
    assert contrast(look.quiet, ground) >= 4.5
    assert contrast(look.accent, ground) >= 3
    on_paper = look.for_export("page", "")
    assert min(contrast(colour, PAPER) for colour in (on_paper.ink, on_paper.quiet, on_paper.accent)) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_every_line_of_a_curve_can_be_seen(dark: bool) -> None:
    many = replace(SCORE, curves={str(at): np.arange(3.0) for at in range(5)})
    ground = str(THEME[f"theme.{'dark' if dark else 'light'}.backgroundColor"])
    lines = [trace.line for trace in score_curves(many, Look(dark=dark)).data]
    assert len({line.dash for line in lines}) == len({line.color for line in lines}) == 5
    assert min(contrast(line.color, ground) for line in lines) >= 3


@pytest.mark.parametrize("cam", [np.linspace(-1, 3, 49), np.linspace(-5, 0.1, 49), np.full(49, 2.0)])
def test_colours_of_signs_are_centred_at_zero(cam: np.ndarray) -> None:
    _, numbers, scale = figures.overlay(result(cam=cam.reshape(7, 7).astype(np.float32)), Look(show="signed")).data
    assert scale.marker.cmin == -scale.marker.cmax
    assert scale.marker.cmax == pytest.approx(np.abs(cam).max())
    assert numbers.x0 == pytest.approx(15.5)  # the centre of a cell of 32 pixels
    np.testing.assert_allclose(numbers.z, cam.reshape(7, 7), atol=1e-6)
    assert paint_signed(np.zeros((1, 1)))[0, 0, 3] == 0, "where nothing speaks, nothing is drawn"


def test_an_empty_map_is_the_photo_and_words() -> None:
    empty = result(cam=np.zeros((7, 7), np.float32))
    for show in SHOWS:
        figure = figures.overlay(empty, Look(show=show))
        assert len(figure.layout.images) == 1
        assert [trace.type for trace in figure.data] == ["scatter"]
        assert not figure.data[0].x
    assert empty.sentence.startswith("Nothing in this picture supports *tiger cat*")
    assert "Nothing" in figures.alt(empty, Look())


def test_the_photo_is_exact_on_paper_and_light_on_screen() -> None:
    made = result()
    exact, light = (
        figures.overlay(made, look).layout.images[0].source for look in (Look().for_export("page", ""), Look())
    )
    assert exact.startswith("data:image/png;base64,")
    assert light.startswith("data:image/webp;base64,")


@pytest.mark.parametrize("name", HEAT)
def test_a_scale_grows_out_of_transparency(name: str) -> None:
    alphas = paint(np.linspace(0, 1, 101), 0.6, name)[:, 3].tolist()
    assert alphas[0] == alphas[8] == 0, "no evidence, no colour"
    assert alphas == sorted(alphas)
    assert alphas[-1] == round(0.6 * 255)


def test_every_view_has_the_same_frame() -> None:
    frames = [figures.overlay(result(), Look(show=show)).layout for show in SHOWS]
    assert len({(str(frame.margin), str(frame.xaxis.range), str(frame.yaxis.range)) for frame in frames}) == 1


def test_the_whole_photo_stands_around_what_the_model_saw() -> None:
    made = result()
    height, width = made.image.shape[:2]
    photo = Photo(np.random.default_rng(0).integers(0, 256, (300, 600, 3), np.uint8))
    seen = Frame((300, 600), (height, 2 * width), (height, width))
    layout = figures.overlay(made, Look(), surroundings(photo, seen)).layout
    assert tuple(layout.xaxis.range) == (-width / 2 - 0.5, 1.5 * width - 0.5)
    dimmed = sum((shape.x1 - shape.x0) * (shape.y1 - shape.y0) for shape in layout.shapes)
    assert dimmed == height * width, "half of it is dimmed"


def test_a_border_that_the_model_saw_stands_around_the_photo() -> None:
    made = result()
    height, width = made.image.shape[:2]
    photo = Photo(np.full((200, 400, 3), 255, np.uint8))
    around = surroundings(photo, frame((200, 400), (height, width), 1.0, "border"))
    assert around.size == (height, width)
    assert around.corner == (0, 0)
    white = (around.pixels == 255).all(2)
    assert white.mean() == pytest.approx(0.5, abs=0.02)
    assert np.nonzero(white.any(1))[0][0] == pytest.approx(white.shape[0] / 4, abs=2)
    layout = figures.overlay(made, Look(), around).layout
    assert tuple(layout.yaxis.range) == (height - 0.5, -0.5)
    assert not layout.shapes, "all of it was seen"


def test_smoothing_keeps_the_strongest_value_and_takes_the_diamonds_away() -> None:
    spike = np.zeros((7, 7), np.float32)
    spike[3, 3] = 2.0
    large, bilinear = smooth(spike, (224, 224), 32), smooth(spike, (224, 224))
    assert large.max() == pytest.approx(bilinear.max(), rel=1e-5)
    around = [(112 + round(20 * np.sin(at)), 112 + round(20 * np.cos(at))) for at in np.linspace(0, 6.3, 16)]
    ring, square = ([float(values[at]) for at in around] for values in (large, bilinear))
    assert np.ptp(ring) / np.mean(ring) < 0.5 * np.ptp(square) / np.mean(square)
    assert np.array_equal(smooth(large, (224, 224)), large), "maps of pixels stay as they are"


def test_tiles_name_the_strongest_opponent_and_hold_no_markup_of_others() -> None:
    score = replace(SCORE, title="<b>x</b>", reading="*it* <script>", value=0.1, worst=1.0, best=0.0)
    score = replace(score, baselines={"centre": 0.2, "random map": 0.5}, interval=())
    words = tiles(Evidence(scores=(score,)), (score,), Look())
    assert "better than centre" in words
    assert "<script>" not in words
    assert "<b>x" not in words
    assert "<em>it</em>" in words
    assert words.count('class="sw-tile"') == 1


def test_a_thumbnail_is_small_and_leaves_the_photo_where_nothing_is_said() -> None:
    made = result()
    assert max(thumbnail(made).size) <= SIDE
    assert np.array_equal(blend(made.image, np.zeros_like(made.heatmap)), made.image)
    assert not np.array_equal(blend(made.image, np.ones_like(made.heatmap)), made.image)


def words_below(score: Any) -> str:
    paper = Look().for_export("page", "")
    figure = lay_below(go.Figure(figures.overlay(result(), paper)), Evidence(scores=(score,)), paper)
    return re.sub(r"<[^>]+>", " ", " ".join(str(note.text) for note in figure.layout.annotations))


def test_a_score_without_a_value_says_so() -> None:
    words = words_below(replace(SCORE, value=float("nan")))
    assert "no value" in words
    assert "not measured" in words


def test_the_strip_names_what_was_measured_and_every_opponent() -> None:
    words = words_below(replace(SCORE, of="these concepts"))
    assert "these concepts 0.09" in words
    assert all(f"{name} {value:.2f}" in words for name, value in SCORE.baselines.items())
    assert "this map 0.09" in words_below(SCORE)


@pytest.mark.parametrize("width", WIDTHS)
def test_evidence_below_leaves_the_figure_as_it_is_and_stays_on_the_paper(width: Any) -> None:
    paper = Look().for_export(width, CAPTION)
    plain, strip = figures.overlay(result(), paper), figures.overlay(result(), paper)
    lay_below(strip, Evidence(scores=(SCORE,) * 7), paper)
    grown = strip.layout.margin.b - plain.layout.margin.b
    assert grown > 100
    assert strip.layout.height - plain.layout.height == pytest.approx(0 if width == "slide" else grown)
    assert all(shape.y1 + strip.layout.margin.b > 0 for shape in strip.layout.shapes)
    ends = [strip.layout.margin.r - SIZES[width][0], strip.layout.margin.r]
    assert all(ends[0] <= shape.x0 <= shape.x1 <= ends[1] for shape in strip.layout.shapes)


def test_pictures_over_each_other_differ_in_size_for_plotly_draws_one_a_place() -> None:
    images = figures.overlay(result(), Look()).layout.images
    assert len(images) == 2
    assert len({(image.x, image.y, image.sizex, image.sizey) for image in images}) == 2
