"""A generator is trained in the browser, kept, and draws: watched, cancelled and gone on with on the way."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from models.checkpoints import trained
from tests.browser.conftest import Person, Server, apart, settled
from tests.models.test_small import colours

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PATIENCE = 240_000  # milliseconds for a training of some seconds, on a busy machine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that keeps generators in a folder of the test's."""
    with apart(tmp_path_factory) as made:
        yield made


def test_a_generator_is_trained_watched_kept_and_draws(person: Person, tmp_path: Path) -> None:
    page = person.goto("/activation?study=train&model=fashion_lenet&steps=120")
    page.get_by_role("button", name="Use a folder of mine").click()
    page.locator('[data-testid="stFileUploaderDropzoneInput"]').set_input_files(str(colours(tmp_path / "mine", 8)))
    expect(page).to_have_url(re.compile("images="))
    page.keyboard.press("Escape")
    settled(page)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("50 of 120 steps").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_alt_text("drawn of their codes").first).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Run again").click()
    expect(page.get_by_role("button", name="Keep as a generator")).to_be_visible(timeout=PATIENCE)
    page.get_by_label("Name of the generator").fill("walked")
    page.get_by_label("Name of the generator").press("Enter")
    settled(page)
    page.get_by_role("button", name="Keep as a generator").click()
    expect(page.get_by_text("It is a generator now")).to_be_visible()
    assert (Path(trained.folder()) / "generators" / "walked.safetensors").is_file()
    page = person.goto("/activation?model=fashion_lenet&prior=joint&generator=own/walked&steps=10&n=1")
    page.get_by_role("button", name="Imagine the pictures").click()
    expect(page.locator(".st-key-centre h5").first).to_contain_text("The network sees", timeout=PATIENCE)
    expect(page.locator('[data-testid="stAlertContentError"]')).to_have_count(0)
