"""The concept page: which folders a visitor may name, its figures, and what a picked image shows."""

from csv import reader
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import explainers
from dashboard.engine.settings import Settings
from dashboard.figures import Look, figures_of
from dashboard.figures.concepts.colours import GREY, HUES, colour, rgb, tinted
from dashboard.figures.concepts.crops import framed, heat, strip
from dashboard.figures.concepts.graph import OUTSIDER, View, csv, graph
from dashboard.figures.raster import thumbnail
from dashboard.pages.concepts.flow import WIDTH
from dashboard.widgets.form import images
from models.errors import InputError
from tests.explainers.nets import photo, small_cnn

CHOSEN = {"cls": 3, "k": 3, "limit": 12, "pool": 24}


@pytest.fixture(scope="module")
def bank() -> Any:
    return explainers.explain("concepts", small_cnn(), **CHOSEN)


@pytest.fixture(scope="module")
def one() -> Any:
    return explainers.explain("concept_explain", small_cnn(), image=photo(), **CHOSEN)


class Engine:
    """An engine that was given one folder."""

    settings = Settings(images=("/srv/photos/birds",))

    class uploads:  # noqa: N801 - as on the engine
        """Nobody has uploaded anything."""

        @staticmethod
        def find(_name: str) -> None:
            return None


def test_a_visitor_may_name_given_folders_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images.session, "the_engine", Engine)
    assert images.named("birds") == images.named("/srv/photos/birds") == "/srv/photos/birds"
    assert images.named("menagerie") == "menagerie"
    for hostile in ("/etc", "/srv/photos", "../birds", "", "/srv/photos/birds/.."):
        with pytest.raises(InputError, match="was not given that folder"):
            images.named(hostile)


def test_folders_come_from_the_environment_and_reach_the_workers() -> None:
    settings = Settings.from_env({"SEEWHY_IMAGES": "/a, /b"})
    assert settings.images == ("/a", "/b")
    assert Settings.from_json(settings.to_json()) == settings


def test_every_figure_is_drawn_for_screen_and_paper(bank: Any, one: Any) -> None:
    for result, names in ((bank, {"graph", "concepts", "importance", "fidelity"}), (one, {"maps", "contributions"})):
        for look in (Look(), Look(dark=True), Look().for_export("column", "a caption")):
            made = figures_of(result, look)
            assert set(made) == names
            assert all(len(figure.to_json()) < 3_000_000 for figure in made.values())


def test_the_graph_has_a_dot_for_every_image(bank: Any) -> None:
    figure = graph(bank, Look(), View(place=(0.1, 0.2), edges=((0, 1),)))
    dots = [int(i) for trace in figure.data if trace.customdata is not None for i in np.ravel(trace.customdata)]
    assert sorted(dots) == list(range(len(bank.files)))
    assert any("your image" in (trace.name or "") for trace in figure.data)


def test_a_picture_that_does_not_belong_gets_no_star_among_the_dots(bank: Any) -> None:
    figure = graph(bank, Look(), View(place=(0.1, 0.2), apart=True))
    assert not any(getattr(trace.marker, "symbol", None) == "star" for trace in figure.data)
    (outside,) = [trace for trace in figure.data if trace.name == OUTSIDER]
    assert outside.y[0] > bank.embedding[:, 1].max(), "above every dot"
    assert outside.y[0] < figure.layout.yaxis.range[1]


def test_crops_on_the_page_are_framed_in_the_hue_of_their_concept(bank: Any) -> None:
    crops = framed(bank, 1)
    side = bank.crops.shape[2]
    assert crops.shape[1:] == (side + 6, side + 6, 3)
    assert (crops[:, 3:-3, 3:-3] == bank.crops[1]).all()
    assert {tuple(pixel) for pixel in crops[0, 0]} == {rgb(1)}
    assert WIDTH >= 120


def test_the_table_has_a_row_for_every_image(bank: Any) -> None:
    lines = csv(bank).decode().splitlines()
    assert len(lines) == len(bank.files) + 1
    assert lines[0].count(",") == 8 + len(bank.names)


def test_names_of_files_come_back_from_the_table_as_they_were(bank: Any) -> None:
    files = ('a, "b".png', "hot/1.png", *bank.files[2:])
    rows = list(reader(csv(replace(bank, files=files)).decode().splitlines()))
    assert [row[0] for row in rows[1:]] == list(files)


def test_a_map_colours_what_is_above_the_threshold_only() -> None:
    image = np.full((16, 16, 3), 120, np.uint8)
    codes = np.zeros((4, 4), np.float32)
    codes[0, 0] = 2.0
    drawn = tinted(image, codes, 1.0, 0)
    assert drawn[0, 0, 2] > drawn[0, 0, 0] + 30, "the first hue is blue"
    assert np.ptp(drawn[-1, -1].astype(int)) == 0, "no hue where it is absent"


def test_hues_are_eight_then_grey() -> None:
    assert len({colour(i) for i in range(8)}) == len(HUES) == 8
    assert colour(8) == colour(40) == GREY


def test_pictures_of_a_concept_have_their_size(bank: Any) -> None:
    assert heat(bank, 0, 0).shape == bank.thumbnails[0].shape
    assert strip(bank, 0).dtype == np.uint8
    assert thumbnail(bank) is not None


def test_the_page_offers_no_path_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images.session, "the_engine", Engine)
    assert list(images.offered().values())[-1] == "folder photos/birds"
    assert Path(list(images.offered())[-1]).is_absolute()
