"""The studies of fooling images as figures and as pages: what is drawn is what was measured."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

import explainers
from dashboard.figures import Look, figures_of
from dashboard.figures.fooling.detect import table
from dashboard.figures.fooling.evolve import png
from dashboard.figures.fooling.small_change import amplified, factor
from dashboard.figures.raster import thumbnail
from explainers.fooling.judge import judge_of
from tests.dashboard.conftest import Tab
from tests.explainers.fooling.example import example

NET = "menagerie_cnn"
FEW = {"evaluations": "60", "children": "30"}
LINKS = {
    "gradient": {"model": NET, "most": "4"},
    "unseen": {"model": NET, "image": "animal-0", "steps": "3"},
    "transfer": {"model": NET, **FEW, "champions": "4", "photos": "8", "others": "menagerie_biased_cnn"},
    "retrain": {"model": NET, **FEW, "limit": "4", "rounds": "1"},
    "photos": {"model": NET, **FEW, "photos": "48", "by": "menagerie_biased_cnn"},
    "detect": {"model": NET, **FEW, "photos": "16", "champions": "4"},
}
LENSES = (
    "fooling_gradient",
    "fooling_small_change",
    "fooling_transfer",
    "fooling_retrain",
    "fooling_unlike",
    "fooling_detect",
)


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    """An answer of each study on a small network."""
    answers = {}
    for name in LENSES:
        model, chosen = example(name)
        answers[name] = explainers.explain(name, model, **chosen)
    return answers


@pytest.mark.parametrize("name", LENSES)
def test_every_answer_is_drawn_on_screen_and_on_paper(name: str, results: dict[str, Any]) -> None:
    screen = figures_of(results[name], Look(dark=True))
    paper = figures_of(results[name], Look().for_export("column", "A caption."))
    assert screen.keys() == paper.keys() != set()
    for figure in screen.values():
        assert len(figure.to_json()) < 1_000_000
    assert thumbnail(results[name]).size[0] >= 8


def test_the_matrix_and_the_curves_hold_what_was_measured(results: dict[str, Any]) -> None:
    transfer = results["fooling_transfer"]
    drawn = figures_of(transfer, Look())
    np.testing.assert_array_equal(drawn["median"].data[0].z, transfer.median)
    np.testing.assert_array_equal(drawn["first"].data[0].z, transfer.first)
    assert list(drawn["first"].data[0].y)[-2:] == ["photos", "random pictures"]
    retrain = figures_of(results["fooling_retrain"], Look())["rounds"]
    np.testing.assert_array_equal(retrain.data[0].y, results["fooling_retrain"].median)
    np.testing.assert_array_equal(retrain.data[2].y, results["fooling_retrain"].accuracy)
    detect = results["fooling_detect"]
    roc = figures_of(detect, Look())["roc"]
    np.testing.assert_array_equal(np.stack([line.y for line in roc.data[:-1]]), detect.curves)
    assert [row["Area (95%)"][:4] for row in table(detect)] == [f"{area:.2f}" for area in detect.auroc]
    climb = figures_of(results["fooling_gradient"], Look())["climb"]
    np.testing.assert_array_equal(climb.data[0].y, results["fooling_gradient"].curve)


def test_a_champion_saved_as_png_is_as_sure() -> None:
    model, chosen = example("fooling")
    result, judge = explainers.explain("fooling", model, **chosen), judge_of(model, None, 1)
    for row, confidence in enumerate(result.confidence):
        pixels = np.asarray(Image.open(io.BytesIO(png(result, row))))
        assert judge(pixels[None])[0, row] == pytest.approx(confidence, abs=1e-3)


def test_a_change_is_made_visible_without_being_cut_off(results: dict[str, Any]) -> None:
    change = results["fooling_small_change"]
    shown = amplified(change).astype(int) - 128
    np.testing.assert_array_equal(shown, factor(change) * change.difference)
    assert np.abs(shown).max() > 100


def fooling() -> None:
    from dashboard.pages import pages

    pages()["fooling"].show()


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("name", LINKS)
def test_a_study_comes_with_a_sentence_evidence_and_a_link(name: str) -> None:
    tab = Tab(fooling, study=name, **LINKS[name])
    for key in [key for key in tab.buttons() if key.startswith("begin.")]:
        tab.press(key)
    tab.until(lambda each: each.html("sw-whole") or each.test.error)
    assert not tab.test.error
    assert tab.headings()
    assert tab.link() == {"study": name, **LINKS[name]}
