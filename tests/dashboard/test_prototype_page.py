"""The page of one picture's prototypes: sliders and other classes, each drawn without the rest of the page."""

import pytest

from dashboard.pages.prototypes import local
from tests.dashboard.conftest import Tab

pytestmark = pytest.mark.usefixtures("live")


def prototypes_page() -> None:
    from dashboard.pages import pages

    pages()["prototypes"].show()


@pytest.fixture(scope="module")
def tab(live: object) -> Tab:
    made = Tab(prototypes_page, model="menagerie_prototypes", image="animal-0")
    made.until(lambda each: each.figures("told"))
    return made


@pytest.fixture(autouse=True)
def _unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.widgets.study.evidence", lambda *_, **__: None)


def words(tab: Tab) -> str:
    """What the sliders do, once it is known."""
    return tab.until(lambda each: next((text for text in each.words() if "Likeness" in text), ""))


def test_the_headline_tells_the_classes_apart_and_the_papers_reading_stands_by_its_row(tab: Tab) -> None:
    assert "is told from" in tab.headings()[0]
    assert any(text.startswith("This likeness by itself: because of its") for text in tab.captions())
    tab.choose(local.DEEPER, "reasons")
    assert tab.figures("reasons")
    assert any("need not be what tells the class from another" in text for text in tab.captions())


def test_a_slider_changes_the_likeness_and_the_button_takes_it_back(tab: Tab) -> None:
    tab.choose(local.DEEPER, "what_if")
    before = words(tab)
    likeness, then = before.split("; ")[0].replace("**", "").removeprefix("Likeness ").split(", ")
    assert likeness.split()[0] == then.split()[0], "nothing is changed yet"
    tab.choose("what_if.hue", 0.3)
    changed = tab.until(lambda each: (now := words(each)) != before and now)
    assert changed.split()[1] == before.split()[1], "the picture itself stays what it is"
    tab.press("what_if.reset")
    assert tab.until(lambda each: (now := words(each)) == before and now)


def test_both_classes_stand_beside_each_other_and_the_differences_add_up(tab: Tab) -> None:
    tab.choose(local.DEEPER, "why_not")
    table = tab.test.dataframe[0].value
    *rows, rest, whole = table.to_dict("records")
    assert sum(row["difference"] for row in (*rows, rest)) == pytest.approx(whole["difference"], abs=1e-4)
    mine, theirs = (whole[column] for column in table.columns[1:3])
    assert mine - theirs == pytest.approx(whole["difference"], abs=1e-4)
    other = tab.test.selectbox(key="why_not.class").options[-1]
    tab.choose("why_not.class", other)
    assert any(other in text and "points" in text for text in tab.words())
