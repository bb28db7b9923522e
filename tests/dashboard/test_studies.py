"""The studies of the attribution page: each asks its explainer, shows its evidence, and keeps its view in the link."""

import pytest

from dashboard.pages import pages
from tests.dashboard.conftest import Tab, attribution

pytestmark = pytest.mark.usefixtures("live")
NET = "menagerie_cnn"
LINKS = {
    "one": {"image": "chelsea", "model": NET},
    "compare": {"image": "chelsea", "model": NET, "methods": "gradcam,layercam"},
    "mistake": {"image": "chelsea", "model": NET, "truth": "3"},
    "neurons": {"image": "chelsea", "model": NET, "count": "2"},
    "groups": {"model": NET, "split": "class", "rival": "1", "limit": "6"},
    "localise": {"model": NET, "limit": "6"},
    "interaction": {"image": "chelsea", "model": NET, "parts": "3"},
    "tcav": {"model": NET, "limit": "6", "draws": "3"},
}


def opened(name: str) -> Tab:
    """A study with its answer, begun where it waits for a button."""
    tab = Tab(attribution, **({} if name == "one" else {"study": name}), **LINKS[name])
    for key in [key for key in tab.buttons() if key.startswith("begin.")]:
        tab.press(key)
    tab.until(lambda each: any(each.test.get("plotly_chart")))
    return tab


def test_every_study_is_tested() -> None:
    assert set(LINKS) == {study.address for study in pages()["attribution"].studies}


@pytest.mark.parametrize("name", LINKS)
def test_a_study_comes_with_a_sentence_evidence_and_a_link(name: str) -> None:
    tab = opened(name)
    assert any(each.value.startswith("##### ") for each in tab.test.markdown)
    told = tab.link()
    assert told == {**({} if name == "one" else {"study": name}), **LINKS[name]}


def test_switching_the_study_keeps_model_and_picture() -> None:
    tab = opened("one")
    tab.choose("study", "mistake")
    tab.until(lambda each: any("rather than" in words.value for words in each.test.markdown))
    assert tab.link() == {"study": "mistake", "image": "chelsea", "model": NET}


def test_a_hostile_study_and_what_does_not_fit_it_are_left_out_with_a_note() -> None:
    tab = Tab(attribution, study="<script>", image="chelsea", model=NET)
    assert any("The link's study was left out" in note.value for note in tab.test.warning)
    tab = Tab(attribution, study="groups", images="/etc", rival="77", model=NET)
    notes = [note.value for note in tab.test.warning]
    assert any("images was left out: this server was not given that folder" in note for note in notes)
    assert any("rival was left out" in note for note in notes)


def test_what_a_method_cannot_do_is_one_sentence() -> None:
    tab = Tab(attribution, study="compare", image="chelsea", model=NET, methods="attention_rollout")
    tab.until(lambda each: any("choose gradcam" in error.value for error in each.test.error))
    tab = Tab(attribution, image="chelsea", model=NET, question="sentence", words="a cat on a sofa")
    tab.until(lambda each: any("reads no words" in caption.value for caption in each.test.caption))


def test_another_question_has_its_own_fields_and_no_class() -> None:
    tab = Tab(attribution, image="chelsea", model=NET, question="likeness", like="coffee")
    tab.until(lambda each: any("likeness to coffee" in words.value for words in each.test.markdown))
    shown = [each.key for kind in ("selectbox", "multiselect") for each in tab.test.get(kind)]
    assert "gradcam.like" in shown
    assert "gradcam.target" not in shown
    assert "gradcam.versus" not in shown
    assert tab.link() == {"image": "chelsea", "model": NET, "question": "likeness", "like": "coffee"}
