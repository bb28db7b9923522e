"""From pictures to a sentence: a classifier is trained in the browser, kept, explains a picture, and is pruned."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

import models
from models.checkpoints import trained
from tests.browser.conftest import Person, Server, apart, figure, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PATIENCE = 300_000  # milliseconds for the training, which takes half a minute on an idle machine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that keeps models in a folder of the test's."""
    with apart(tmp_path_factory) as made:
        yield made


def test_a_classifier_is_trained_kept_and_explains(person: Person) -> None:
    page = person.goto("/prototypes?study=train&model=menagerie_cnn&limit=2&prototypes=2")
    page.get_by_role("button", name="Train", exact=True).click()
    trained_words = "32 prototypes of 16 classes name"
    expect(page.locator(".st-key-centre h5").first).to_contain_text(trained_words, timeout=PATIENCE)
    page.get_by_label("Name of the model").fill("walked")
    page.get_by_label("Name of the model").press("Enter")
    settled(page)
    page.get_by_role("button", name="Keep as a model").click()
    expect(page.get_by_text("It is a model now")).to_be_visible()
    assert (Path(trained.folder()) / "walked.safetensors").is_file()

    page = person.goto("/prototypes?model=own/walked&image=animal-0")
    figure(page)
    expect(page.locator(".st-key-centre h5").first).to_contain_text("told from")
    page.get_by_role("radio", name="What if").click()
    page.get_by_role("slider", name="Hue").press("End")
    expect(page.get_by_text("after the change")).to_be_visible()
    page.get_by_role("radio", name="Why not another class").click()
    expect(page.get_by_text("Share of their distance lost")).to_be_visible()
    expect(page.locator('[data-testid="stAlertContentError"]')).to_have_count(0)

    page = person.goto("/prototypes?study=all&model=own/walked&limit=2&reasons=0")
    page.get_by_role("button", name="Look at all prototypes").click()
    expect(page.get_by_text("Without some of them")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("combobox", name="Prototypes to take away").click()
    page.get_by_role("option").nth(1).click()  # the first one chooses all
    page.keyboard.press("Escape")
    expect(page.get_by_text(re.compile(r"% before, [\d.]+% after"))).to_be_visible()
    page.get_by_role("button", name="Keep it so").click()
    expect(page.get_by_text("It is a model now")).to_be_visible()
    fewer = models.load(str(Path(trained.folder()) / "walked pruned.safetensors"), "cpu")
    assert len(fewer.network.record["owner"]) == 31
    expect(page.locator('[data-testid="stAlertContentError"]')).to_have_count(0)
