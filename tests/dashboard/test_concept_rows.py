"""Figures of concepts beside others: of other classes, of another model, of their own parts, and in words."""

from typing import Any

import pytest

import explainers
from dashboard.figures import Look, figures_of
from tests.explainers.concepts.example import example

DRAWN = {
    "concept_similar": {"similar"},
    "concept_match": {"pairs", "correlations"},
    "concept_within": {"parts"},
    "concept_named": {"named"},
}


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_is_drawn_for_screen_and_paper(name: str) -> None:
    model, chosen = example(name)
    result: Any = explainers.explain(name, model, **chosen)
    for look in (Look(), Look(dark=True), Look().for_export("column", "a caption")):
        made = figures_of(result, look)
        assert set(made) == DRAWN[name]
        for figure in made.values():
            assert len(figure.to_json()) < 3_000_000


def test_a_row_holds_its_crops_and_its_words() -> None:
    model, chosen = example("concept_within")
    result: Any = explainers.explain("concept_within", model, **chosen)
    made = figures_of(result, Look())["parts"]
    assert len(made.layout.images) == len(result.share)
    words = [each.text for each in made.layout.annotations]
    assert any(text.startswith("part 1, ") and text.endswith(" of the activation") for text in words)
